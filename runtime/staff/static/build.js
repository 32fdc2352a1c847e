// The builder's comforts: dragging, keys, and the keyboard's place after an act.
// Everything here ends in a form that works without it.
import { dropped } from "/staff/build-acts.js";
import { draggable, isDragging, tellDrag } from "/staff/dragging.js";
import { hasPlaces } from "/staff/places.js";
import { isAnswered, isAskedFor } from "/staff/saved.js";

// Acts and choices go to the server one after another, in the order in which they were made

const waiting = [];
let running = null;
let leaveTo = "";

function enqueue(job) {
  waiting.push(job);
  if (running) tellSaving();
  else next();
}

function next() {
  running = waiting.shift() ?? null;
  tellSaving();
  if (!running) {
    if (leaveTo && !hasPlaces()) location.assign(leaveTo);
    return;
  }
  const { htmx } = /** @type {any} */ (window);
  const { href, form, act, typed } = running;
  const source = form?.isConnected ? form : document.getElementById(href ? "canvas" : "acts");
  const values = href ? {} : form.isConnected ? { act } : { ...typed, act, gone: "yes" };
  htmx.ajax(href ? "GET" : "POST", href ?? form.action, { source, values, swap: "none" })
    .catch(() => {})
    .finally(next);
}

/**
 * Sends a form with its act; what is typed in it now, should it be gone when its turn comes. `back`
 * takes back what was shown already, should the server not take the act.
 */
function send(act, form = document.getElementById("acts"), back = () => {}) {
  tellDrag(false);
  enqueue({ form, act, back, typed: Object.fromEntries(new FormData(form)) });
}

function tellSaving() {
  const told = document.getElementById("saved");
  const isSaving = [running, ...waiting].some((job) => job?.form) || hasPlaces();
  document.body.dataset.saving = String(isSaving);
  document.body.dataset.busy = String(Boolean(running));
  if (isSaving && told) told.textContent = told.dataset.saving;
}

window.addEventListener("beforeunload", (event) => {
  if (document.body.dataset.saving === "true") event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("#builder [data-send], #acts")) return;
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter);
  send(button?.name === "act" ? button.value : "save", form);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("#panel");
  if (form?.isConnected) send("save", form);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-choose] a");
  if (!link || link.closest("[hx-boost=false]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  enqueue({ href: link.getAttribute("href") });
});

/** Whoever goes to another page while something is being saved goes there once it is. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("#builder a[href]:not([href^='#'], [data-side]), .sections a");
  if (!link || event.defaultPrevented || !(running || hasPlaces()) || link.target || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  leaveTo = link.href;
});

// Dragging, with the mouse and on touch screens

function onDrop(event, back) {
  const act = dropped(event.item, event.to);
  if (event.item.dataset.act) event.item.remove();
  if (act) send(act, undefined, back);
  else back();
}

/** On a narrow screen what is dragged out of the palette is dropped on the canvas, which comes up. */
function onTake() {
  if (window.matchMedia("(max-width: 700px)").matches) show("canvas");
}

/** Pages that are dragged are shown by their headings, so that the others are near. */
function onTakePage({ item, from }) {
  const { top } = item.getBoundingClientRect();
  from.classList.add("is-sorting");
  window.scrollBy(0, item.getBoundingClientRect().top - top);
}

function sortable(list) {
  if (list.matches("[data-palette]")) draggable(list, { group: { name: "questions", pull: "clone", put: false }, sort: false }, onDrop, onTake);
  else if (list.matches("[data-questions]")) draggable(list, { ...LONG, group: "questions" }, onDrop);
  else if (list.matches("[data-pages]")) draggable(list, { ...LONG, handle: ".sheet-head", onUnchoose: () => list.classList.remove("is-sorting") }, onDrop, onTakePage);
  else draggable(list, { handle: ".grip", group: `inner-${list.dataset.inner}`, swapThreshold: 0.65 }, onDrop);
}

