// Scores and dimensions: dragging, saving a choice at once, telling what was done.
// Everything here ends in a form that works without it.

import { draggable, tellDrag } from "/staff/dragging.js";
import { isAnswered } from "/staff/saved.js";

let said = "";
let isNew = false;
let takeBack = () => {};

/** Sends an act; `back` takes back what was shown already, should the server not take it. */
function send(act, say, back) {
  const form = document.getElementById("part-acts");
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = "act";
  input.value = act;
  form.append(input);
  said = say;
  takeBack = back;
  tellDrag(false);
  form.requestSubmit();
  setTimeout(() => input.remove());
}

/** What dropping `item` into `to` asks for, or "" where nothing changes. */
export function dropped(item, from, to) {
  if (to.dataset.dimension !== undefined) {
    return from === to ? "" : `dimension ${item.dataset.question} ${to.dataset.dimension}`;
  }
  if (to.dataset.members === undefined) {
    return from === to ? "" : `member drop ${item.dataset.ref}`;
  }
  const next = item.nextElementSibling;
  return `member add ${item.dataset.ref} ${next ? next.dataset.ref : "-"}`;
}

function onDrop(event, back) {
  const { item, from, to } = event;
  const act = dropped(item, from, to);
  if (act) send(act, item.dataset.say, back);
}

function sortables() {
  for (const list of document.querySelectorAll("[data-members], [data-candidates], [data-dimension]")) {
    const group = list.dataset.dimension === undefined ? "members" : "dimensions";
    draggable(list, { filter: "input, textarea, select, button, summary", group, sort: list.dataset.members !== undefined }, onDrop);
  }
}

function start() {
  sortables();
  for (const button of document.querySelectorAll("[data-fallback]")) button.hidden = true;
}

/** Says to screen readers what was done, and keeps the keyboard near. */
function tell() {
  if (!said || document.querySelector("#told [role=alert]")) return;
  const live = document.getElementById("live");
  if (live) live.textContent = said;
  said = "";
  const name = /** @type {HTMLInputElement} */ (document.querySelector(".score-head input"));
  if (isNew && name) {
    name.focus();
    name.select();
  }
  isNew = false;
  const title = document.getElementById("members-title");
  if (title && document.activeElement === document.body) title.focus();
}

document.addEventListener("click", (event) => {
  const button = /** @type {any} */ (event.target).closest("button[data-say]");
  if (!button) return;
  said = button.dataset.say;
  isNew = button.id === "b-new";
});
document.addEventListener("change", (event) => {
  const select = /** @type {any} */ (event.target);
  if (!select.matches("[data-auto]")) return;
  said = select.dataset.say;
  select.form.requestSubmit();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, requestConfig, xhr } = event.detail;
  if (requestConfig?.verb !== "post") return;
  if (isAnswered(xhr)) document.body.dispatchEvent(new Event("drafted"));
  if (elt.id !== "part-acts") return;
  if (!isAnswered(xhr)) takeBack();
  takeBack = () => {};
});
document.addEventListener("htmx:afterSettle", () => {
  start();
  tell();
});
start();
