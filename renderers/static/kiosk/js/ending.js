// The ending returns to the start screen by itself.
import { wipe } from "./idle.js";
import { fill } from "./words.js";

let clock = 0;

/** Whole seconds left of a time that began at a moment; never below zero. */
export function secondsLeft(beganMs, nowMs, seconds) {
  return Math.max(0, Math.ceil(seconds - (nowMs - beganMs) / 1000));
}

export function fitEnding(root) {
  const line = root.querySelector("[data-ending-count]");
  if (!line || clock) return;
  const began = Date.now();
  const seconds = Number(document.body.dataset.endingSeconds);
  const tick = () => {
    const left = secondsLeft(began, Date.now(), seconds);
    line.textContent = fill(line.dataset.text, { n: left });
    if (left === 0) {
      clearInterval(clock);
      wipe();
    }
  };
  line.hidden = false;
  clock = setInterval(tick, 250);
  tick();
}