const LONG = { scrollSensitivity: 80, bubbleScroll: true };
const LISTS = "[data-palette], [data-questions], [data-pages], [data-inner]";

function prepare(root) {
  if (root.matches(LISTS)) sortable(root);
  for (const list of root.querySelectorAll(LISTS)) sortable(list);
}

// Keys

/** Alt and an arrow move what is in focus, as the buttons beside it do. */
function onArrow(event) {
  const way = event.key === "ArrowUp" ? "up" : "down";
  const inner = event.target.closest(".inner-line");
  if (inner) {
    event.preventDefault();
    inner.querySelector(`:scope > .tools [value^="${way} "]`).click();
    return;
  }
  const item = event.target.closest("[data-question], [data-page]");
  if (!item) return;
  event.preventDefault();
  send(`${way} ${item.dataset.question || item.dataset.page}`);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) onArrow(event);
});

// One pane after another on a narrow screen

function show(pane) {
  document.getElementById("panes").dataset.pane = pane;
  for (const link of document.querySelectorAll(".pane-switch a")) {
    if (link.hash === `#${pane}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("show-pane", (event) => show(event.detail));
document.addEventListener("click", (event) => {
  const link = event.target.closest(".pane-switch a");
  if (!link) return;
  event.preventDefault();
  show(link.hash.slice(1));
  document.getElementById(link.hash.slice(1)).focus({ preventScroll: true });
});

// What the server answered

document.addEventListener("focus-on", (event) => {
  const found = document.getElementById(event.detail.id);
  const field = found?.matches("a, button, input, textarea, select") ? found : found?.querySelector("input, textarea, a");
  if (!field) return;
  if (field.closest("#props")) show("props");
  else if (field.closest("#canvas")) show("canvas");
  field.focus();
  field.select?.();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isDragging() && event.detail.elt.id === "news") event.preventDefault();
});

const fields = (root) => [...root.querySelectorAll("#panel input[type=text][name], #panel textarea")];

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id === "panel") for (const one of fields(document)) one.defaultValue = one.value;
});

/** What is typed while the panel is drawn again is typed into the new one. */
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const at = (root) => root.querySelector("#panel [name=at]")?.value;
  if (target.id !== "props" || at(target) !== at(fragment)) return;
  const typed = fields(target).filter((one) => one.value !== one.defaultValue);
  for (const one of fields(fragment)) {
    const same = typed.find((other) => other.name === one.name);
    if (same) one.value = same.value;
  }
  if (typed.length) setTimeout(() => document.getElementById("panel")?.dispatchEvent(new Event("change", { bubbles: true })));
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr } = event.detail;
  if (isDragging() && elt.id === "news") event.detail.shouldSwap = false;
  // What dragging left behind; htmx would copy it, which the policy of the page forbids.
  if (!isDragging()) for (const one of document.querySelectorAll("#builder [style]")) one.removeAttribute("style");
  if (elt.id === "doctor") for (const one of document.querySelectorAll(".found")) one.replaceChildren();
  if (xhr.responseURL.includes("/sign-in")) location.reload();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr } = event.detail;
  if (!isAskedFor(event.detail)) return;
  if (!isAnswered(xhr)) running?.back?.();
  // Whoever is told that a value was refused stays at it, though they pressed on already.
  if (xhr.status !== 200) leaveTo = "";
  if (running?.form && xhr.status !== 200) waiting.splice(0, waiting.length, ...waiting.filter((job) => job.form));
  else if (running?.href) show("props");
});

document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
prepare(document.body);
document.querySelector(".seek")?.removeAttribute("hidden");
document.body.classList.add("has-script");
tellSaving();
document.querySelector(".canvas .is-chosen")?.scrollIntoView({ block: "nearest" });
show(!document.querySelector("[data-question]") ? "palette" : document.querySelector(".canvas .is-chosen") ? "props" : "canvas");
