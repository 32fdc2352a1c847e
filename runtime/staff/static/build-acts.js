// What a drop and a key ask for: pure but for reading the elements given.

function nextOf(item, name) {
  let next = item.nextElementSibling;
  while (next && !next.dataset[name]) next = next.nextElementSibling;
  return next ? next.dataset[name] : "-";
}

/** The act of dropping `item` into the list `to`, or "" where it means nothing. */
export function dropped(item, to) {
  const { act, question, page, id } = item.dataset;
  if (to.dataset.questions !== undefined) {
    const where = `${to.dataset.questions} ${nextOf(item, "question")}`;
    if (act) return `${act} ${where}`;
    return question ? `move ${question} ${where}` : "";
  }
  if (page) return `move ${page} - ${nextOf(item, "page")}`;
  if (id && to.dataset.inner) return `move ${to.dataset.inner}/${id} ${to.dataset.into} ${nextOf(item, "id")}`;
  return "";
}

/** Enter by itself; not the one that ends a word in a Chinese input method. */
export function isPlainEnter(event) {
  return event.key === "Enter" && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.shiftKey;
}
