// "None of these" takes the other ticks away, and they take it away.

/** Starts the groups of check boxes below `root`. */
export function exclusives(root) {
  for (const group of root.querySelectorAll("[data-exclusive-group]:not([data-started])")) {
    group.dataset.started = "";
    group.addEventListener("change", (event) => settle(group, event.target));
  }
}

function settle(group, ticked) {
  if (ticked.type !== "checkbox" || !ticked.checked) return;
  const isExclusive = "exclusive" in ticked.dataset;
  for (const box of group.querySelectorAll("input[type=checkbox]")) {
    if (box !== ticked && (isExclusive || "exclusive" in box.dataset)) box.checked = false;
  }
}
