// Shows the questions of a page one after another; the server's step stays the page.
import { announce, fill } from "./words.js";

/**
 * Which question comes up when a page arrives.
 *
 * @param {any} arrived page and questions, each with id and problem
 * @param {any} before page, ids, current, action of what was on screen, or null
 */
export function openingIndex(arrived, before) {
  const { questions } = arrived;
  const problem = questions.findIndex((each) => each.problem);
  if (!before) return Math.max(problem, 0);
  if (before.page !== arrived.page) {
    if (problem >= 0) return problem;
    return before.action === "back" ? questions.length - 1 : 0;
  }
  if (before.action === "next" || before.action === "submit") {
    if (problem >= 0) return problem;
    const added = questions.findIndex((each) => !before.ids.includes(each.id));
    if (added >= 0) return added;
  }
  return keptIndex(questions.map((each) => each.id), before);
}

/** The same question again; where it is gone, the one that stood before it. */
export function keptIndex(ids, before) {
  for (let at = before.ids.indexOf(before.current); at >= 0; at -= 1) {
    const found = ids.indexOf(before.ids[at]);
    if (found >= 0) return found;
  }
  return 0;
}

/** Whether a question's fields hold any answer; fields are {type, name, checked, value}. */
export function isAnswered(fields) {
  const groups = new Map();
  fields.forEach((field) => {
    const isTicked = field.type === "radio" || field.type === "checkbox" ? field.checked : field.value.trim() !== "";
    groups.set(field.name, groups.get(field.name) || isTicked);
  });
  return Array.from(groups.values()).some(Boolean);
}

let form = null;
let questions = [];
let index = 0;
let sent = null;
let waiting = 0;
let isGoingOn = false;
const asked = new Set();

function read(element) {
  return { id: element.dataset.question, problem: element.querySelector("[data-problem]") !== null };
}

function remember(action) {
  sent = form && { page: form.dataset.page, ids: questions.map((q) => q.dataset.question), current: idAt(index), action, scroll: scrolled() };
}

function scrolled() {
  const body = form.querySelector("[data-step-body]");
  return body ? body.scrollTop : 0;
}

function idAt(place) {
  return questions[place] ? questions[place].dataset.question : null;
}

function arrive(before) {
  form = document.querySelector("form[data-step][data-page]");
  questions = form ? Array.from(form.querySelectorAll("[data-questions] > [data-question]")) : [];
  const tools = document.querySelector(".bar-tools");
  // An ending, an error or a code for the phone has its own way out and no language to switch.
  if (tools) tools.hidden = before !== null && !form;
  if (!form) return focusTitle();
  const arrived = { page: form.dataset.page, questions: questions.map(read) };
  const place = openingIndex(arrived, before);
  const isSame = before !== null && before.page === arrived.page && before.current === idAt(place);
  open(place, before !== null && !isSame);
  if (isSame) form.querySelector("[data-step-body]").scrollTop = before.scroll;
}

function focusTitle() {
  const title = document.querySelector("[data-page-title]");
  if (title) title.focus({ preventScroll: true });
}

function open(place, isMoving) {
  index = place;
  questions.forEach((each, at) => each.classList.toggle("is-current", at === place));
  label();
  const current = questions[index];
  if (!current) return;
  const body = form.querySelector("[data-step-body]");
  if (body) body.scrollTop = 0;
  if (isMoving) current.focus({ preventScroll: true });
}

function label() {
  const actions = form.querySelector("[data-actions]");
  const next = actions.querySelector("[data-next]");
  const back = actions.querySelector("[data-back]");
  const isLast = index >= questions.length - 1;
  next.textContent = isLast ? actions.dataset.nextPage : actions.dataset.nextQuestion;
  back.textContent = actions.dataset.backQuestion;
  back.hidden = index === 0 && !("pageBack" in back.dataset);
  const count = form.querySelector("[data-step-count]");
  const words = fill(count.dataset.text, { n: index + 1, of: questions.length });
  count.textContent = questions.length > 1 ? words : "";
  if (questions.length > 1) announce(words);
}

