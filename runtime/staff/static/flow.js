// Draws a jump by dragging from a page's handle to the page or ending where it leads.
// It sends the form that the page's own panel has; a press without dragging chooses the page.

import { tellDrag } from "/staff/dragging.js";

const NEAR = 6;

/** A point of the window in the picture's own measure. */
function inPicture(svg, event) {
  const box = svg.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

/** The step under the pointer that a jump may lead to: one that comes later. */
function targetAt(svg, event, from) {
  const under = document.elementFromPoint(event.clientX, event.clientY);
  const step = under && under.closest("[data-step]");
  const steps = [...svg.querySelectorAll("[data-step]")];
  return step && steps.indexOf(step) > steps.indexOf(from) ? step : null;
}

function line(svg) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
  made.setAttribute("class", "way jump drawn");
  made.setAttribute("marker-end", "url(#head-jump)");
  svg.append(made);
  return made;
}

function send(from, to) {
  const form = document.getElementById("new-jump");
  form.elements.namedItem("at").value = from;
  form.elements.namedItem("to").value = to;
  form.submit();
}

function start(svg, handle, event) {
  const from = handle.closest("[data-step]");
  const [x, y] = inPicture(svg, event);
  const drawn = line(svg);
  let aim = null;
  const mark = (step) => {
    if (aim) aim.classList.remove("is-aim");
    aim = step;
    if (aim) aim.classList.add("is-aim");
  };
  const held = new AbortController();
  const move = (moved) => {
    const [to_x, to_y] = inPicture(svg, moved);
    drawn.setAttribute("d", `M${x} ${y}L${to_x} ${to_y}`);
    mark(targetAt(svg, moved, from));
  };
  const end = (ended) => {
    held.abort();
    drawn.remove();
    const to = ended.type === "pointerup" ? targetAt(svg, ended, from) : null;
    mark(null);
    const far = Math.hypot(ended.clientX - event.clientX, ended.clientY - event.clientY);
    if (to) send(handle.dataset.handle, to.dataset.step);
    else if (ended.type === "pointerup" && far < NEAR) location.assign(from.querySelector("a").href.baseVal);
    else tellDrag(true);
  };
  const leave = (pressed) => {
    if (pressed.key === "Escape") document.dispatchEvent(new PointerEvent("pointercancel"));
  };
  tellDrag(false);
  handle.setPointerCapture(event.pointerId);
  const until = { signal: held.signal };
  document.addEventListener("pointermove", move, until);
  document.addEventListener("pointerup", end, until);
  document.addEventListener("pointercancel", end, until);
  document.addEventListener("keydown", leave, until);
}

for (const svg of document.querySelectorAll("[data-flow]")) {
  for (const handle of svg.querySelectorAll("[data-handle]")) {
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      start(svg, handle, event);
    });
    // A finger on it draws; it does not scroll.
    handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  }
}
