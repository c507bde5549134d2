// A test message is sent from this page, and comes back to it as it comes to every open page. Without this, the list shows it.

const form = document.getElementById("sending");
const button = form.querySelector("button");
const arrival = document.getElementById("arrival");
const PATIENCE = 10_000;

function within(patience, complaint, begin) {
  return new Promise((done, failed) => {
    setTimeout(() => failed(new Error(complaint)), patience);
    begin(done, failed);
  });
}

async function send() {
  const stream = new EventSource("/stream");
  // A message may be here before the answer that names it, and another operator's may be here as well.
  const came = new Map();
  let look = () => {};
  stream.addEventListener("test", ({ data }) => {
    came.set(JSON.parse(data).message, performance.now());
    look();
  });
  try {
    await within(PATIENCE, "The stream did not open within 10 s.", (done, failed) => {
      stream.addEventListener("open", done);
      stream.addEventListener("error", () => failed(new Error("The stream did not open: all places may be taken.")));
    });
    const began = performance.now();
    const answer = await fetch(form.action, { method: "POST", headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`It was not sent: the site answered with ${answer.status}.`);
    const { message } = await answer.json();
    const taken = performance.now();
    const arrived = await within(PATIENCE, `Message ${message} was sent, and did not come back within 10 s.`, (done) => {
      look = () => came.has(message) && done(came.get(message));
      look();
    });
    const after = (moment) => `${(moment - began).toFixed(0)} ms`;
    return `Message ${message} was back on this page ${after(arrived)} after the button was pressed. The site’s answer took ${after(taken)}.`;
  } finally {
    stream.close();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  arrival.textContent = "On its way …";
  arrival.textContent = await send().catch((error) => error.message);
  button.removeAttribute("aria-disabled");
});
