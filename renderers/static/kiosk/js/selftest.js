// What this kiosk's browser can do, for the technician who sets it up.
(function selfTest() {
  const table = document.querySelector("[data-selftest]");
  const words = { good: table.dataset.good, bad: table.dataset.bad };

  function tell(name, isGood, detail) {
    const cell = table.querySelector(`[data-fact="${name}"]`);
    cell.textContent = [isGood ? words.good : words.bad, detail].filter(Boolean).join(" · ");
    cell.dataset.state = isGood ? "good" : "bad";
  }

  const skewSeconds = (Date.now() - Date.parse(table.dataset.serverTime)) / 1000;
  tell("skew", Math.abs(skewSeconds) < 30, `${skewSeconds.toFixed(1)} s`);
  const width = window.innerWidth;
  const height = window.innerHeight;
  tell("viewport", Math.min(width, height) >= 900, `${width} × ${height} × ${window.devicePixelRatio}`);
  tell("es2017", typeof Object.entries === "function" && typeof "".padStart === "function");
  tell("modules", "noModule" in HTMLScriptElement.prototype);
  tell("fetch", typeof window.fetch === "function");
  tell("grid", Boolean(window.CSS && CSS.supports("display", "grid")));
  tell("pointer", "PointerEvent" in window, `${navigator.maxTouchPoints || 0}`);
  tell("canvas", typeof HTMLCanvasElement.prototype.toBlob === "function" && "DataTransfer" in window);
  let canClear = true;
  try {
    localStorage.clear();
    sessionStorage.clear();
  } catch (refused) {
    canClear = false;
  }
  tell("clear", canClear);
}());
