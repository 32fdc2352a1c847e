// Marks the document before it is painted, so that the questions do not all flash up first.
// Browsers without modules keep the plain page, which works as it stands.
if ("noModule" in HTMLScriptElement.prototype) {
  document.documentElement.classList.add("is-scripted");
}
