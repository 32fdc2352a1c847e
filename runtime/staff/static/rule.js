// The condition editor's comforts: its changes go to the server one after another, the keyboard goes
// to what a button made, and whoever leaves a condition that is not finished is warned.

let isTouched = false;
let isRunning = false;
/** @type {any} */
let held = null;

const isOfRule = (element) => Boolean(element.closest("#rule")) && element.id !== "standing";

// One after another: what is asked for meanwhile is sent with the form as it is then

document.addEventListener("htmx:confirm", (event) => {
  const { detail } = /** @type {any} */ (event);
  if (!isOfRule(detail.elt)) return;
  isTouched = true;
  if (isRunning) {
    event.preventDefault();
    held = detail;
  } else {
    isRunning = true;
  }
});

/** What the answer says of the draft, put into a form that was changed since. */
function take(answer) {
  const body = new DOMParser().parseFromString(answer, "text/html");
  for (const name of ["was", "n", "to"]) {
    const said = /** @type {HTMLInputElement} */ (body.querySelector(`#rule-body > [name=${name}]`));
    const own = /** @type {HTMLInputElement} */ (document.querySelector(`#rule-body > [name=${name}]`));
    if (said && own) own.value = said.value;
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = /** @type {any} */ (event);
  if (!isOfRule(detail.elt) || !held) return;
  if (detail.xhr.status !== 200) {
    held = null;
    return;
  }
  detail.shouldSwap = false;
  take(detail.xhr.responseText);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { detail } = /** @type {any} */ (event);
  if (!isOfRule(detail.elt)) return;
  const next = held;
  held = null;
  isRunning = Boolean(next);
  // htmx lets go of the request that ended only behind this event.
  if (next) setTimeout(() => next.issueRequest(true));
});

document.addEventListener("htmx:afterSettle", (event) => {
  const landing = /** @type {Element} */ (event.target).querySelector("[data-focus]");
  if (landing) /** @type {HTMLElement} */ (landing).focus();
});

// Leaving

/** Whether something stands on the page that is not in the draft. */
function isUnkept() {
  const typed = /** @type {HTMLTextAreaElement} */ (document.getElementById("notation"));
  const isUnfinished = Boolean(document.querySelector("#rule-body[data-unkept]"));
  return isRunning || typed.value !== typed.defaultValue || (isTouched && isUnfinished);
}

let isSent = false;
document.addEventListener("submit", (event) => {
  if (/** @type {HTMLFormElement} */ (event.target).id === "rule") isSent = true;
});
window.addEventListener("beforeunload", (event) => {
  if (!isSent && isUnkept()) event.preventDefault();
});
document.body.classList.add("has-script");
