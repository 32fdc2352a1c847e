// Scores and dimensions: dragging, saving a choice at once, telling what was done.
// Everything here ends in a form that works without it.

const CALM = { animation: 120, forceFallback: true, delay: 150, delayOnTouchOnly: true, filter: "input, textarea, select, button, summary", preventOnFilter: false };
let said = "";

function send(act, say) {
  const form = document.getElementById("part-acts");
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = "act";
  input.value = act;
  form.append(input);
  said = say;
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

function onEnd(event) {
  const { item, from, to, oldIndex, newIndex } = event;
  if (from === to && oldIndex === newIndex) return;
  const act = dropped(item, from, to);
  if (act) send(act, item.dataset.say);
}

function sortables() {
  const { Sortable } = /** @type {any} */ (window);
  if (!Sortable) return;
  for (const list of document.querySelectorAll("[data-members], [data-candidates], [data-dimension]")) {
    const name = list.dataset.dimension === undefined ? "members" : "dimensions";
    const sort = list.dataset.members !== undefined;
    if (!Sortable.get(list)) Sortable.create(list, { ...CALM, group: name, sort, onEnd });
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
  const title = document.getElementById("members-title");
  if (title && document.activeElement === document.body) title.focus();
}

document.addEventListener("click", (event) => {
  const button = /** @type {any} */ (event.target).closest("button[data-say]");
  if (button) said = button.dataset.say;
});
document.addEventListener("change", (event) => {
  const select = /** @type {any} */ (event.target);
  if (!select.matches("[data-auto]")) return;
  said = select.dataset.say;
  select.form.requestSubmit();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const detail = /** @type {any} */ (event).detail;
  if (detail.requestConfig && detail.requestConfig.verb === "post") {
    document.body.dispatchEvent(new Event("drafted"));
  }
});
document.addEventListener("htmx:afterSettle", () => {
  start();
  tell();
});
start();
