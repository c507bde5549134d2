// Pages of the console bring themselves up to date: at each tick of the stream, the page is asked for again, and the
// insides of its live elements are replaced where they differ. Without this, one reloads.

const live = () => document.querySelectorAll("[data-live][id]");
const sign = document.getElementById("ticking");
let stream = null;
let asking = false;

async function refresh() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    // Signed out, or not an operator any more: the page says so when it is loaded.
    if (answer.redirected || answer.status === 403) return location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    let behind = false;
    for (const old of live()) {
      const now = fresh.getElementById(old.id);
      if (!now || now.innerHTML === old.innerHTML) continue;
      // What somebody is reading by keyboard stays where it is, and is not called up to date.
      if (old.contains(document.activeElement)) behind = true;
      else old.innerHTML = now.innerHTML;
    }
    sign.hidden = behind;
  } catch {
    // Out of date, and said so; the next tick tries again.
    sign.hidden = true;
  } finally {
    asking = false;
  }
}

function follow() {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else if (!stream) {
    stream = new EventSource("/console/ticks");
    stream.addEventListener("tick", refresh);
    stream.addEventListener("error", () => (sign.hidden = true));
  }
}

if (live().length && "EventSource" in window) {
  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => stream?.close());
  follow();
}
