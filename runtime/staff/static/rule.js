// Puts the keyboard where the editor's last button made or moved something.

document.addEventListener("htmx:afterSettle", (event) => {
  const landing = /** @type {Element} */ (event.target).querySelector("[data-focus]");
  if (landing) /** @type {HTMLElement} */ (landing).focus();
});
