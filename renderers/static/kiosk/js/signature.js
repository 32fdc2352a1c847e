// Signing with a finger; the drawing goes to the server as a picture.

const PEN_WIDTH = 7;

/** A point of the page in the canvas's own measure. */
export function onCanvas(x, y, box, width, height) {
  return { x: ((x - box.left) * width) / box.width, y: ((y - box.top) * height) / box.height };
}

function fitOne(place) {
  const pad = place.querySelector("[data-pad]");
  const pen = pad.getContext("2d");
  let isDown = false;
  let isEmpty = true;
  place.hidden = false;

  function clear() {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, pad.width, pad.height);
    isEmpty = true;
  }
  function at(event) {
    return onCanvas(event.clientX, event.clientY, pad.getBoundingClientRect(), pad.width, pad.height);
  }
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const point = at(event);
    isDown = true;
    isEmpty = false;
    pen.lineWidth = PEN_WIDTH;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "#0f1b19";
    pen.beginPath();
    pen.moveTo(point.x, point.y);
    pen.lineTo(point.x + 0.1, point.y);
    pen.stroke();
    if (pad.setPointerCapture) pad.setPointerCapture(event.pointerId);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!isDown) return;
    const point = at(event);
    pen.lineTo(point.x, point.y);
    pen.stroke();
  });
  ["pointerup", "pointercancel"].forEach((type) => pad.addEventListener(type, () => { isDown = false; }));
  place.querySelector("[data-pad-clear]").addEventListener("click", clear);
  place.querySelector("[data-pad-done]").addEventListener("click", () => {
    if (isEmpty) return;
    pad.toBlob((blob) => {
      const carrier = new DataTransfer();
      carrier.items.add(new File([blob], "signature.png", { type: "image/png" }));
      place.querySelector("[data-pad-file]").files = carrier.files;
      place.querySelector("[data-pad-send]").click();
    }, "image/png");
  });
  clear();
}

export function fitSignatures(root) {
  root.querySelectorAll("[data-signing][hidden]").forEach(fitOne);
}
