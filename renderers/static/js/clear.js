// Takes a radio answer away again without asking the server, unless the page depends on it.

/** Follows the clear buttons of the whole page. */
export function clears(root) {
  root.addEventListener("change", (event) => {
    const question = event.target.closest("[data-question]");
    const button = question && question.querySelector("[data-clear]");
    if (button && event.target.type === "radio") delete button.dataset.empty;
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-clear]");
    if (!button) return;
    event.preventDefault();
    const question = button.closest("[data-question]");
    const checked = question.querySelector("input[type=radio]:checked");
    if (!checked) return;
    checked.checked = false;
    checked.focus({ preventScroll: true });
    button.dataset.empty = "";
    checked.dispatchEvent(new CustomEvent("change", { bubbles: true }));
    button.dataset.empty = "";
  });
}
