// The left pane's two halves, types and bank: what a link of its head names comes up in place of the
// other. Without scripts the bank is a page of its own.

const switches = document.querySelectorAll(".side-switch a");

function sideOf(link) {
  return document.getElementById(link.dataset.side ?? link.hash.slice(1));
}

function bringUp(link) {
  for (const one of switches) {
    sideOf(one).hidden = one !== link;
    if (one === link) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
}

for (const link of switches) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    bringUp(link);
  });
}

// The key that seeks a type finds it, whichever half was up.
document.addEventListener("show-pane", (event) => {
  if (event.detail === "palette" && switches.length) bringUp(switches[0]);
});
