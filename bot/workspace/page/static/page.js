// The conductor: where we are, which parts to fetch again when something changed, and moving without a reload.
import { adopt, patch } from "./patch.js";
import { toast } from "./tell.js";
import { perform, startActing, showModal } from "./act.js";
import { startComposers, composersMoved } from "./compose.js";
import { startPicker } from "./picker.js";
import { startPanels, panelsMoved } from "./panels.js";

const body = document.body;
const part = (name) => document.getElementById(`part-${name}`);
const scroll = document.getElementById("scroll");
const jump = document.getElementById("jump");

export const place = {
  get as() { return body.dataset.as; },
  get in() { return body.dataset.in; },
  get thread() { return body.dataset.thread; },
  // The whole history instead of its newest part, for as long as this address is open.
  get all() { return new URLSearchParams(location.search).get("all") ?? ""; },
};

// ---- parts -------------------------------------------------------------------------------------------------------

const waiting = new Set();
let fetching = null;

export function refresh(...names) {
  for (const name of names) waiting.add(name);
  fetching ??= fetchWaiting().finally(() => {
    fetching = null;
    if (waiting.size) refresh(); // asked for between the last fetch and this line
  });
  return fetching;
}

async function fetchWaiting() {
  while (waiting.size) {
    const names = [...waiting].filter((name) => name !== "people" || !pickerOpen());
    waiting.clear();
    if (!names.length) return;
    const asked = new URLSearchParams({ as: place.as, in: place.in, thread: place.thread, all: place.all, only: names.join(",") });
    const before = `${place.as} ${place.in} ${place.thread}`;
    let answer;
    try {
      answer = await fetch(`/page/parts?${asked}`);
    } catch (error) {
      offline(true);
      return;
    }
    if (!answer.ok) return toast(`The workspace answered ${answer.status} to a refresh.`);
    const { parts } = await answer.json();
    if (before !== `${place.as} ${place.in} ${place.thread}`) {
      for (const name of names) waiting.add(name);
      continue;
    }
    for (const [name, html] of Object.entries(parts)) show(name, html);
  }
}

function pickerOpen() {
  return document.getElementById("picker-button")?.getAttribute("aria-expanded") === "true";
}

function show(name, html) {
  const container = part(name);
  if (!container) return;
  if (name === "messages") return showMessages(container, html);
  if (name === "thread") return showThread(container, html);
  const changed = patch(container, html);
  if (name === "modal") showModal();
  if (name === "header") composersMoved();
  if (name === "served") for (const { element, isGone } of changed) if (!isGone && element.matches("[data-flash]")) element.classList.add("flash");
}

function atBottom(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < 60;
}

let shownPlace = "";

function showMessages(container, html) {
  const moved = shownPlace !== `${place.as} ${place.in}`;
  shownPlace = `${place.as} ${place.in}`;
  const follow = moved || atBottom(scroll);
  const top = scroll.scrollTop;
  // A screen reader reads what is added here; all of another channel at once would be too much.
  container.setAttribute("aria-busy", String(moved));
  const changed = patch(container, html);
  const isHome = place.in === "home";
  if (moved) scroll.scrollTop = isHome ? 0 : scroll.scrollHeight;
  else if (follow && !isHome) scroll.scrollTop = scroll.scrollHeight;
  else scroll.scrollTop = top;
  oneTabStop(container);
  if (moved) {
    jump.hidden = true;
    setTimeout(() => container.setAttribute("aria-busy", "false"));
    return;
  }
  const arrived = changed.filter(({ element, isNew }) => isNew && element.matches(".message"));
  // What only you can see answers what you just did: a refusal that nobody scrolls to would look like a dead button.
  const isAnswered = arrived.some(({ element }) => element.matches(".message-ephemeral"));
  if (isAnswered && !follow) scroll.scrollTop = scroll.scrollHeight;
  else if (arrived.length && !follow) jump.hidden = false;
}

function showThread(container, html) {
  const box = document.getElementById("thread-scroll");
  const follow = atBottom(box);
  patch(container, html);
  oneTabStop(container);
  if (follow) box.scrollTop = box.scrollHeight;
}

