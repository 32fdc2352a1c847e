// "None of these" takes the others away, no more are chosen than may be, and a choice can be undone.

/**
 * The chosen ids after one was touched.
 *
 * @param chosen ids in order, the touched one included when it was switched on
 * @param touched the id
 * @param exclusive ids that stand alone
 * @param most how many may be chosen, or 0
 */
export function allowed(chosen, touched, exclusive, most) {
  if (!chosen.includes(touched)) return chosen;
  if (exclusive.includes(touched)) return [touched];
  const together = chosen.filter((id) => !exclusive.includes(id));
  return most && together.length > most ? together.filter((id) => id !== touched) : together;
}

/** Shows the button that undoes a choice only where there is one. */
function offerClearing(question) {
  const button = question.querySelector("[data-clear]");
  if (button) {
    if (question.querySelector("input:checked")) button.removeAttribute("data-empty");
    else button.setAttribute("data-empty", "");
  }
}

function clear(question) {
  const chosen = question.querySelector("input:checked");
  if (!chosen) return;
  chosen.checked = false;
  chosen.dispatchEvent(new Event("change", { bubbles: true }));
}

export function fitChoices(root) {
  root.addEventListener("change", (event) => {
    const question = event.target.closest ? event.target.closest("[data-question]") : null;
    if (question) offerClearing(question);
  });
  root.addEventListener("click", (event) => {
    const button = event.target.closest ? event.target.closest("[data-clear]") : null;
    if (!button) return;
    event.preventDefault();
    clear(button.closest("[data-question]"));
  }, true);
  root.addEventListener("change", (event) => {
    const box = event.target;
    const group = box.closest ? box.closest("[data-exclusive-group]") : null;
    if (!group || box.type !== "checkbox") return;
    const boxes = Array.from(group.querySelectorAll("input[type=checkbox]"));
    const ids = boxes.filter((each) => each.checked).map((each) => each.value);
    const alone = boxes.filter((each) => "exclusive" in each.dataset).map((each) => each.value);
    const keep = allowed(ids, box.value, alone, Number(group.dataset.maxSelected || 0));
    boxes.forEach((each) => { each.checked = keep.includes(each.value); });
  }, true);
}
