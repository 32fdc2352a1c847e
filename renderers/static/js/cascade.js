// A tree chosen level by level; the one select of the plain page stays the answer.

/** The tree of a flat list with levels: `[{id, name, level}]` to nested `nodes`. Pure. */
export function treeOf(flat) {
  const top = { nodes: [] };
  const open = [top];
  for (const { id, name, level, disabled } of flat) {
    const node = { id, name, disabled: Boolean(disabled), nodes: [] };
    open.length = level;
    open[level - 1].nodes.push(node);
    open.push(node);
  }
  return top;
}

/** The nodes from the top to the one with this id; empty where there is none. Pure. */
export function pathTo(tree, id) {
  for (const node of tree.nodes) {
    if (node.id === id) return [node];
    const below = pathTo(node, id);
    if (below.length) return [node, ...below];
  }
  return [];
}

/** Starts the cascades below `root`. */
export function cascades(root) {
  for (const select of root.querySelectorAll("select[data-cascade]:not([data-started])")) {
    select.dataset.started = "";
    start(select);
  }
}

function start(select) {
  const options = Array.from(select.options).filter((option) => option.value);
  const tree = treeOf(options.map((option) => ({
    id: option.value,
    name: option.dataset.name,
    level: Number(option.dataset.level),
    disabled: option.disabled,
  })));
  const box = document.createElement("div");
  const plain = select.parentElement;
  plain.insertAdjacentElement("afterend", box);
  plain.hidden = true;
  for (const label of Array.from(select.labels)) label.htmlFor = `${select.id}-1`;
  draw(select, tree, box, pathTo(tree, select.value).map((node) => node.id));
}

function draw(select, tree, box, chosen) {
  box.textContent = "";
  let nodes = tree.nodes;
  for (let level = 0; nodes.length; level += 1) {
    const own = level;
    box.append(levelBox(select, nodes, level, chosen[level], (id) => {
      const path = id ? chosen.slice(0, own).concat(id) : chosen.slice(0, own);
      choose(select, tree, path);
      draw(select, tree, box, path);
      const drawn = box.querySelectorAll("select");
      drawn[Math.min(own, drawn.length - 1)].focus();
    }));
    const next = nodes.find((node) => node.id === chosen[own]);
    nodes = next ? next.nodes : [];
  }
}

function levelBox(select, nodes, level, chosen, onChoose) {
  const id = `${select.id}-${level + 1}`;
  const wrap = document.createElement("div");
  wrap.className = "cascade-level";
  const label = document.createElement("label");
  label.className = "cascade-label";
  label.htmlFor = id;
  label.textContent = select.dataset.levelText.replace("{n}", String(level + 1));
  const box = document.createElement("div");
  box.className = "select-box";
  const list = document.createElement("select");
  list.className = "field select";
  list.id = id;
  for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
    if (select.hasAttribute(name)) list.setAttribute(name, select.getAttribute(name));
  }
  list.add(new Option(select.dataset.chooseText, ""));
  for (const node of nodes) list.add(new Option(node.name, node.id, false, node.id === chosen));
  list.addEventListener("change", (event) => {
    event.stopPropagation();
    onChoose(list.value);
  });
  box.append(list);
  wrap.append(label, box);
  return wrap;
}

function choose(select, tree, path) {
  const id = path[path.length - 1] || "";
  const node = id ? pathTo(tree, id).pop() : null;
  const value = node && !node.disabled ? id : "";
  if (select.value === value) return;
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}
