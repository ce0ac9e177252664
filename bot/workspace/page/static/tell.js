// Words for the person: a toast, or a line inside the modal while one is open.

const TOAST_MS = 9000;

export function toast(words) {
  const notice = document.getElementById("modal-notice");
  if (notice?.closest("dialog")?.open) {
    notice.textContent = words;
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
    return;
  }
  const shown = document.createElement("div");
  shown.className = "toast";
  const text = document.createElement("span");
  text.textContent = words;
  const close = document.createElement("button");
  close.type = "button";
  close.setAttribute("aria-label", "Dismiss");
  close.textContent = "×";
  close.addEventListener("click", () => shown.remove());
  shown.append(text, close);
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), TOAST_MS);
}
