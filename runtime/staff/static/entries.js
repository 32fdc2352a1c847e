// Options typed one after another: Enter goes on, several lines that are pasted become several.
// Everything here ends in a button of the panel that works without it.
import { isPlainEnter } from "/staff/build-acts.js";
import { isPlace, makePlace } from "/staff/places.js";

const ENTRY = ".inner-line .texts input[type=text]";

/** Takes an empty entry away again, if others are left. */
function takeBack(event) {
  const line = event.target.closest(".inner-line");
  if (line.parentElement.children.length < 2) return;
  event.preventDefault();
  line.querySelector(":scope > .tools [value^='remove ']").click();
}

/** Enter goes on to the next entry of the list, and makes one behind the last; twice ends the list. */
function onEnter(event) {
  const entry = /** @type {HTMLInputElement} */ (event.target);
  event.preventDefault();
  if (isPlace(entry)) {
    if (entry.value.trim()) makePlace(entry);
    return;
  }
  const list = entry.closest("fieldset.inner");
  const language = entry.name.split("/").pop() ?? "";
  const all = [...list.querySelectorAll(ENTRY)].filter((one) => one.name.endsWith(language));
  const next = all[all.indexOf(entry) + 1];
  if (next) {
    next.focus();
    next.select();
  } else if (entry.value.trim()) {
    list.querySelector("[data-add]").click();
    makePlace(entry);
  } else {
    takeBack(event);
  }
}

/** Several lines are put where several are typed, and taken from there. */
function onPaste(event) {
  const lines = event.clipboardData?.getData("text/plain") ?? "";
  if (!lines.trim().includes("\n")) return;
  event.preventDefault();
  const list = event.target.closest("fieldset.inner");
  list.querySelector("[data-many]").value = lines;
  list.querySelector("[id^=b-many-]").click();
}

document.addEventListener("keydown", (event) => {
  const entry = /** @type {HTMLInputElement} */ (event.target);
  if (!entry.matches(ENTRY)) return;
  if (isPlainEnter(event)) onEnter(event);
  else if (event.key === "Backspace" && !entry.value && !event.isComposing && !isPlace(entry)) takeBack(event);
});
document.addEventListener("paste", (event) => {
  if (/** @type {HTMLElement} */ (event.target).matches(ENTRY)) onPaste(event);
});
