// Ranking by tapping: the options in the patient's order. The selects underneath hold the answer.

/** The order after tapping an option: appended, or taken back. Pure. */
export function tapped(order, option, places) {
  if (order.includes(option)) return order.filter((other) => other !== option);
  return order.length < places ? order.concat(option) : order;
}

/** Starts the rankings below `root`. */
export function rankings(root) {
  for (const box of root.querySelectorAll("[data-ranking]:not([data-started])")) {
    box.dataset.started = "";
    start(box);
  }
}

function start(box) {
  const items = Array.from(box.querySelectorAll("[data-option]")).map((item) => ({
    id: item.dataset.option,
    item,
    select: item.querySelector("select"),
    text: item.querySelector("[data-option-text]").textContent.trim(),
  }));
  let order = items
    .filter(({ select }) => select.value)
    .sort((a, b) => Number(a.select.value) - Number(b.select.value))
    .map(({ id }) => id);
  const how = box.parentElement.querySelector(".how");
  if (how) how.textContent += ` · ${box.dataset.how}`;
  const draw = items.map((entry) => button(box, entry, () => {
    order = tapped(order, entry.id, Number(box.dataset.places));
    store(items, order);
    show();
    entry.select.dispatchEvent(new Event("change", { bubbles: true }));
  }));
  const show = () => draw.forEach((paint) => paint(order));
  show();
}

function store(items, order) {
  for (const { id, select } of items) {
    const place = order.indexOf(id) + 1;
    select.value = place ? String(place) : "";
  }
}

function button(box, { id, item, select, text }, onTap) {
  const tap = document.createElement("button");
  tap.type = "button";
  tap.className = "ranking-tap";
  tap.id = `${select.id}-tap`;
  const badge = document.createElement("span");
  badge.className = "ranking-badge";
  badge.setAttribute("aria-hidden", "true");
  const words = document.createElement("span");
  words.textContent = text;
  const place = document.createElement("span");
  place.className = "visually-hidden";
  tap.append(badge, words, place);
  tap.addEventListener("click", onTap);
  item.parentElement.insertBefore(tap, item);
  item.hidden = true;
  return (order) => {
    const at = order.indexOf(id) + 1;
    tap.setAttribute("aria-pressed", at ? "true" : "false");
    badge.textContent = at ? String(at) : "";
    const said = at ? box.dataset.placeText.replace("{n}", String(at)) : box.dataset.unplacedText;
    place.textContent = ` ${said}`;
  };
}
