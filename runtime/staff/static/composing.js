// A panel that is drawn again waits for the end of a word that is being put in by an input method,
// which would be torn apart otherwise. Loaded before whatever else looks at what is swapped.

let isComposing = false;
let held = "";
let focus = null;

document.addEventListener("compositionstart", () => {
  isComposing = true;
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (!isComposing || target.id !== "props" || !target.contains(document.activeElement)) return;
  held = fragment.firstElementChild.outerHTML;
  event.detail.shouldSwap = false;
  event.stopImmediatePropagation();
});

document.addEventListener("focus-on", (event) => {
  if (!held) return;
  focus = event.detail;
  event.stopImmediatePropagation();
});

/** Draws what was held, as it would have been; what was typed meanwhile is taken over likewise. */
function release() {
  if (isComposing || !held) return;
  const drawn = held.replace("<section", '<section hx-swap-oob="true"');
  const detail = focus;
  held = "";
  focus = null;
  /** @type {any} */ (window).htmx.swap("#props", drawn, { swapStyle: "none" });
  if (detail) document.body.dispatchEvent(new CustomEvent("focus-on", { bubbles: true, detail }));
}

document.addEventListener("compositionend", () => {
  isComposing = false;
  setTimeout(release);
});

export {};
