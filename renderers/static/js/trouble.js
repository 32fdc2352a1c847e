// Says so when a step did not arrive; what was typed stays where it is.

const SHOW_MILLISECONDS = 12000;

/** Follows htmx's failures on the whole page. */
export function troubles(root) {
  const bar = root.querySelector("[data-trouble]");
  if (!bar) return;
  let timer = 0;
  const show = (sentence) => {
    bar.textContent = sentence;
    bar.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => { bar.hidden = true; }, SHOW_MILLISECONDS);
  };
  root.addEventListener("htmx:sendError", () => show(bar.dataset.offline));
  root.addEventListener("htmx:timeout", () => show(bar.dataset.offline));
  root.addEventListener("htmx:responseError", () => show(bar.dataset.busy));
  root.addEventListener("htmx:beforeRequest", () => { bar.hidden = true; });
}
