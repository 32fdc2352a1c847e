// A chosen file is sent at once, with its progress; the plain button is for pages without scripts.

/** Starts the uploads below `root`. */
export function uploads(root) {
  const boxes = root.querySelectorAll("[data-upload]:not([data-started]), [data-signature]:not([data-started])");
  for (const box of boxes) {
    box.dataset.started = "";
    const field = box.querySelector("input[type=file]");
    const send = box.querySelector("[data-upload-send]");
    if (!field || !send) continue;
    send.hidden = true;
    field.addEventListener("change", (event) => {
      event.stopPropagation();
      if (field.files.length) sendFile(box, send);
    });
  }
}

function sendFile(box, send) {
  const form = send.form;
  const line = document.createElement("p");
  line.className = "how";
  line.setAttribute("role", "status");
  box.append(line);
  const onProgress = (event) => {
    const { loaded, total } = event.detail;
    if (total) line.textContent = (box.dataset.sendingText || "{n}%").replace("{n}", String(Math.round((100 * loaded) / total)));
  };
  form.addEventListener("htmx:xhr:progress", onProgress);
  form.addEventListener("htmx:afterRequest", () => {
    form.removeEventListener("htmx:xhr:progress", onProgress);
    line.remove();
  }, { once: true });
  send.hidden = false;
  send.click();
  send.hidden = true;
}
