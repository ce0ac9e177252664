// Replace only what differs. Elements with the same id are compared by the HTML they were made of; those marked
// data-keyed are compared child by child. What a person typed, opened, focused or scrolled stays.

const sources = new WeakMap();

function remember(element) {
  sources.set(element, element.outerHTML);
  for (const child of element.querySelectorAll("[data-keyed] > *")) sources.set(child, child.outerHTML);
}

// Call once for what the server sent with the page, before anything changes it.
export function adopt(container) {
  for (const child of container.children) remember(child);
}

// Make `container` show `html`. Returns the elements that are new or changed.
export function patch(container, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const state = keep(container);
  const changed = [];
  reconcile(container, template.content, changed);
  if (changed.length) restore(container, state);
  return changed;
}

function reconcile(parent, wanted, changed) {
  const byId = new Map([...parent.children].filter((child) => child.id).map((child) => [child.id, child]));
  let cursor = parent.firstElementChild;
  for (const next of [...wanted.children]) {
    const source = next.outerHTML;
    let match = next.id ? byId.get(next.id) : cursor && !cursor.id && sources.get(cursor) === source ? cursor : null;
    if (match && sources.get(match) !== source) {
      if (match.hasAttribute("data-keyed") && next.hasAttribute("data-keyed") && match.tagName === next.tagName) {
        syncAttributes(match, next);
        reconcile(match, next, changed);
        sources.set(match, source);
      } else {
        remember(next);
        changed.push({ element: next, isNew: false });
        if (match === cursor) cursor = next;
        match.replaceWith(next);
        match = next;
      }
    } else if (!match) {
      remember(next);
      changed.push({ element: next, isNew: true });
      match = next;
    }
    if (match === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(match, cursor);
    byId.delete(next.id);
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextElementSibling;
    gone.remove();
    changed.push({ element: gone, isGone: true });
  }
  for (const left of byId.values()) {
    if (left.parentNode !== parent) continue;
    left.remove();
    changed.push({ element: left, isGone: true });
  }
}

function syncAttributes(old, next) {
  for (const { name } of [...old.attributes]) if (name !== "open" && !next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
}

function isDirty(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  if (control.tagName === "SELECT") return [...control.options].some((option) => option.selected !== option.defaultSelected);
  return control.value !== control.defaultValue;
}

function keep(container) {
  const active = container.contains(document.activeElement) ? document.activeElement : null;
  const typed = new Map();
  for (const control of container.querySelectorAll("input[id], textarea[id], select[id]")) {
    if (isDirty(control)) typed.set(control.id, { value: control.value, checked: control.checked });
  }
  return {
    typed,
    open: [...container.querySelectorAll("details[open][id]")].map((details) => details.id),
    focused: active && (active.id || active.closest("[id]")?.id),
    own: Boolean(active?.id),
    selection: active && "selectionStart" in active ? safely(active) : null,
  };
}

function safely(field) {
  return typeof field.selectionStart === "number" ? [field.selectionStart, field.selectionEnd] : null;
}

function restore(container, state) {
  for (const [id, { value, checked }] of state.typed) {
    const control = document.getElementById(id);
    if (!control || !container.contains(control)) continue;
    if (control.type === "checkbox" || control.type === "radio") control.checked = checked;
    else if (control.tagName !== "SELECT" || [...control.options].some((option) => option.value === value)) control.value = value;
  }
  for (const id of state.open) {
    const details = document.getElementById(id);
    if (details?.tagName === "DETAILS") details.open = true;
  }
  const target = state.focused && document.getElementById(state.focused);
  if (!target || target.contains(document.activeElement)) return;
  target.focus({ preventScroll: true });
  if (state.own && state.selection && "setSelectionRange" in target) target.setSelectionRange(...state.selection);
}
