// Signing with a finger: the drawing becomes the picture that the file control would hold.

/** Starts the signature fields below `root`. */
export function signatures(root) {
  for (const box of root.querySelectorAll("[data-signature]:not([data-pad])")) {
    box.dataset.pad = "";
    const field = box.querySelector("input[type=file]");
    if (field && window.DataTransfer && window.PointerEvent) start(box, field);
  }
}

function start(box, field) {
  const canvas = document.createElement("canvas");
  canvas.className = "signature-pad";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", box.dataset.signText);
  const how = document.createElement("p");
  how.className = "how";
  how.textContent = box.dataset.signText;
  const actions = document.createElement("div");
  actions.className = "signature-actions";
  const done = button(box.dataset.doneText);
  const again = button(box.dataset.clearText);
  done.disabled = true;
  actions.append(done, again);
  box.prepend(how, canvas, actions);
  const pen = new Pen(canvas, () => { done.disabled = false; });
  again.addEventListener("click", () => { pen.wipe(); done.disabled = true; });
  done.addEventListener("click", () => canvas.toBlob((blob) => hand(field, blob), "image/png"));
}

function button(text) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button-small";
  made.textContent = text;
  return made;
}

function hand(field, blob) {
  const transfer = new DataTransfer();
  transfer.items.add(new File([blob], "signature.png", { type: "image/png" }));
  field.files = transfer.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

class Pen {
  constructor(canvas, onStroke) {
    this.canvas = canvas;
    this.isDown = false;
    canvas.addEventListener("pointerdown", (event) => {
      this.fit();
      this.isDown = true;
      canvas.setPointerCapture(event.pointerId);
      this.begin(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.isDown) return;
      this.draw(event);
      onStroke();
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => { this.isDown = false; });
    }
  }

  /** The drawing surface takes the size it is shown at; white, as paper. */
  fit() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    if (this.brush && canvas.width === width) return;
    canvas.width = width;
    canvas.height = Math.round(canvas.clientHeight * ratio);
    this.brush = canvas.getContext("2d");
    this.brush.scale(ratio, ratio);
    this.wipe();
  }

  wipe() {
    if (!this.brush) return;
    this.brush.fillStyle = "#ffffff";
    this.brush.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    this.brush.strokeStyle = "#14211f";
    this.brush.lineWidth = 2.6;
    this.brush.lineCap = "round";
    this.brush.lineJoin = "round";
  }

  begin(event) {
    this.brush.beginPath();
    this.brush.moveTo(event.offsetX, event.offsetY);
  }

  draw(event) {
    this.brush.lineTo(event.offsetX, event.offsetY);
    this.brush.stroke();
  }
}
