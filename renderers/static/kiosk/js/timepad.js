// Hours and minutes by large buttons.
import { enter, make, settle } from "./words.js";

const MINUTES = Array.from({ length: 12 }, (_, at) => at * 5);
const two = (n) => String(n).padStart(2, "0");

/** Whether an hour holds any minute between two times. */
export function isHourOpen(hour, min, max) {
  return `${two(hour)}:59` >= min && `${two(hour)}:00` <= max;
}

/** `HH:MM` when an hour and a minute are chosen, else "". */
export function clockTime(hour, minute) {
  return hour === null || minute === null ? "" : `${two(hour)}:${two(minute)}`;
}

function fitOne(pad) {
  const field = document.getElementById(pad.dataset.timepad);
  const { min, max } = pad.dataset;
  const words = JSON.parse(pad.dataset.words);
  const isTime = /^\d\d:\d\d$/.test(field.value);
  let hour = isTime ? Number(field.value.slice(0, 2)) : null;
  let minute = isTime ? Number(field.value.slice(3)) : null;
  field.hidden = true;
  pad.hidden = false;

  function grid(title, values, isChosen, isOff, onTouch) {
    const cells = make("div", "pad-grid pad-grid-6");
    cells.setAttribute("role", "group");
    cells.setAttribute("aria-label", title);
    values.forEach((value) => {
      const cell = make("button", "cell", two(value));
      cell.setAttribute("aria-pressed", String(isChosen(value)));
      cell.disabled = isOff(value);
      cell.addEventListener("click", () => { onTouch(value); change(); });
      cells.append(cell);
    });
    return cells;
  }
  function change() {
    if (hour !== null && minute !== null && (clockTime(hour, minute) < min || clockTime(hour, minute) > max)) minute = null;
    const now = clockTime(hour, minute);
    const isNew = now !== field.value;
    enter(field, now);
    if (isNew) settle(field);
    draw();
  }
  function draw() {
    pad.textContent = "";
    const text = hour === null && minute === null ? words.none : `${hour === null ? "--" : two(hour)} : ${minute === null ? "--" : two(minute)}`;
    const value = make("p", `pad-value${clockTime(hour, minute) ? "" : " is-empty"}`, text);
    value.setAttribute("aria-live", "polite");
    pad.append(
      value,
      make("p", "pad-title", words.hour),
      grid(words.hour, Array.from({ length: 24 }, (_, at) => at), (n) => n === hour, (n) => !isHourOpen(n, min, max), (n) => { hour = n; }),
      make("p", "pad-title", words.minute),
      grid(words.minute, MINUTES, (n) => n === minute, (n) => hour !== null && (clockTime(hour, n) < min || clockTime(hour, n) > max), (n) => { minute = n; }),
    );
  }
  draw();
}

export function fitTimes(root) {
  root.querySelectorAll("[data-timepad][hidden]").forEach(fitOne);
}