// The list is one stop for the Tab key, its newest message; arrow keys go on from there (see act.js).
function oneTabStop(container) {
  const messages = [...container.querySelectorAll(".message")];
  for (const message of messages) message.tabIndex = message === messages.at(-1) ? 0 : -1;
}

// ---- moving ------------------------------------------------------------------------------------------------------

export function go(url, { push = true } = {}) {
  const target = new URL(url, location.href);
  const wanted = target.searchParams;
  const person = wanted.get("as") ?? place.as;
  const personChanged = person !== place.as;
  body.dataset.as = person;
  body.dataset.in = wanted.get("in") ?? "";
  body.dataset.thread = wanted.get("thread") ?? "";
  if (push) history.pushState(null, "", target);
  panelsMoved();
  if (personChanged) listen();
  return refreshAll();
}

// Whose Home tab is open: the app hears of it when it opens, not at every refresh.
let openedHome = "";

async function refreshAll() {
  const asked = new URLSearchParams({ as: place.as, in: place.in, thread: place.thread, all: place.all });
  let answer;
  try {
    answer = await fetch(`/page/parts?${asked}`);
  } catch (error) {
    offline(true);
    return;
  }
  if (!answer.ok) return toast(`The workspace answered ${answer.status}.`);
  const told = await answer.json();
  const now = new URLSearchParams({ as: place.as, in: place.in, thread: place.thread, all: place.all });
  if (`${now}` !== `${asked}`) return;
  body.dataset.in = told.where;
  body.dataset.thread = told.thread;
  document.title = told.title;
  delete told.parts.stories;
  if (pickerOpen()) delete told.parts.people;
  for (const [name, html] of Object.entries(told.parts)) show(name, html);
  panelsMoved();
  composersMoved();
  if (place.in === "home" && openedHome !== place.as) perform("home", {});
  openedHome = place.in === "home" ? place.as : "";
  document.documentElement.dataset.at = `${place.as} ${place.in} ${place.thread}`.trim();
}

addEventListener("popstate", () => go(location.href, { push: false }));

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-nav]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  document.getElementById("sidebar").classList.remove("open");
  go(link.href).then(() => { if (place.thread && link.closest(".message")) document.getElementById("text-thread").focus(); });
});

// ---- live --------------------------------------------------------------------------------------------------------

let source = null;

function offline(isOff) {
  document.getElementById("offline").hidden = !isOff;
  document.documentElement.dataset.live = isOff ? "off" : "on";
}

function listen() {
  source?.close();
  document.documentElement.dataset.live = "off";
  source = new EventSource(`/page/live?as=${encodeURIComponent(place.as)}`);
  // Whatever changed between the page and the stream, or while the connection was lost, is fetched now.
  source.addEventListener("ready", () => refreshAll().then(() => offline(false)));
  source.addEventListener("change", (event) => changed(JSON.parse(event.data)));
  source.addEventListener("error", () => offline(true));
}

function changed({ kind, channel }) {
  const here = !channel || channel === place.in;
  if (kind === "message") refresh("sidebar", ...(here ? ["messages", ...(place.thread ? ["thread"] : [])] : []));
  else if (kind === "ephemeral") refresh(...(here ? ["messages", ...(place.thread ? ["thread"] : [])] : []));
  else if (kind === "modal") refresh("modal");
  else if (kind === "home") { if (place.in === "home") refresh("messages"); }
  else if (kind === "served") refresh("served");
  else if (kind === "person") refresh("people", "sidebar", "messages");
  else refresh("sidebar", "header", "messages");
}

jump.addEventListener("click", () => { scroll.scrollTop = scroll.scrollHeight; jump.hidden = true; });
scroll.addEventListener("scroll", () => { if (atBottom(scroll)) jump.hidden = true; }, { passive: true });

for (const container of document.querySelectorAll("[id^='part-']")) adopt(container);
oneTabStop(part("messages"));
oneTabStop(part("thread"));
shownPlace = `${place.as} ${place.in}`;
if (place.in !== "home") scroll.scrollTop = scroll.scrollHeight;
startActing();
startComposers();
startPicker();
startPanels();
showModal();
listen();
addEventListener("pagehide", () => source?.close());
