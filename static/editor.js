// What the writing form adds when scripts run: words kept while they are typed, and a warning before they are left.
// The form is complete without it.

const form = document.querySelector("form[data-autosave]");
const PAUSE = 1500;
const LONGEST = 15_000;
const RETRY = 10_000;
const MOST_BYTES = 8_000_000;
const KEPT = ["title", "standfirst", "content", "tags", "authors", "slug", "canonical_url", "language", "direction", "version"];

if (form?.dataset.autosave) keepWords();
for (const field of document.querySelectorAll("textarea.grows")) grow(field);
document.querySelector("#problems, #preview, .conflict")?.scrollIntoView?.({ block: "start" });

// A field that is as high as what stands in it; browsers that know `field-sizing` do it by themselves.
function grow(field) {
  if (field.rows === 1) field.addEventListener("keydown", sendByEnter);
  if (CSS.supports("field-sizing", "content")) return;
  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  };
  fit();
  field.addEventListener("input", fit);
  addEventListener("resize", fit);
}

// A field of one line, however many it takes to show it, is no place for a line's end.
function sendByEnter(event) {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector('button[value="save"]'));
}

function keepWords() {
  const said = document.getElementById("saved");
  const read = () => Object.fromEntries(KEPT.filter((name) => form.elements[name]).map((name) => [name, form.elements[name].value]));
  const asText = () => JSON.stringify(read());
  const isBlank = () => ["title", "standfirst", "content"].every((name) => !form.elements[name].value.trim());
  // After an error or a conflict the words on the page are not what is stored.
  // What the server keeps for whoever signs in with this browser is not lost by leaving.
  const held = "held" in form.dataset;
  const changed = !held && document.querySelector("#problems, .conflict, #preview");
  const unsaved = changed || new URLSearchParams(location.search).has("kept");
  let stored = unsaved ? "" : asText();
  let kept = stored;
  let timer = null;
  let waitingSince = 0;
  let underWay = null;
  let leaving = false;

  function say(text, link) {
    const parts = [text];
    if (link) {
      const anchor = document.createElement("a");
      Object.assign(anchor, { href: "/login?next=/desk", target: "_blank", rel: "opener", textContent: "Sign in in a new tab" });
      parts.push(" ", anchor);
    }
    if (said.textContent !== parts.map((part) => part.textContent ?? part).join("")) said.replaceChildren(...parts);
  }

  async function send() {
    clearTimeout(timer);
    timer = null;
    waitingSince = 0;
    const words = asText();
    if (words === kept || leaving || (!kept && isBlank())) return;
    if (underWay) return later(PAUSE);
    underWay = deliver(words);
    await underWay;
    underWay = null;
  }

  async function deliver(words) {
    try {
      const answer = await fetch(`/autosave/${form.dataset.autosave}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({
          article: form.dataset.article ?? null,
          article_id: form.dataset.articleId || null,
          fields: JSON.parse(words),
        }),
      });
      if (answer.ok) {
        kept = words;
        const { saved_at: at, is_apart: apart } = await answer.json();
        say(`Saved ${at}, for you alone` + (apart ? ". The article itself is gone, or not yours to edit any more." : ""));
      } else if (answer.status === 401) {
        say("Not saved: you are signed out. Your words stay here.", true);
      } else if (answer.status === 403) {
        say("Not saved: this account may not write here. Your words stay here.");
      } else if (answer.status === 422 || answer.status === 413) {
        say("Not saved: this is more than an article can hold.");
      } else {
        say("Not saved; it is tried again.");
        later(RETRY);
      }
    } catch {
      say("Not saved: there is no connection. It is tried again.");
      later(RETRY);
    }
  }

  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(send, pause);
  }

  form.addEventListener("input", () => {
    waitingSince ||= Date.now();
    later(Math.max(0, Math.min(PAUSE, waitingSince + LONGEST - Date.now())));
  });
  addEventListener("online", send);
  addEventListener("offline", () => asText() !== kept && say("Not saved: there is no connection. It is tried again."));
  // Back from the tab in which one has signed in, or gone to another.
  document.addEventListener("visibilitychange", send);

  addEventListener("beforeunload", (event) => {
    if (!leaving && asText() !== stored) event.preventDefault();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) leaving = false;
  });

  form.addEventListener("submit", async (event) => {
    clearTimeout(timer);
    if (new Blob([form.elements.content.value]).size > MOST_BYTES) {
      // The server would answer without the words.
      event.preventDefault();
      say("Not sent: this is more than an article can hold. Please make two of it.");
      said.scrollIntoView({ block: "center" });
      return;
    }
    if (!underWay) {
      leaving = true;
      return;
    }
    // Words still on their way would arrive after the save, and be offered as unsaved.
    event.preventDefault();
    const button = event.submitter;
    await Promise.race([underWay, new Promise((done) => setTimeout(done, 3000))]);
    underWay = null;
    leaving = true;
    form.requestSubmit(button);
  });

  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "s" || event.altKey || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector('button[value="save"]'));
  });

  if (unsaved) send();
}
