// The builder's comforts: dragging, keeping the place of the keyboard, telling what was done.
// Everything here ends in a form that works without it.

const MOVED = "move";

function send(act) {
  const form = document.getElementById("acts");
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = "act";
  input.value = act;
  form.append(input);
  form.requestSubmit();
  setTimeout(() => input.remove());
}

function nextOf(item, name) {
  const next = item.nextElementSibling;
  return next ? next.dataset[name] || "-" : "-";
}

/** What dropping `item` asks for, or "" where nothing changes. Pure but for reading the page. */
export function dropped(item, to) {
  if (item.dataset.type) {
    return `insert ${item.dataset.type} ${to.dataset.questions} ${nextOf(item, "question")}`;
  }
  if (item.dataset.question) {
    return `${MOVED} ${item.dataset.question} ${to.dataset.questions} ${nextOf(item, "question")}`;
  }
  if (item.dataset.page) return `${MOVED} ${item.dataset.page} - ${nextOf(item, "page")}`;
  const [question, list] = (to.dataset.inner || "").split("/");
  return list
    ? `${MOVED} ${question}/${list}/${item.dataset.id} ${question} ${nextOf(item, "id")}`
    : "";
}

function onDrop(event) {
  if (event.from === event.to && event.oldIndex === event.newIndex) return;
  if (event.to.matches("[data-palette]")) return;
  const act = dropped(event.item, event.to);
  if (act) send(act);
}

const CALM = { animation: 120, forceFallback: true, delay: 150, delayOnTouchOnly: true, filter: "input, textarea, select, button", preventOnFilter: false };

function sortables(root) {
  const { Sortable } = /** @type {any} */ (window);
  if (!Sortable) return;
  for (const list of root.querySelectorAll("[data-palette]")) {
    Sortable.create(list, { ...CALM, filter: "", group: { name: "questions", pull: "clone", put: false }, sort: false });
  }
  for (const list of root.querySelectorAll("[data-questions]")) {
    Sortable.create(list, { ...CALM, group: "questions", onEnd: onDrop, onAdd: (event) => event.item.dataset.type && onDrop(event) });
  }
  for (const list of root.querySelectorAll("[data-pages], [data-inner]")) {
    Sortable.create(list, { ...CALM, onEnd: onDrop, handle: list.matches("[data-pages]") ? ".sheet-head" : undefined });
  }
}

/** Alt and an arrow move what is in focus, as the buttons beside it do. */
function onKey(event) {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const item = event.target.closest("[data-question], [data-page]");
  if (!item) return;
  event.preventDefault();
  const way = event.key === "ArrowUp" ? "up" : "down";
  send(`${way} ${item.dataset.question || item.dataset.page}`);
}

function chosenIntoView() {
  const chosen = document.querySelector(".canvas .is-chosen");
  if (chosen) chosen.scrollIntoView({ block: "nearest" });
}

/** Says to screen readers where the chosen part stands now. */
function tell() {
  const live = document.getElementById("live");
  const chosen = document.querySelector(".canvas .is-chosen a");
  if (live && chosen) live.textContent = chosen.textContent.trim().replace(/\s+/g, " ");
}

function start() {
  const builder = document.getElementById("builder");
  if (!builder) return;
  if (!builder.dataset.started) {
    builder.dataset.started = "";
    sortables(builder);
    chosenIntoView();
    tell();
  } else {
    const canvas = document.getElementById("canvas");
    if (canvas && !canvas.dataset.started) sortables(canvas);
  }
  const canvas = document.getElementById("canvas");
  if (canvas) canvas.dataset.started = "";
}

document.addEventListener("keydown", onKey);
document.addEventListener("htmx:afterSettle", () => start());
document.addEventListener("htmx:afterRequest", (event) => {
  const detail = /** @type {any} */ (event).detail;
  if (detail.requestConfig && detail.requestConfig.verb === "post") {
    document.body.dispatchEvent(new Event("drafted"));
  }
});
start();
