// Long lists by large buttons, level by level: departments under their site, the nodes of a cascade.
import { fill, make, settle } from "./words.js";

const LONG_LIST = 8;

/**
 * A tree out of a select's entries.
 *
 * @param {any[]} entries in order, each with id, name, level, group, isOff
 * @returns {any} the root with name, id, isOff, nodes
 */
export function treeOf(entries) {
  const root = { id: "", name: "", isOff: true, nodes: [], above: null };
  const line = [root];
  let heading = null;
  entries.forEach((entry) => {
    if (entry.group && (!heading || heading.name !== entry.group)) {
      heading = { id: "", name: entry.group, isOff: true, nodes: [], above: root };
      root.nodes.push(heading);
    }
    const level = entry.level || 1;
    const above = level > 1 ? line[level - 1] : entry.group ? heading : root;
    const node = { id: entry.id, name: entry.name, isOff: entry.isOff, nodes: [], above };
    above.nodes.push(node);
    line[level] = node;
  });
  return root.nodes.length === 1 && root.nodes[0].isOff ? Object.assign(root.nodes[0], { above: null }) : root;
}

/** The node with an id, or null. */
export function findNode(node, id) {
  if (node.id === id && id !== "") return node;
  for (const below of node.nodes) {
    const found = findNode(below, id);
    if (found) return found;
  }
  return null;
}

/** The names from the top to a node. */
export function pathOf(node) {
  return node && node.name ? pathOf(node.above).concat(node.name) : node && node.above ? pathOf(node.above) : [];
}

function entriesOf(select) {
  return Array.from(select.options).filter((option) => option.value).map((option) => ({
    id: option.value,
    name: option.dataset.name || option.textContent.trim(),
    level: Number(option.dataset.level || 1),
    group: option.parentElement instanceof HTMLOptGroupElement ? option.parentElement.label : "",
    isOff: option.disabled,
  }));
}

function fitOne(select) {
  const words = document.body.dataset;
  const top = treeOf(entriesOf(select));
  const chosen = findNode(top, select.value);
  let here = chosen ? chosen.above || top : top;
  const path = make("div", "drill-path");
  const list = make("div", "drill-list");
  list.setAttribute("role", "group");
  list.setAttribute("aria-labelledby", select.id.replace(/-c$/, "-text"));
  select.dataset.fitted = "";
  const box = select.closest(".select-box") || select;
  box.hidden = true;
  box.after(path, list);

  function choose(node) {
    select.value = select.value === node.id ? "" : node.id;
    settle(select);
    draw();
  }
  function enterNode(node) {
    here = node;
    draw();
  }
  function item(node, isSelf) {
    const hasMore = node.nodes.length > 0 && !isSelf;
    const button = make("button", `drill-item${hasMore ? " has-more" : ""}`, isSelf ? fill(words.wordThis, { name: node.name }) : node.name);
    if (!hasMore) button.setAttribute("aria-pressed", String(select.value === node.id));
    button.addEventListener("click", () => (hasMore ? enterNode(node) : choose(node)));
    return button;
  }
  function draw() {
    list.textContent = "";
    path.textContent = "";
    const now = findNode(top, select.value);
    const shown = pathOf(now || here).join(" / ");
    path.hidden = !shown;
    path.append(make("span", "drill-path-text", shown));
    if (here.above) {
      const up = make("button", "button button-small", words.wordUp);
      up.addEventListener("click", () => enterNode(here.above));
      path.append(up);
      path.hidden = false;
    }
    if (here.id && !here.isOff) list.append(item(here, true));
    list.classList.toggle("is-long", here.nodes.length > LONG_LIST);
    here.nodes.forEach((node) => list.append(item(node, false)));
  }
  draw();
}

export function fitDrills(root) {
  root.querySelectorAll(".question select[name]:not([data-fitted]):not(.ranking-place)").forEach(fitOne);
}
