// In-page branching: the server says which questions are asked now; the ones that stay are kept.
import { announce } from "./focus.js";
import { changeOf, planQuestions } from "./plan.js";

/** Takes over the answers to refresh requests; everything else is htmx's. */
export function refreshing(root, enhance) {
  root.addEventListener("htmx:beforeSwap", (event) => {
    const detail = event.detail;
    if (!isRefresh(detail) || detail.xhr.status !== 200) return;
    const page = new DOMParser().parseFromString(detail.serverResponse, "text/html");
    const next = page.querySelector("form[data-step]");
    const here = document.querySelector("form[data-step]");
    if (!next || !here || next.dataset.page !== here.dataset.page) return;
    detail.shouldSwap = false;
    takeOver(here, next, enhance);
  });
}

function isRefresh(detail) {
  const parameters = detail.requestConfig && detail.requestConfig.parameters;
  if (!parameters) return false;
  const wish = typeof parameters.get === "function" ? parameters.get("do") : parameters.do;
  return wish === "refresh";
}

function takeOver(here, next, enhance) {
  const before = described(here);
  const after = described(next);
  const list = here.querySelector("[data-questions]");
  const focused = document.activeElement && document.activeElement.id;
  const kept = new Map(elements(here).map((element) => [element.dataset.question, element]));
  const fresh = [];
  const typedMeanwhile = [];
  for (const { id, keep } of planQuestions(before, after)) {
    const incoming = next.querySelector(`[data-question="${id}"]`);
    const old = kept.get(id);
    kept.delete(id);
    if (keep) continue;
    const element = document.importNode(incoming, true);
    if (old && carryOver(old, element)) typedMeanwhile.push(element);
    if (old) old.replaceWith(element);
    else list.appendChild(element);
    fresh.push(element);
  }
  for (const gone of kept.values()) gone.remove();
  inOrder(list, after);
  for (const element of fresh) htmx.process(element);
  for (const part of ["[data-step-state]", ".actions", ".progress"]) replacePart(here, next, part);
  replaceProblems(here, next);
  replaceDefaultButton(here, next);
  enhance(here);
  restoreFocus(focused);
  say(here, changeOf(before, after));
  for (const element of typedMeanwhile) {
    element.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** Puts the questions in the server's order, moving only those that stand wrong. */
function inOrder(list, after) {
  after.forEach(({ id }, index) => {
    const element = list.querySelector(`[data-question="${id}"]`);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] || null);
  });
}

/** What was entered since the request was sent goes into the new element; tells whether any was. */
function carryOver(old, element) {
  let isDifferent = false;
  for (const from of old.querySelectorAll("input[id], select[id], textarea[id]")) {
    const to = element.querySelector(`[id="${from.id}"]`);
    if (!to || from.type === "file" || from.tagName !== to.tagName) continue;
    const member = from.type === "radio" || from.type === "checkbox" ? "checked" : "value";
    if (to[member] === from[member]) continue;
    to[member] = from[member];
    isDifferent = true;
  }
  return isDifferent;
}

function elements(form) {
  return Array.from(form.querySelectorAll("[data-question]"));
}

function described(form) {
  return elements(form).map(({ dataset }) => ({ id: dataset.question, shape: dataset.shape }));
}

function replacePart(here, next, selector) {
  const old = here.querySelector(selector);
  const fresh = next.querySelector(selector);
  if (old && fresh && !old.isEqualNode(fresh)) old.replaceWith(document.importNode(fresh, true));
}

/** The list of problems says what is wrong now; it goes when nothing is. */
function replaceProblems(here, next) {
  const old = here.querySelector("[data-problems]");
  const fresh = next.querySelector("[data-problems]");
  if (old && fresh) replacePart(here, next, "[data-problems]");
  else if (old) old.remove();
}

function replaceDefaultButton(here, next) {
  const old = here.querySelector(".default-button");
  const fresh = next.querySelector(".default-button");
  if (old && fresh) old.value = fresh.value;
}

function restoreFocus(id) {
  if (!id || (document.activeElement && document.activeElement.id === id)) return;
  const control = document.getElementById(id);
  if (control) control.focus({ preventScroll: true });
}

function say(form, change) {
  if (change === "more") announce(document, form.dataset.more);
  if (change === "fewer") announce(document, form.dataset.fewer);
}
