// Large keys for numbers, phone and identity numbers.
import { enter } from "./words.js";

const LONGEST = 18;

/** The field's text after a key: a digit, `X`, `.`, `-`, `back` or `clear`. */
export function pressed(text, key) {
  if (key === "clear") return "";
  if (key === "back") return text.slice(0, -1);
  if (key === "-") return text.startsWith("-") ? text.slice(1) : `-${text}`;
  if (key === "." && text.includes(".")) return text;
  if (key === "." && (text === "" || text === "-")) return `${text}0.`;
  if (key === "X" && (text.length !== LONGEST - 1 || text.includes("X"))) return text;
  return text.length >= LONGEST ? text : text + key;
}

export function fitKeypads(root) {
  root.querySelectorAll("[data-keypad][hidden]").forEach((pad) => {
    const field = document.getElementById(pad.dataset.keypad);
    if (!field) return;
    field.inputMode = "none";
    pad.hidden = false;
    pad.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]");
      if (!key) return;
      enter(field, pressed(field.value, key.dataset.key));
      field.setAttribute("data-unsettled", "");
    });
    field.addEventListener("change", () => field.removeAttribute("data-unsettled"));
  });
}

