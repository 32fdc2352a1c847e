// Asks whether anybody is still there, or needs more time, counts down, and wipes; also the exit button.

/** What a quiet time of so many seconds means: `active`, `warning` with the seconds left, or `over`. */
export function idlePhase(quietSeconds, idleSeconds, warningSeconds) {
  if (quietSeconds < idleSeconds) return { phase: "active", left: null };
  const left = Math.ceil(idleSeconds + warningSeconds - quietSeconds);
  return left > 0 ? { phase: "warning", left } : { phase: "over", left: 0 };
}

/** Whether the server should hear that somebody is there. */
export function isPingDue(now, lastTouch, lastPing, everySeconds) {
  return lastTouch > lastPing && now - lastPing >= everySeconds * 1000;
}

/** Seconds until the session's longest time is over, once they are few enough to tell; else null. */
export function longLeft(now, endsAt, tellSeconds) {
  if (endsAt === null) return null;
  const left = Math.ceil((endsAt - now) / 1000);
  return left <= tellSeconds ? Math.max(0, left) : null;
}

const TOUCHES = ["pointerdown", "touchstart", "keydown", "input", "wheel"];
const RETRY_MS = 2000;
const PING_SECONDS = 10;
const TELL_SECONDS = 60;
let isWiping = false;

/** Ends the session on the server, empties the browser's stores, and shows the start screen. */
export function wipe() {
  if (isWiping) return;
  isWiping = true;
  closeOverlays();
  show("wiping");
  const main = document.getElementById("main");
  if (main) main.textContent = "";
  forget();
}

function forget() {
  const home = document.body.dataset.home;
  fetch(document.body.dataset.leave, { method: "POST", credentials: "same-origin", headers: { "Kiosk-Wipe": "1" } })
    .then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      emptyStores();
      location.replace(home);
    })
    .catch(() => setTimeout(forget, RETRY_MS));
}

function emptyStores() {
  try {
    sessionStorage.clear();
    localStorage.clear();
  } catch (refused) {
    // Storage may be switched off; then there is nothing in it.
  }
}

function overlay(name) {
  return document.querySelector(`[data-overlay="${name}"]`);
}

function show(name) {
  const found = overlay(name);
  if (!found || !found.hidden) return;
  found.hidden = false;
  const screen = document.querySelector("[data-screen]");
  screen.setAttribute("aria-hidden", "true");
  screen.inert = true;
  const first = found.querySelector("button");
  if (first) first.focus({ preventScroll: true });
}

function closeOverlays() {
  document.querySelectorAll("[data-overlay]").forEach((each) => { each.hidden = true; });
  const screen = document.querySelector("[data-screen]");
  screen.removeAttribute("aria-hidden");
  screen.inert = false;
}

function keepFocusInside(event) {
  const open = document.querySelector("[data-overlay]:not([hidden])");
  if (!open) return;
  if (event.key === "Escape") stay();
  if (event.key !== "Tab") return;
  const buttons = Array.from(open.querySelectorAll("button"));
  const at = buttons.indexOf(document.activeElement);
  const next = (at + (event.shiftKey ? buttons.length - 1 : 1)) % buttons.length;
  event.preventDefault();
  if (buttons.length) buttons[next].focus();
}

let lastTouch = 0;
let lastPing = 0;
let endsAt = null;

function stay() {
  const isLong = overlay("long") && !overlay("long").hidden;
  lastTouch = Date.now();
  closeOverlays();
  if (isLong) ping({ "Kiosk-Extend": "1" });
}

function ping(headers = {}) {
  if (document.body.dataset.inSession === undefined) return;
  lastPing = Date.now();
  if (headers["Kiosk-Extend"]) endsAt = null;
  fetch(document.body.dataset.alive, { method: "POST", credentials: "same-origin", headers })
    .then((answer) => {
      if (answer.status === 410) return void wipe();
      const left = Number(answer.headers.get("Kiosk-Seconds-Left"));
      if (left > 0) endsAt = Date.now() + left * 1000;
    })
    .catch(() => {});
}

function count(name, left) {
  const found = overlay(name);
  if (found.hidden) {
    closeOverlays();
    show(name);
  }
  found.querySelector("[data-count]").textContent = String(left);
}

function tick(idleSeconds, warningSeconds) {
  if (isWiping) return;
  const { phase, left } = idlePhase((Date.now() - lastTouch) / 1000, idleSeconds, warningSeconds);
  const longest = longLeft(Date.now(), endsAt, TELL_SECONDS);
  if (phase === "over" || longest === 0) return void wipe();
  if (phase === "warning") {
    count("idle", left);
  } else if (longest !== null) {
    count("long", longest);
  } else if (isPingDue(Date.now(), lastTouch, lastPing, Math.min(PING_SECONDS, idleSeconds / 3))) {
    ping();
  }
}

function onClick(event) {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  if (target.closest("[data-stay]")) return void stay();
  if (target.closest("[data-wipe]")) {
    event.preventDefault();
    return void wipe();
  }
  if (target.closest("[data-exit]") && overlay("exit")) {
    event.preventDefault();
    show("exit");
  }
}

function watchStartScreen(idleSeconds) {
  // A start screen left in another language goes back to the first one.
  if (!location.search) return;
  setInterval(() => {
    if (Date.now() - lastTouch > idleSeconds * 1000) location.replace(document.body.dataset.home);
  }, 1000);
}

export function startIdle() {
  const { idleSeconds, warningSeconds, watched } = document.body.dataset;
  lastTouch = Date.now();
  lastPing = lastTouch;
  TOUCHES.forEach((type) => document.addEventListener(type, () => {
    // While the countdown runs, only its button says that the same patient is there.
    const isAsking = ["idle", "long"].some((name) => overlay(name) && !overlay(name).hidden);
    if (!isAsking) lastTouch = Date.now();
  }, { passive: true, capture: true }));
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", keepFocusInside);
  if (watched === undefined) return void watchStartScreen(Number(idleSeconds));
  ping();
  setInterval(() => tick(Number(idleSeconds), Number(warningSeconds)), 200);
}

