// The palette by keyboard: Alt+N from anywhere, a word of the type, Enter adds the first that fits.

const seek = /** @type {HTMLInputElement} */ (document.getElementById("seek"));

/** Shows of the palette only what fits the words that are sought. */
function sift() {
  const words = seek.value.trim().toLowerCase();
  for (const group of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`#${seek.dataset.seek} [data-group]`))) {
    const all = group.querySelector("h3").textContent.toLowerCase().includes(words);
    const items = [...group.querySelectorAll("li")];
    for (const item of items) item.hidden = !all && !item.textContent.toLowerCase().includes(words);
    group.hidden = items.every((item) => item.hidden);
  }
}

function onKey(event) {
  if (event.key === "Escape" && seek.value) {
    seek.value = "";
    sift();
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    const first = document.querySelector(`#${seek.dataset.seek} li:not([hidden]) button`);
    if (!seek.value.trim() || !first) return;
    /** @type {HTMLElement} */ (first).click();
    seek.value = "";
    sift();
  }
}

seek.addEventListener("input", sift);
seek.addEventListener("keydown", onKey);
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== "KeyN") return;
  event.preventDefault();
  document.dispatchEvent(new CustomEvent("show-pane", { detail: "palette" }));
  // Beside the bank the types stand in a part of their own.
  if (seek.closest("[hidden]")) /** @type {HTMLElement} */ (document.querySelector(".side-switch a[href='#side-types']")).click();
  seek.focus();
  seek.select();
});
