// Where the next entry of a list is typed while the server makes it: what stands in such a place is
// taken over into the new entry's field.

const ENTRY = ".inner-line .texts input[type=text][name]";
const PLACE = "[data-place]";

/** Whether something is typed into an entry that is not made yet. */
export function isPlace(field) {
  return field.matches(PLACE);
}

/** Whether something waits for its entry; it is not saved before. */
export function hasPlaces() {
  return Boolean(document.querySelector(PLACE));
}

/** A place behind the list's last; the server is asked for the entry, or is already. */
function place(entry, words) {
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
  if (document.body.dataset.busy !== "true") line.closest("fieldset").querySelector("[data-add]").click();
  return field;
}

/** A place with the focus in it. */
export function makePlace(entry) {
  place(entry, "").focus();
}

/** The new entry takes over what was typed first; for what was typed behind it others are made. */
function fill(field, words, behind, isHere) {
  field.value = words;
  let last = field;
  if (behind.length) field.closest("fieldset").querySelector("[data-add]").click();
  else field.dispatchEvent(new Event("change", { bubbles: true }));
  for (const more of behind) last = place(field, more);
  if (!isHere) return;
  last.focus();
  last.setSelectionRange(last.value.length, last.value.length);
}

// Before whatever else would take the focus: whoever went on elsewhere stays there.
document.addEventListener("focus-on", (event) => {
  const entry = document.getElementById(event.detail.id);
  const field = entry?.matches(".inner-line") ? entry.querySelector(ENTRY) : null;
  const places = entry?.closest("fieldset")?.querySelectorAll(PLACE) ?? [];
  if (!field || field.value || !places.length) return;
  event.stopPropagation();
  const isHere = isPlace(document.activeElement);
  const [words, ...behind] = [...places].map((one) => one.value);
  for (const one of places) one.closest(".inner-line").remove();
  fill(field, words, behind, isHere);
}, true);

/** What waits in the places of a panel that goes is added as several lines are. */
function addLate(places) {
  const words = places.map((one) => one.value).filter((one) => one.trim());
  if (!words.length) return;
  const list = places[0].closest("fieldset");
  list.querySelector("[data-many]").value = words.join("\n");
  list.querySelector("[id^=b-many-]").click();
}

// A panel that is drawn again keeps its places, and the focus in the last of them.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const places = target.id === "props" ? [...target.querySelectorAll(PLACE)] : [];
  if (!places.length) return;
  const { inner } = places[0].closest(".inner-list").dataset;
  const list = fragment.querySelector(`[data-inner="${inner}"]`);
  if (list) list.append(...places.map((one) => one.closest(".inner-line")));
  else addLate(places);
});
document.addEventListener("htmx:oobAfterSwap", () => {
  const places = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(PLACE));
  if (document.activeElement === document.body) places[places.length - 1]?.focus();
});

// A place is not saved: it is no field of the form.
document.addEventListener("change", (event) => {
  if (isPlace(event.target)) event.stopImmediatePropagation();
}, true);
