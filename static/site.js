// What a page adds when scripts run: the reader's own name and like, counts that move, and how long the page took.
// Every page is complete without it, so each part here gives up quietly.

const has = (cookie) => document.cookie.split("; ").includes(`${cookie}=1`);
const article = Number(document.querySelector("[data-article]")?.dataset.article) || null;

// The small print: this navigation's own Server-Timing.

const timing = performance.getEntriesByType("navigation")[0]?.serverTiming ?? [];
const total = timing.find((entry) => entry.name === "total");
if (total) {
  const cache = timing.find((entry) => entry.name === "cache")?.description;
  document.getElementById("instrument").textContent =
    `${total.duration.toFixed(total.duration < 10 ? 1 : 0)} ms` + (cache ? `, ${cache}` : "");
}

// Likes. The count shown is the public one, as the page or the stream told it, and never less than one's own.

const form = document.querySelector("#like form");
const button = form?.querySelector("button");
const words = document.querySelector("#like .like-words");
const note = document.querySelector("#like .like-note");
let likes = Number(words?.querySelector("[data-likes]").dataset.likes);
let heard = 0;
let pressed = 0;

function show(count) {
  likes = count;
  const text = `${count.toLocaleString("en")} ${count === 1 ? "like" : "likes"}`;
  for (const place of document.querySelectorAll("[data-count]")) {
    if (place.textContent !== text) place.textContent = text;
  }
  // What stands there may be a complaint, which stays until the next press.
  if (note.textContent.startsWith(", yours")) note.textContent = count > 1 ? ", yours too" : ", yours";
}

function press(liked) {
  button.setAttribute("aria-pressed", String(liked));
  form.action = `/article_${liked ? "unlike" : "like"}/${article}`;
  note.textContent = likes > 1 ? ", yours too" : ", yours";
  note.hidden = !liked;
}

async function like(event) {
  event.preventDefault();
  if (button.getAttribute("aria-disabled")) return;
  const before = { liked: button.getAttribute("aria-pressed") === "true", likes, heard };
  button.setAttribute("aria-disabled", "true");
  pressed += 1;
  const address = form.action;
  press(!before.liked);
  show(Math.max(0, likes + (before.liked ? -1 : 1)));
  try {
    const answer = await fetch(address, { method: "POST", headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status === 429 ? "Too many likes at once; try again in a minute." : "");
    press((await answer.json()).liked);
  } catch (error) {
    press(before.liked);
    // What the stream told meanwhile is newer than what stood here before.
    if (heard === before.heard) show(before.likes);
    note.textContent = ` – ${error.name === "Error" && error.message ? error.message : "That did not work; try again."}`;
    note.hidden = false;
  }
  button.removeAttribute("aria-disabled");
}
form?.addEventListener("submit", like);

const place = document.getElementById("account");
// What it says where nobody is signed in; a private page says the name already.
const nobody = place?.dataset.nobody ?? place?.textContent;

// What is personal is asked for only when a marker cookie says that there is something to tell.

async function personal(again) {
  const asked = has("signed_in") || (form && has("has_likes"));
  if (!asked && !again) return;
  const presses = pressed;
  let me = {};
  if (asked) {
    const answer = await fetch(`/me${article ? `?article=${article}` : ""}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    me = await answer.json();
  }
  const account = document.getElementById("account");
  account.firstElementChild.textContent = me.name || nobody;
  if (me.name) account.setAttribute("aria-label", `Account of ${me.name}`);
  else account.removeAttribute("aria-label");
  for (const id of ["write", "desk"]) document.getElementById(id).hidden = !me.can_write;
  if (!form) return;
  document.getElementById("edit").hidden = !me.can_edit;
  if (presses !== pressed) return;
  press(Boolean(me.liked));
  if (me.liked && likes === 0) show(1);
}
const ask = (again) => personal(again).catch(() => {});
ask(false);
// A page taken back from the browser's memory may be older than the last sign-in or like.
addEventListener("pageshow", (event) => event.persisted && ask(true));

// Live counts. One browser holds one stream, whatever the number of its tabs: the holder of a lock reads it and tells the rest.

const RETRY = 30_000;
const channel = form && "BroadcastChannel" in window ? new BroadcastChannel("broadsheet") : null;
let stream = null;
let last = "";
let release = null;
let waiting = new AbortController();

function tell(event) {
  if (event.id) last = event.id;
  if (event.article_id !== article) return;
  heard += 1;
  show(event.likes);
}

function open() {
  if (stream) return;
  stream = new EventSource(last ? `/stream?last=${encodeURIComponent(last)}` : "/stream");
  stream.addEventListener("likes", (message) => {
    const event = { ...JSON.parse(message.data), id: message.lastEventId };
    channel?.postMessage(event);
    tell(event);
  });
  stream.addEventListener("error", () => {
    // A lost connection is retried by the browser; a refusal (503) ends the stream, and is asked again later, not by all at once.
    if (stream?.readyState !== EventSource.CLOSED) return;
    stream = null;
    setTimeout(() => release && open(), RETRY * (1 + Math.random()));
  });
}

function close() {
  stream?.close();
  stream = null;
  release?.();
  release = null;
}

function lead(steal = false) {
  waiting.abort();
  waiting = new AbortController();
  let held = false;
  const hold = () => {
    held = true;
    open();
    return new Promise((done) => (release = done));
  };
  navigator.locks.request("broadsheet", steal ? { steal } : { signal: waiting.signal }, hold).catch(() => {
    // Another tab took the lock over; this one stands in line again.
    if (!held) return;
    close();
    lead();
  });
}

// A browser may freeze the leading tab in the background: one that comes to the front and hears nothing takes over.

let pong = null;

function check() {
  if (document.hidden || release) return;
  channel.postMessage("ping");
  clearTimeout(pong);
  pong = setTimeout(() => lead(true), 3000);
}

// Without locks, only the tab in sight reads.

function follow() {
  if (document.hidden) return close();
  release = () => {};
  open();
}

if (form && "EventSource" in window) {
  const shared = Boolean(navigator.locks && channel);
  const start = shared ? () => lead() : follow;
  channel?.addEventListener("message", ({ data }) => {
    if (data === "pong") clearTimeout(pong);
    else if (data !== "ping") tell(data);
    else if (release) channel.postMessage("pong");
  });
  document.addEventListener("visibilitychange", shared ? check : follow);
  addEventListener("pagehide", () => {
    waiting.abort();
    close();
  });
  addEventListener("pageshow", (event) => event.persisted && start());
  start();
}
