// Writing: grows with the text, sends on Enter, completes commands with their hints and people after @.
import { perform } from "./act.js";
import { place } from "./page.js";

const commands = [...document.querySelectorAll("#commands li")].map((item) => ({
  insert: `${item.dataset.command} `, name: item.dataset.command, hint: item.dataset.hint, more: item.textContent,
}));
const people = [...document.querySelectorAll("#names li")].map((item) => ({
  insert: `@${item.dataset.handle} `, name: `@${item.dataset.handle}`, hint: item.textContent, more: "",
}));

export function startComposers() {
  for (const form of document.querySelectorAll("[data-composer]")) start(form);
  composersMoved();
}

// The place changed: name it in the field, and shut the field where nobody can write.
export function composersMoved() {
  const head = document.getElementById("head");
  const form = document.querySelector("[data-composer='channel']");
  const field = form.querySelector("textarea");
  const writable = head.dataset.writable === "yes";
  form.hidden = place.in === "home";
  form.classList.toggle("shut", !writable);
  field.disabled = !writable;
  field.placeholder = writable ? `Message ${head.dataset.to}` : `${head.dataset.to} is archived. Nobody can write here.`;
  form.querySelector("label").textContent = `Message ${head.dataset.to}`;
}

function start(form) {
  const field = form.querySelector("textarea");
  const box = form.querySelector(".suggest");
  const ways = { form, field, box, options: [], at: 0 };
  field.addEventListener("input", () => { grow(field); form.classList.toggle("ready", Boolean(field.value.trim())); suggest(ways); });
  field.addEventListener("keydown", (event) => onKey(event, ways));
  field.addEventListener("blur", () => setTimeout(() => hide(ways), 150));
  box.addEventListener("mousedown", (event) => { event.preventDefault(); const option = event.target.closest("[role=option]"); if (option) take(ways, Number(option.dataset.at)); });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(ways); });
  form.querySelector("[data-slash]")?.addEventListener("click", () => { field.value = "/"; field.focus(); field.dispatchEvent(new Event("input")); });
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

async function send(ways) {
  const { form, field } = ways;
  const text = field.value.trim();
  if (!text || field.disabled) return;
  const thread = form.dataset.composer === "thread" ? place.thread : "";
  hide(ways);
  field.value = "";
  field.dispatchEvent(new Event("input"));
  const outcome = await perform("say", { text, thread }, null);
  // What could not be sent comes back, unless something new stands there already.
  if (outcome.refused && !field.value) restore(field, text);
  if (outcome.ok && form.dataset.composer === "channel") document.getElementById("scroll").scrollTop = 1e9;
}

function restore(field, text) {
  field.value = text;
  field.dispatchEvent(new Event("input"));
}

// ---- suggestions -------------------------------------------------------------------------------------------------

function matching(text) {
  if (/^\/\S*$/.test(text)) return commands.filter(({ name }) => name.startsWith(text));
  const typed = commands.find(({ insert }) => text.startsWith(insert));
  if (typed && typed.hint && !text.includes("\n")) return [{ ...typed, insert: null }];
  const mention = /(?:^|\s)@([\w.-]*)$/.exec(text);
  if (!mention) return [];
  const wanted = mention[1].toLowerCase();
  return people.filter(({ name, hint }) => name.slice(1).toLowerCase().startsWith(wanted) || hint.toLowerCase().split(" ").some((word) => word.startsWith(wanted))).slice(0, 8);
}

function suggest(ways) {
  const { field, box } = ways;
  ways.options = matching(field.value.slice(0, field.selectionEnd));
  ways.at = 0;
  if (!ways.options.length) return hide(ways);
  box.replaceChildren(...ways.options.map((option, at) => optionElement(box.id, option, at)));
  box.hidden = false;
  field.setAttribute("aria-expanded", "true");
  mark(ways);
}

function optionElement(prefix, { name, hint, more }, at) {
  const element = document.createElement("div");
  element.className = "suggest-option";
  element.role = "option";
  element.id = `${prefix}-${at}`;
  element.dataset.at = at;
  for (const [tag, text] of [["b", name], ["code", hint], ["small", more]]) {
    if (!text) continue;
    const piece = document.createElement(tag);
    piece.textContent = text;
    element.append(piece, " ");
  }
  return element;
}

function mark({ field, box, options, at }) {
  const isHint = options[at]?.insert === null;
  [...box.children].forEach((child, place) => child.setAttribute("aria-selected", String(place === at && !isHint)));
  if (isHint) field.removeAttribute("aria-activedescendant");
  else { field.setAttribute("aria-activedescendant", box.children[at].id); box.children[at].scrollIntoView({ block: "nearest" }); }
}

function hide({ field, box }) {
  box.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function take(ways, at) {
  const { field, options } = ways;
  const { insert } = options[at];
  if (insert === null) return;
  const before = field.value.slice(0, field.selectionEnd).replace(/(^|\s)[/@]\S*$/, `$1${insert}`);
  const after = field.value.slice(field.selectionEnd);
  field.value = before + after;
  field.setSelectionRange(before.length, before.length);
  field.dispatchEvent(new Event("input"));
}

function onKey(event, ways) {
  const { box, options } = ways;
  const choosing = !box.hidden && options[0]?.insert !== null;
  if (choosing && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    ways.at = (ways.at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
    mark(ways);
  } else if (!box.hidden && event.key === "Escape") {
    event.stopPropagation();
    hide(ways);
  } else if (choosing && (event.key === "Tab" || (event.key === "Enter" && !isWhole(ways)))) {
    event.preventDefault();
    take(ways, ways.at);
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    ways.form.requestSubmit();
  }
}

// A command or a name typed to its end needs no completing: Enter sends.
function isWhole({ field, options, at }) {
  return field.value.trim().split(/\s/).at(-1) === options[at].name;
}
