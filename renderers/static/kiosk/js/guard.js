// Keeps a page that was left from coming back, and gestures from reaching the browser.

/** Whether a typed key would open a menu or leave the page at a kiosk. */
export function isBlockedKey(event) {
  const key = event.key;
  if (key === "ContextMenu" || key === "BrowserBack" || key === "BrowserForward") return true;
  if (event.altKey && (key === "ArrowLeft" || key === "ArrowRight" || key === "Home")) return true;
  return event.ctrlKey && ["p", "s", "u", "o", "h", "j", "f"].includes(key.toLowerCase());
}

function isTyping(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

export function startGuard() {
  const stop = (event) => event.preventDefault();
  document.addEventListener("contextmenu", stop);
  document.addEventListener("dragstart", stop);
  document.addEventListener("gesturestart", stop);
  document.addEventListener("selectstart", (event) => {
    if (!isTyping(event.target)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (isBlockedKey(event)) event.preventDefault();
    if (event.key === "Tab") document.documentElement.classList.add("is-keyed");
  });
  document.addEventListener("pointerdown", () => document.documentElement.classList.remove("is-keyed"));
  document.addEventListener("wheel", (event) => { if (event.ctrlKey) event.preventDefault(); }, { passive: false });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