function fieldsOf(question) {
  return Array.from(question.querySelectorAll("input[name], select[name], textarea[name]"))
    .filter((field) => field.type !== "file" && field.name.startsWith("q."));
}

/** Asks once for a required answer that is missing; the server decides in the end. */
function isMissing(question) {
  if (question.dataset.required !== "true" || asked.has(question.dataset.question)) return false;
  if (isAnswered(fieldsOf(question))) return false;
  asked.add(question.dataset.question);
  const line = question.querySelector("[data-needed]");
  if (line) line.hidden = false;
  question.classList.add("is-needed");
  return true;
}

function goOn(event) {
  const current = questions[index];
  if (current && isMissing(current)) return void event.preventDefault();
  if (index >= questions.length - 1 && !isDirty(current) && waiting === 0) return;
  if (isDirty(current)) settleDirty(current);
  if (waiting > 0 && current.hasAttribute("data-refresh")) {
    event.preventDefault();
    isGoingOn = true;
    return;
  }
  if (index >= questions.length - 1) return;
  event.preventDefault();
  open(index + 1, true);
}

function goBack(event) {
  if (index === 0) return;
  event.preventDefault();
  open(index - 1, true);
}

function isDirty(question) {
  return question !== undefined && question.hasAttribute("data-refresh") && question.querySelector("[data-unsettled]") !== null;
}

function settleDirty(question) {
  const field = question.querySelector("[data-unsettled]");
  field.removeAttribute("data-unsettled");
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function onClick(event) {
  const target = event.target instanceof Element ? event.target : null;
  if (!target || !form) return;
  if (target.closest("[data-next]")) goOn(event);
  else if (target.closest("[data-back]")) goBack(event);
}

function onKey(event) {
  // Enter in a field means "next question", not "send the page".
  if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || !form) return;
  if (event.isComposing || !form.contains(event.target)) return;
  event.preventDefault();
  form.querySelector("[data-next]").click();
}

function onAnswer(event) {
  const question = event.target instanceof Element ? event.target.closest("[data-question]") : null;
  if (!question) return;
  question.classList.remove("is-needed");
  const line = question.querySelector("[data-needed]");
  if (line) line.hidden = true;
}

function actionOf(request) {
  const parameters = request.requestConfig.parameters;
  return String(parameters.do || "refresh");
}

function trouble(kind) {
  const bar = document.querySelector("[data-trouble]");
  bar.textContent = kind ? bar.dataset[kind] : "";
  bar.hidden = !kind;
}

function listenToRequests(fit) {
  document.addEventListener("htmx:beforeRequest", (event) => {
    waiting += 1;
    document.documentElement.classList.add("is-busy");
    remember(actionOf(event.detail));
  });
  document.addEventListener("htmx:afterRequest", () => {
    waiting = Math.max(0, waiting - 1);
    if (waiting === 0) document.documentElement.classList.remove("is-busy");
  });
  document.addEventListener("htmx:sendError", () => { isGoingOn = false; trouble("offline"); });
  document.addEventListener("htmx:timeout", () => { isGoingOn = false; trouble("offline"); });
  document.addEventListener("htmx:responseError", (event) => {
    isGoingOn = false;
    if (event.detail.xhr.status >= 500 || event.detail.xhr.status === 429) trouble("busy");
  });
  document.addEventListener("htmx:afterSwap", () => {
    trouble("");
    fit(document);
    arrive(sent);
    if (isGoingOn && form) {
      isGoingOn = false;
      setTimeout(() => { if (waiting === 0) form.querySelector("[data-next]").click(); });
    }
  });
}

export function startSteps(fit) {
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("input", onAnswer);
  document.addEventListener("change", onAnswer);
  listenToRequests(fit);
  arrive(null);
}
