// A calendar of large buttons: year, month, day.
import { enter, fill, make, settle } from "./words.js";

const YEARS_A_PAGE = 16;

/** How many days a month has; months run from 1. */
export function daysIn(year, month) {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** `2026-03-09` from its parts. */
export function isoDate(year, month, day) {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** The days of a month in their places from Sunday on; null before the first. */
export function monthCells(year, month) {
  const before = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
  return Array(before).fill(null).concat(Array.from({ length: daysIn(year, month) }, (_, at) => at + 1));
}

/** The month so many months on, kept between the months of two dates. */
export function movedMonth(year, month, by, min, max) {
  const at = year * 12 + month - 1 + by;
  const low = monthNumber(min);
  const high = monthNumber(max);
  const kept = Math.min(Math.max(at, low), high);
  return { year: Math.floor(kept / 12), month: (kept % 12) + 1 };
}

function monthNumber(date) {
  return Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1;
}

/** The years of the page that holds a year. */
export function yearsAround(year, minYear, maxYear) {
  const first = year - (((year - minYear) % YEARS_A_PAGE) + YEARS_A_PAGE) % YEARS_A_PAGE;
  return Array.from({ length: YEARS_A_PAGE }, (_, at) => first + at).filter((each) => each >= minYear && each <= maxYear);
}

function today() {
  const now = new Date();
  return isoDate(now.getFullYear(), now.getMonth() + 1, now.getDate());
}

function fitOne(pad) {
  const field = document.getElementById(pad.dataset.datepad);
  const { min, max } = pad.dataset;
  const words = JSON.parse(pad.dataset.words);
  const near = [field.value, today(), max, min].find((date) => /^\d{4}-\d\d-\d\d$/.test(date) && date >= min && date <= max) || min;
  let year = Number(near.slice(0, 4));
  let month = Number(near.slice(5, 7));
  let showing = "days";
  field.hidden = true;
  pad.hidden = false;

  function cell(text, onTouch, options) {
    const made = make("button", `cell ${(options && options.style) || ""}`, text);
    if (options && options.label) made.setAttribute("aria-label", options.label);
    if (options && "isChosen" in options) made.setAttribute("aria-pressed", String(options.isChosen));
    made.disabled = Boolean(options && options.isOff);
    made.addEventListener("click", onTouch);
    return made;
  }
  function written(date) {
    const [y, m, d] = date.split("-").map(Number);
    return fill(words.chosen, { year: y, month: m, day: d, name: words.months.split(",")[m - 1] });
  }
  function head() {
    const line = make("div", "pad-head");
    const isDays = showing === "days";
    const step = (by) => () => {
      if (isDays) ({ year, month } = movedMonth(year, month, by, min, max));
      else year = Math.min(Math.max(year + by * YEARS_A_PAGE, Number(min.slice(0, 4))), Number(max.slice(0, 4)));
      draw();
    };
    const menu = (text, what, purpose) => cell(text, () => { showing = showing === what ? "days" : what; draw(); }, {
      isChosen: showing === what, label: `${text} ${purpose}`, style: "has-menu",
    });
    if (showing !== "months") line.append(cell("‹", step(-1), { style: "pad-step", label: words.earlier }));
    line.append(
      menu(fill(words.year, { n: year }), "years", words.pick_year),
      menu(words.months.split(",")[month - 1], "months", words.pick_month),
    );
    if (showing !== "months") line.append(cell("›", step(1), { style: "pad-step", label: words.later }));
    return line;
  }
  function days() {
    const grid = make("div", "pad-grid pad-grid-7");
    words.weekdays.split(",").forEach((name) => grid.append(make("span", "pad-weekday", name)));
    monthCells(year, month).forEach((day) => {
      if (day === null) return void grid.append(make("span", ""));
      const date = isoDate(year, month, day);
      grid.append(cell(String(day), () => choose(date), {
        isChosen: field.value === date, isOff: date < min || date > max, label: written(date), style: date === today() ? "is-today" : "",
      }));
    });
    return grid;
  }
  function choice(values, text, isChosen, isOff, onTouch) {
    const grid = make("div", "pad-grid pad-grid-4");
    values.forEach((value) => grid.append(cell(text(value), () => { onTouch(value); draw(); }, { isChosen: isChosen(value), isOff: isOff(value) })));
    return grid;
  }
  function years() {
    const all = yearsAround(year, Number(min.slice(0, 4)), Number(max.slice(0, 4)));
    return choice(all, (n) => fill(words.year, { n }), (n) => n === year, () => false, (n) => {
      ({ year, month } = movedMonth(n, month, 0, min, max));
      showing = "months";
    });
  }
  function months() {
    const isOff = (n) => isoDate(year, n, daysIn(year, n)) < min || isoDate(year, n, 1) > max;
    return choice(Array.from({ length: 12 }, (_, at) => at + 1), (n) => words.months.split(",")[n - 1], (n) => n === month, isOff, (n) => {
      month = n;
      showing = "days";
    });
  }
  function choose(date) {
    enter(field, field.value === date ? "" : date);
    settle(field);
    draw();
  }
  function draw() {
    pad.textContent = "";
    const value = make("p", `pad-value${field.value ? "" : " is-empty"}`, /^\d{4}-\d\d-\d\d$/.test(field.value) ? written(field.value) : field.value || words.none);
    value.setAttribute("aria-live", "polite");
    pad.append(value, head(), { days, years, months }[showing]());
  }
  draw();
}

export function fitDates(root) {
  root.querySelectorAll("[data-datepad][hidden]").forEach(fitOne);
}
