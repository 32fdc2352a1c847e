// Dragging by mouse and by finger, alike in all lists. A drag that is broken off, or that the server
// does not take, puts back what was dragged and says so: nothing moves on the screen alone.

const CALM = {
  animation: 120,
  delay: 200,
  delayOnTouchOnly: true,
  filter: "input, textarea, select, summary",
  forceFallback: true,
  fallbackOnBody: true,
  fallbackTolerance: 4,
  preventOnFilter: false,
  touchStartThreshold: 6,
};

const TOLD_MS = 8000;
/** So far above or below a field is still in it: at the edge of the window the page scrolls away. */
const SLACK = 100;

let untold = 0;
let isHeld = false;
let isMoving = false;

/** Whether something is being dragged; what would draw the page again waits meanwhile. */
export function isDragging() {
  return isMoving;
}

/** Says beside the page, and to screen readers, that a drag changed nothing; or takes that back. */
export function tellDrag(isBroken) {
  const told = document.getElementById("drag-told");
  told.textContent = isBroken ? told.dataset.broken : "";
  clearTimeout(untold);
  if (isBroken) untold = setTimeout(() => tellDrag(false), TOLD_MS);
}

/** Breaks off what is being dragged, as the system does when it takes the pointer away. */
function breakOff() {
  document.dispatchEvent(new PointerEvent("pointercancel"));
}

/** Whether it was let go beside the field that it was last seen in, or not let go at all. */
function isBrokenOff({ originalEvent, to }) {
  if (originalEvent?.type !== "pointerup") return true;
  const { clientX: x, clientY: y } = originalEvent;
  const { left, right, top, bottom } = to.closest("[data-field], [data-palette]").getBoundingClientRect();
  return x < left || x > right || y < top - SLACK || y > bottom + SLACK;
}

/** Puts `item` back where it was taken from; a copy of what stays there goes. */
function wayBack({ item, from, to, pullMode }, next) {
  return () => {
    if (from.isConnected && (from === to || pullMode !== "clone")) {
      from.insertBefore(item, next?.parentNode === from ? next : null);
    } else {
      item.remove();
    }
  };
}

/**
 * Makes the entries of a list draggable. `onDrop` is called with Sortable's event and the way back,
 * only where something was dropped at another place than its own; `onStart` when a drag begins.
 */
export function draggable(list, options, onDrop, onStart = (_event) => {}) {
  const { Sortable } = /** @type {any} */ (window);
  if (!Sortable || Sortable.get(list)) return;
  let next = null;
  let isOff = false;
  Sortable.create(list, {
    ...CALM,
    ...options,
    onChoose: ({ item }) => {
      isHeld = true;
      next = item.nextElementSibling;
    },
    onUnchoose: (event) => {
      isHeld = false;
      isOff = isBrokenOff(event);
      options.onUnchoose?.(event);
    },
    onStart: (event) => {
      isMoving = true;
      tellDrag(false);
      onStart(event);
    },
    onEnd: (event) => {
      isMoving = false;
      const back = wayBack(event, next);
      const stays = event.from === event.to && event.oldIndex === event.newIndex;
      if (stays || isOff) {
        back();
        tellDrag(true);
      } else {
        onDrop(event, back);
      }
    },
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !isMoving) return;
  event.preventDefault();
  breakOff();
});

// A long press on a link opens a menu, which would take the pointer away.
document.addEventListener("contextmenu", (event) => {
  if (isHeld) event.preventDefault();
});
