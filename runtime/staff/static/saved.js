// Says on every page of the builder that a change was not saved, until one is.

/** Whether the server answered what was asked, be it with a refusal that it explains. */
export function isAnswered(xhr) {
  return [200, 204, 409, 422].includes(xhr.status);
}

/** Whether somebody waits for a request: a change, or the choice of another part. */
export function isAskedFor({ elt, requestConfig }) {
  return requestConfig?.verb === "post" || elt.id === "canvas";
}

document.addEventListener("htmx:afterRequest", (event) => {
  if (isAskedFor(event.detail)) document.getElementById("not-saved").hidden = isAnswered(event.detail.xhr);
});
