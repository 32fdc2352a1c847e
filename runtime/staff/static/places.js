// Where the next entry of a list is typed while the server makes it: what stands in such a place is
// taken over into the new entry's field.

const ENTRY = ".inner-line .texts input[type=text][name]";
const PLACE = "[data-place]";

/** Whether something is typed into an entry that is not made yet. */
export function isPlace(field) {
  return field.matches(PLACE);
}

/** A place behind the list's last, with the focus; the server is asked for the entry, or is already. */
export function makePlace(entry, words = "") {
  const line = document.createElement("li");
  line.className = "inner-line";
  const texts = line.appendChild(document.createElement("div"));
  texts.className = "texts";
  const field = texts.appendChild(document.createElement("input"));
  field.type = "text";
  field.value = words;
  field.dataset.place = "";
  field.autocomplete = "off";
  field.setAttribute("aria-label", entry.closest("fieldset").querySelector("legend").textContent);
  entry.closest(".inner-list").append(line);
  field.focus();
  if (document.body.dataset.saving !== "true") line.closest("fieldset").querySelector("[data-add]").click();
}

/** The new entry takes over what was typed first; for what was typed behind it others are made. */
function fill(field, words, behind) {
  field.value = words;
  field.setSelectionRange(words.length, words.length);
  if (!behind.length) {
    if (words) field.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  field.closest("fieldset").querySelector("[data-add]").click();
  for (const more of behind) makePlace(field, more);
}

document.addEventListener("focus-on", (event) => {
  const entry = document.getElementById(event.detail.id);
  const field = entry?.matches(".inner-line") ? entry.querySelector(ENTRY) : null;
  const places = entry?.closest("fieldset")?.querySelectorAll(PLACE) ?? [];
  if (!field || field.value || !places.length) return;
  const [words, ...behind] = [...places].map((place) => place.value);
  for (const place of places) place.closest(".inner-line").remove();
  fill(field, words, behind);
});

// A panel that is drawn again keeps its places, and the focus in the last of them.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.id !== "props") return;
  for (const place of target.querySelectorAll(PLACE)) {
    const list = place.closest(".inner-list");
    fragment.querySelector(`[data-inner="${list.dataset.inner}"]`)?.append(place.closest(".inner-line"));
  }
});
document.addEventListener("htmx:oobAfterSwap", () => {
  const places = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(PLACE));
  if (document.activeElement === document.body) places[places.length - 1]?.focus();
});

// A place is not saved: it is no field of the form.
document.addEventListener("change", (event) => {
  if (isPlace(event.target)) event.stopImmediatePropagation();
}, true);
