// Starts every behaviour on the page and on each form that htmx puts in its place.
import { announce, focusAfterSwap, goToLinkedQuestion } from "./focus.js";
import { cascades } from "./cascade.js";
import { clears } from "./clear.js";
import { counters } from "./counter.js";
import { exclusives } from "./exclusive.js";
import { pickers } from "./picker.js";
import { rankings } from "./ranking.js";
import { refreshing } from "./refresh.js";
import { signatures } from "./signature.js";
import { troubles } from "./trouble.js";
import { uploads } from "./upload.js";

const behaviours = [cascades, counters, exclusives, pickers, rankings, signatures, uploads];

/** Starts the behaviours below `root`; one that runs already is left alone. */
export function enhance(root) {
  for (const start of behaviours) start(root);
}

clears(document);
goToLinkedQuestion(document);
refreshing(document, enhance);
troubles(document);
enhance(document);
focusAfterSwap(document, false);

document.addEventListener("htmx:afterSwap", () => {
  enhance(document);
  focusAfterSwap(document, true);
  const step = document.querySelector("[data-step]");
  if (step) announce(document, step.dataset.announce || "");
});
