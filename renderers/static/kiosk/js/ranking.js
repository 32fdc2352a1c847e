// Ranking by touching the options in order.
import { fill, make, settle } from "./words.js";

/** The order after an option was touched: added at the end, or taken out. */
export function tapped(order, id, places) {
  if (order.includes(id)) return order.filter((each) => each !== id);
  return order.length < places ? order.concat(id) : order;
}

function orderOf(items) {
  return items
    .filter((item) => item.select.value)
    .sort((a, b) => Number(a.select.value) - Number(b.select.value))
    .map((item) => item.id);
}

function fitOne(list) {
  const { places, placeText, unplacedText, clearText } = list.dataset;
  const items = Array.from(list.querySelectorAll("[data-option]")).map((box) => ({
    id: box.dataset.option, box, select: box.querySelector("select"), words: box.querySelector("[data-option-text]"),
    button: make("button", "ranking-tap"), badge: make("span", "ranking-badge"), place: make("span", "visually-hidden"),
  }));
  let order = orderOf(items);
  const again = make("button", "button button-small ranking-again", clearText);
  items.forEach((item) => {
    item.badge.setAttribute("aria-hidden", "true");
    item.button.append(item.badge, make("span", "", item.words.textContent), item.place);
    item.words.hidden = true;
    item.select.hidden = true;
    item.box.append(item.button);
    item.button.addEventListener("click", () => change(tapped(order, item.id, Number(places)), item));
  });
  again.addEventListener("click", () => change([], items[0]));
  list.after(again);
  list.dataset.fitted = "";

  function change(now, item) {
    order = now;
    draw();
    settle(item.select);
  }
  function draw() {
    items.forEach((item) => {
      const at = order.indexOf(item.id) + 1;
      item.select.value = at ? String(at) : "";
      item.badge.textContent = at ? String(at) : "";
      item.place.textContent = ` ${at ? fill(placeText, { n: at }) : unplacedText}`;
      item.button.setAttribute("aria-pressed", at ? "true" : "false");
    });
    again.hidden = order.length === 0;
  }
  draw();
}

export function fitRankings(root) {
  root.querySelectorAll("[data-ranking]:not([data-fitted])").forEach(fitOne);
}
