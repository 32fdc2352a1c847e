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
  for (const { id, keep } of planQuestions(before, after)) {
    const incoming = next.querySelector(`[data-question="${id}"]`);
    const element = keep ? kept.get(id) : document.importNode(incoming, true);
    if (!keep && kept.has(id)) kept.get(id).remove();
    list.appendChild(element);
    kept.delete(id);
    if (!keep) htmx.process(element);
  }
  for (const gone of kept.values()) gone.remove();
  for (const part of ["[data-step-state]", ".actions", ".progress"]) replacePart(here, next, part);
  replaceDefaultButton(here, next);
  enhance(here);
  restoreFocus(focused);
  say(here, changeOf(before, after));
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
  if (old && fresh) old.replaceWith(document.importNode(fresh, true));
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
