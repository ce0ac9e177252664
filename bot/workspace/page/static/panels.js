// The thread, the stories, the sidebar on narrow screens, and the colours.
import { go, place } from "./page.js";
import { toast } from "./tell.js";

const thread = document.getElementById("thread");
const stories = document.getElementById("stories");
const storiesButton = document.getElementById("stories-button");

// The place changed: show or hide the thread, and mark whose step it is.
export function panelsMoved() {
  thread.hidden = !place.thread;
  for (const step of document.querySelectorAll(".step")) {
    step.classList.toggle("now", step.querySelector("a")?.dataset.actAs === place.as);
  }
}

function closeThread() {
  const query = new URLSearchParams({ as: place.as, in: place.in });
  go(`/?${query}`).then(() => document.getElementById("text-channel").focus());
}

function showStories(isOpen) {
  stories.hidden = !isOpen;
  storiesButton.setAttribute("aria-expanded", String(isOpen));
  localStorage.setItem("workspace-stories", isOpen ? "open" : "shut");
}

async function sendStory(button) {
  const output = document.getElementById(`story-answer-${button.dataset.story}`);
  button.classList.add("busy");
  try {
    const answer = await fetch(`/page/stories/${button.dataset.story}`, { method: "POST", headers: { "X-Workspace-Page": "1" } });
    showAnswer(output, await answer.json());
  } catch (error) {
    showAnswer(output, { ok: false, status: 0, text: "The workspace cannot be reached. Is it still running?" });
  } finally {
    button.classList.remove("busy");
  }
}

function showAnswer(output, { ok, status, text }) {
  const verdict = document.createElement("b");
  verdict.textContent = ok ? `Taken: HTTP ${status}` : status ? `Refused: HTTP ${status}` : "Not sent";
  const body = document.createElement("pre");
  body.textContent = text || "(no text)";
  output.classList.toggle("bad", !ok);
  output.replaceChildren(verdict, body);
  output.hidden = false;
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent;
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = "Copy"; }, 2000);
  } catch (error) {
    toast("The browser did not allow copying. Select the text and copy it yourself.");
  }
}

// ---- colours -----------------------------------------------------------------------------------------------------

const themeWords = { system: "Colours: as on this device", light: "Colours: light", dark: "Colours: dark" };

function setTheme(theme) {
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("workspace-theme");
  } else {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("workspace-theme", theme);
  }
  nameTheme();
}

function nameTheme() {
  const button = document.getElementById("theme-button");
  const words = themeWords[document.documentElement.dataset.theme ?? "system"];
  button.setAttribute("aria-label", words);
  button.title = words;
}

function nextTheme() {
  const order = ["system", "light", "dark"];
  setTheme(order[(order.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % order.length]);
}

function toggleMenu() {
  const isOpen = document.getElementById("sidebar").classList.toggle("open");
  document.getElementById("menu-button").setAttribute("aria-expanded", String(isOpen));
}

export function startPanels() {
  document.getElementById("thread-close").addEventListener("click", closeThread);
  document.getElementById("theme-button").addEventListener("click", nextTheme);
  document.getElementById("menu-button").addEventListener("click", toggleMenu);
  document.addEventListener("click", (event) => {
    const send = event.target.closest("[data-story]");
    const copied = event.target.closest("[data-copy]");
    if (send) sendStory(send);
    if (copied) copy(copied);
    // On a narrow screen the stories cover the conversation that the step leads to.
    if (event.target.closest(".step a") && matchMedia("(max-width: 860px)").matches) showStories(false);
    if (!event.target.closest("#sidebar, #menu-button")) document.getElementById("sidebar").classList.remove("open");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && thread.contains(event.target) && !event.defaultPrevented) closeThread();
  });
  if (stories) {
    storiesButton.addEventListener("click", () => {
      const isCovered = !stories.hidden && getComputedStyle(stories).display === "none";
      if (isCovered || (stories.hidden && place.thread && matchMedia("(max-width: 1600px)").matches)) closeThread();
      showStories(isCovered || stories.hidden);
    });
    document.getElementById("stories-close").addEventListener("click", () => { showStories(false); storiesButton.focus(); });
    const remembered = localStorage.getItem("workspace-stories");
    showStories(matchMedia("(min-width: 1181px)").matches && remembered !== "shut");
  }
  nameTheme();
  panelsMoved();
}
