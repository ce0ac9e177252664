// Words for the person: a toast that can be seen, an announcement that can be heard.

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

export function announce(words) {
  if (!words) return;
  const log = document.getElementById("announce");
  const line = document.createElement("p");
  line.textContent = words;
  log.append(line);
  while (log.children.length > 5) log.firstElementChild.remove();
}
