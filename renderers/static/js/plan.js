// What to keep and what to replace when the questions of a page change. Pure.

/**
 * For each question of the new page: whether the old element may stay.
 * A question stays where it shows the same (shape) as before: then the focus, and what was typed
 * since the request was sent, are untouched.
 */
export function planQuestions(before, after) {
  const shapes = new Map(before.map((question) => [question.id, question.shape]));
  return after.map(({ id, shape }) => ({ id, keep: shapes.get(id) === shape }));
}

/** How the set of questions changed: "more", "fewer" (also: replaced), or "same". */
export function changeOf(before, after) {
  const old = new Set(before.map((question) => question.id));
  if (after.some((question) => !old.has(question.id))) return "more";
  return after.length < before.length ? "fewer" : "same";
}
