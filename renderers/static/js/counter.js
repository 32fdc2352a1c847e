// Tells how many characters are left; counts as the server does, in code points.

/** How many characters a text has for the server: code points, trimmed, line breaks as one. */
export function lengthOf(text) {
  return Array.from(text.replace(/\r\n/g, "\n").trim().normalize("NFC")).length;
}

/** Starts the counters below `root`. */
export function counters(root) {
  for (const field of root.querySelectorAll("[data-counter]:not([data-started])")) {
    field.dataset.started = "";
    const line = document.createElement("p");
    line.className = "counter";
    field.insertAdjacentElement("afterend", line);
    const show = () => tell(field, line);
    field.addEventListener("input", show);
    show();
  }
}

function tell(field, line) {
  const left = Number(field.dataset.counter) - lengthOf(field.value);
  line.classList.toggle("is-over", left < 0);
  const text = left < 0 ? field.dataset.counterOver : field.dataset.counterText;
  line.textContent = text.replace("{n}", String(Math.abs(left)));
}
