// "None of these" takes the others away, and no more are chosen than may be.

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

export function fitChoices(root) {
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
