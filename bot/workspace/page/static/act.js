// Everything a person does to the app: buttons, menus, forms, shortcuts. One at a time and in order, so that what was
// typed reaches the workspace before the click that needs it.
import { place, refresh } from "./page.js";
import { toast } from "./tell.js";

const SPINNER_AFTER_MS = 120;
let queue = Promise.resolve();

export function perform(name, asked, pressed = null) {
  const run = queue.then(() => send(name, { as: place.as, in: place.in, ...asked }, pressed));
  queue = run.catch(() => {});
  return run;
}

async function send(name, asked, pressed) {
  const spinner = pressed && setTimeout(() => { pressed.classList.add("busy"); pressed.setAttribute("aria-busy", "true"); }, SPINNER_AFTER_MS);
  try {
    const answer = await fetch(`/page/do/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Workspace-Page": "1" },
      body: JSON.stringify(asked),
    });
    const outcome = answer.headers.get("content-type")?.startsWith("application/json")
      ? await answer.json() : { ok: false, notice: `The workspace answered ${answer.status}.`, errors: {} };
    if (outcome.notice) toast(outcome.notice);
    return outcome;
  } catch (error) {
    toast("The workspace cannot be reached. Is it still running?");
    return { ok: false, refused: true, notice: "", errors: {} };
  } finally {
    clearTimeout(spinner);
    pressed?.classList.remove("busy");
    pressed?.removeAttribute("aria-busy");
  }
}

// What an element belongs to: a message, an ephemeral message, the modal or the Home tab.
function surfaceOf(element) {
  const owner = element.closest("[data-surface]");
  return { surface: owner.dataset.surface, channel: owner.dataset.channel, ts: owner.dataset.ts };
}

const wiringOf = (element) => ({ block: element.dataset.block, action: element.dataset.action, kind: element.dataset.kind });

// ---- confirm dialogs ---------------------------------------------------------------------------------------------

const textOf = (object, otherwise) => (object && object.text) || otherwise;

function confirmed(element) {
  if (!element.dataset.confirm) return Promise.resolve(true);
  const asked = JSON.parse(element.dataset.confirm);
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-title").textContent = textOf(asked.title, "Are you sure?");
  document.getElementById("confirm-text").textContent = plain(textOf(asked.text, ""));
  document.getElementById("confirm-deny").textContent = textOf(asked.deny, "Cancel");
  const yes = document.getElementById("confirm-yes");
  yes.textContent = textOf(asked.confirm, "Yes");
  yes.className = asked.style === "danger" ? "btn btn-danger" : "btn btn-primary";
  dialog.returnValue = "";
  dialog.showModal();
  (asked.style === "danger" ? document.getElementById("confirm-deny") : yes).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// Confirm texts may be markup; here only their words count.
function plain(text) {
  return text
    .replace(/<[^<>|]*\|([^<>]*)>/g, "$1")
    .replace(/(^|\s)[*_~](\S[^*_~]*\S|\S)[*_~](?=\s|[.,:;!?]|$)/g, "$1$2")
    .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

// ---- buttons, menus and live controls ----------------------------------------------------------------------------

async function press(element) {
  element.closest("details.bk-overflow")?.removeAttribute("open");
  if (!(await confirmed(element))) return;
  await perform("click", { ...surfaceOf(element), ...wiringOf(element), value: element.dataset.value }, element);
}

function valueOf(wrapper) {
  const controls = [...wrapper.querySelectorAll("[data-control]")];
  if (["radio_buttons"].includes(wrapper.dataset.kind)) return controls.find((control) => control.checked)?.value ?? null;
  if (controls.some((control) => control.type === "checkbox") || wrapper.tagName === "FIELDSET") {
    return controls.filter((control) => control.checked).map((control) => control.value);
  }
  return controls[0]?.value || null;
}

async function choose(wrapper) {
  if (!(await confirmed(wrapper))) return;
  await perform("choose", { ...surfaceOf(wrapper), ...wiringOf(wrapper), value: valueOf(wrapper) });
}

function onChange(event) {
  const wrapper = event.target.closest("[data-live], [data-input]");
  if (!wrapper || !event.target.matches("[data-control]")) return;
  clearError(wrapper);
  limitBoxes(wrapper);
  // In a form the app hears nothing yet; the workspace remembers it, for a button that is pressed before the form is sent.
  if (wrapper.hasAttribute("data-live") || event.target.closest("#modal-form")) choose(wrapper);
}

function limitBoxes(wrapper) {
  const box = wrapper.querySelector("[data-most]");
  if (!box) return;
  const all = [...box.querySelectorAll("input")];
  const full = all.filter((each) => each.checked).length >= Number(box.dataset.most);
  for (const each of all) each.disabled = full && !each.checked;
}

// ---- modals ------------------------------------------------------------------------------------------------------

export function showModal() {
  const dialog = document.getElementById("modal");
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const first = dialog.querySelector("[autofocus]") ?? dialog.querySelector("#modal-blocks [data-control]") ?? dialog.querySelector("#modal-submit") ?? dialog.querySelector("[data-modal-close]");
  first?.focus();
}

async function submit(form) {
  const values = [...form.querySelectorAll("[data-input]")].map((wrapper) => ({ ...wiringOf(wrapper), value: valueOf(wrapper) }));
  document.getElementById("modal-notice").hidden = true;
  for (const wrapper of form.querySelectorAll("[data-input]")) clearError(wrapper);
  const outcome = await perform("submit", { values }, document.getElementById("modal-submit"));
  await refresh("modal");
  showErrors(outcome.errors ?? {});
}

function showErrors(errors) {
  let first = null;
  for (const [block, sentence] of Object.entries(errors)) {
    const wrapper = document.querySelector(`#modal-form [data-input][data-block="${CSS.escape(block)}"]`);
    if (!wrapper) { toast(sentence); continue; }
    wrapper.querySelector(".bk-error").textContent = sentence;
    const control = wrapper.querySelector("[data-control]");
    control.setAttribute("aria-invalid", "true");
    first ??= control;
  }
  first?.focus();
}

function clearError(wrapper) {
  const error = wrapper.querySelector(".bk-error");
  if (error) error.textContent = "";
  for (const control of wrapper.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

async function closeModal(pressed) {
  await perform("close", {}, pressed);
  await refresh("modal");
}

// ---- wiring ------------------------------------------------------------------------------------------------------

function onClick(event) {
  const element = event.target.closest("[data-press], [data-modal-close], [data-shortcut], [data-react], [data-dismiss]");
  for (const open of document.querySelectorAll("details.bk-overflow[open], details.menu-up[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
  if (!element) return;
  if (element.matches("[data-press]")) press(element);
  else if (element.matches("[data-modal-close]")) closeModal(element);
  else if (element.matches("[data-shortcut]")) useShortcut(element);
  else if (element.matches("[data-react]")) perform("react", { ...surfaceOf(element), emoji: element.dataset.react });
  else perform("dismiss", surfaceOf(element)).then(() => refresh("messages", "thread"));
}

function useShortcut(element) {
  element.closest("details")?.removeAttribute("open");
  const message = element.closest(".message");
  perform("shortcut", { callback: element.dataset.shortcut, channel: message?.dataset.channel, ts: message?.dataset.ts }, element);
}

function onKey(event) {
  const dialog = event.target.closest?.("dialog");
  if (event.key === "Escape" && !dialog) closeMenus();
  if (event.key === "Enter" && event.target.matches("input[data-control]") && event.target.closest("[data-live]:not([data-input])")) {
    event.preventDefault();
    event.target.blur();
  }
  if (event.target.matches(".message")) walk(event);
}

function closeMenus() {
  const open = document.querySelector("details.bk-overflow[open], details.menu-up[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
}

// Arrow keys move between messages once one has the focus.
function walk(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.target.parentNode.querySelectorAll(":scope > .message")];
  all[all.indexOf(event.target) + step]?.focus();
}

// A message's actions are stops for the Tab key only while that message has the focus.
function reachTools(event, tabIndex) {
  for (const tool of event.target.closest?.(".message")?.querySelectorAll(":scope > .tools > *") ?? []) tool.tabIndex = tabIndex;
}

export function startActing() {
  document.addEventListener("focusin", (event) => reachTools(event, 0));
  document.addEventListener("focusout", (event) => { if (!event.target.closest(".message")?.contains(event.relatedTarget)) reachTools(event, -1); });
  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("keydown", onKey);
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "modal-form") return;
    event.preventDefault();
    submit(event.target);
  });
  // Escape closes the modal through the app, so that it hears of it; the dialog itself goes when the view is gone.
  document.addEventListener("cancel", (event) => {
    if (event.target.id !== "modal") return;
    event.preventDefault();
    closeModal(null);
  }, true);
}
