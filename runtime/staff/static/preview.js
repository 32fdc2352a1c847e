// What an answer changes on its own page shows at once; the frames themselves run no scripts.
const PLACE = "preview-place";

function sendFrom(form) {
  const wish = form.ownerDocument.createElement("input");
  wish.type = "hidden";
  wish.name = "do";
  wish.value = "refresh";
  form.append(wish);
  keepPlace();
  form.submit();
}

function keepPlace() {
  const frames = Array.from(document.querySelectorAll("[data-framed]"), (frame) => frame.contentWindow?.scrollY ?? 0);
  const page = document.querySelector("[data-framed]")?.contentDocument?.querySelector("[name=page]")?.value ?? "";
  sessionStorage.setItem(PLACE, JSON.stringify({ top: window.scrollY, frames, page }));
}

function watch(frame, index, kept) {
  const inner = frame.contentDocument;
  const form = inner?.querySelector("#step");
  if (!form || form.dataset.watched) return;
  form.dataset.watched = "yes";
  form.addEventListener("change", (event) => {
    if (event.target.closest("[data-refresh]")) sendFrom(form);
  });
  if (kept?.page === form.querySelector("[name=page]")?.value) frame.contentWindow.scrollTo(0, kept.frames[index] ?? 0);
}

const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
sessionStorage.removeItem(PLACE);
if (kept) window.scrollTo(0, kept.top);
document.querySelectorAll("[data-framed]").forEach((frame, index) => {
  frame.addEventListener("load", () => watch(frame, index, kept));
  watch(frame, index, kept);
});
