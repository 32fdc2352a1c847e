// Words with places in them, and words for screen readers.

/** `第 {n} 题` with its places filled. */
export function fill(pattern, values) {
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Lets screen readers say something. */
export function announce(text) {
  const line = document.querySelector("[data-announcer]");
  if (line) line.textContent = text;
}

/** An element with a class and text, as `make("button", "key", "1")`. */
export function make(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (tag === "button") made.type = "button";
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Puts a value into a field as if it had been typed. */
export function enter(field, value) {
  if (field.value === value) return;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Says that a field's value is meant. */
export function settle(field) {
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
