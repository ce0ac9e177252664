// "Acting as": one person plays everybody. Type to find somebody, arrows to move, Enter to become them.
import { go, place } from "./page.js";

const holder = document.getElementById("part-people");
const panel = () => document.getElementById("picker-panel");
const button = () => document.getElementById("picker-button");
const options = () => [...holder.querySelectorAll(".picker-option:not([hidden])")];

function open() {
  panel().hidden = false;
  button().setAttribute("aria-expanded", "true");
  const search = document.getElementById("picker-search");
  search.value = "";
  filter("");
  search.focus();
  light(options().find((option) => option.getAttribute("aria-selected") === "true") ?? options()[0]);
}

function close({ focus = true } = {}) {
  if (panel().hidden) return;
  panel().hidden = true;
  button().setAttribute("aria-expanded", "false");
  if (focus) button().focus();
}

function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const option of holder.querySelectorAll(".picker-option")) {
    const known = option.dataset.words.toLowerCase();
    option.hidden = !words.every((word) => known.includes(word));
  }
  for (const group of holder.querySelectorAll(".picker-group")) group.hidden = !group.querySelector(".picker-option:not([hidden])");
  document.getElementById("picker-none").hidden = options().length > 0;
  light(options()[0]);
}

function light(option) {
  for (const each of holder.querySelectorAll(".picker-option.on")) each.classList.remove("on");
  const search = document.getElementById("picker-search");
  if (!option) return search.removeAttribute("aria-activedescendant");
  option.classList.add("on");
  option.scrollIntoView({ block: "nearest" });
  search.setAttribute("aria-activedescendant", option.id);
}

function move(step) {
  const all = options();
  const at = all.findIndex((option) => option.classList.contains("on"));
  light(all[(at + step + all.length) % all.length]);
}

export function become(person, where = "") {
  const query = new URLSearchParams({ as: person, in: where || place.in });
  return go(`/?${query}`);
}

function onKey(event) {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (panel().hidden) open(); else close();
    return;
  }
  if (event.target.id !== "picker-search") return;
  const act = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Escape: () => close(),
    Tab: () => close(),
    Enter: () => holder.querySelector(".picker-option.on")?.click(),
  }[event.key];
  if (!act) return;
  if (event.key !== "Tab") event.preventDefault();
  act();
}

function onClick(event) {
  if (event.target.closest("#picker-button")) {
    if (panel().hidden) open(); else close();
    return;
  }
  const link = event.target.closest("a[data-act-as]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault();
    close({ focus: false });
    document.getElementById("sidebar").classList.remove("open");
    become(link.dataset.actAs, link.dataset.where);
    return;
  }
  if (!event.target.closest("#part-people")) close({ focus: false });
}

export function startPicker() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("input", (event) => { if (event.target.id === "picker-search") filter(event.target.value); });
}
