// Moves the focus where the patient must look next, and says aloud what changed.

/** Puts a sentence into the page's live region. */
export function announce(root, sentence) {
  const region = root.querySelector("[data-announcer]");
  if (!region) return;
  region.textContent = "";
  setTimeout(() => { region.textContent = sentence; }, 60);
}

/** Focuses the list of problems, else the heading of a page that has just come. */
export function focusAfterSwap(root, isSwapped) {
  const problems = root.querySelector("[data-problems]");
  const target = problems || (isSwapped ? root.querySelector("[data-page-title]") : null);
  if (!target) return;
  if (isSwapped) window.scrollTo(0, 0);
  target.focus({ preventScroll: Boolean(isSwapped && !problems) });
}

/** A link of the problem list leads to the first control of its question. */
export function goToLinkedQuestion(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-goto]");
    if (!link) return;
    const question = document.getElementById(`q-${link.dataset.goto}`);
    if (!question) return;
    event.preventDefault();
    question.scrollIntoView({ block: "start" });
    (firstControl(question) || question).focus({ preventScroll: true });
  });
}

/** The first control of a question that can take the focus. */
export function firstControl(question) {
  const checked = question.querySelector("input:checked");
  if (checked) return checked;
  const controls = question.querySelectorAll("input:not([type=hidden]), select, textarea, button");
  return Array.from(controls).find((control) => control.offsetParent !== null) || null;
}
