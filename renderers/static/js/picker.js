// A search box over a long select, as the ARIA combobox pattern has it; the select stays the answer.

const MANY = 8;

/** The entries whose text or heading holds every word of the query. Pure. */
export function matching(entries, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(({ text, group }) => {
    const hay = `${text} ${group}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}

/** Starts the pickers below `root` that have many entries. */
export function pickers(root) {
  for (const select of root.querySelectorAll("select[data-picker]:not([data-started])")) {
    select.dataset.started = "";
    if (select.options.length > MANY) new Picker(select);
  }
}

class Picker {
  constructor(select) {
    this.select = select;
    this.entries = Array.from(select.options).filter((option) => option.value).map((option) => ({
      id: option.value,
      text: option.textContent.trim(),
      group: option.parentElement.tagName === "OPTGROUP" ? option.parentElement.label : "",
    }));
    this.active = -1;
    this.shown = [];
    this.build();
  }

  build() {
    const { select } = this;
    const id = select.id;
    this.input = document.createElement("input");
    this.input.className = "field";
    this.input.type = "text";
    this.input.autocomplete = "off";
    this.input.placeholder = select.dataset.searchText;
    const attributes = {
      role: "combobox",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-controls": `${id}-list`,
    };
    for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
      if (select.hasAttribute(name)) attributes[name] = select.getAttribute(name);
    }
    for (const name of Object.keys(attributes)) this.input.setAttribute(name, attributes[name]);
    this.list = document.createElement("ul");
    this.list.className = "picker-list";
    this.list.id = `${id}-list`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", select.dataset.searchText);
    this.list.hidden = true;
    select.id = `${id}-plain`;
    this.input.id = id;
    select.hidden = true;
    select.insertAdjacentElement("afterend", this.input);
    this.input.insertAdjacentElement("afterend", this.list);
    this.input.value = this.chosenText();
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("click", () => this.open(""));
    this.input.addEventListener("input", (event) => { event.stopPropagation(); this.open(this.input.value); });
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option.dataset.id);
    });
  }

  chosenText() {
    const found = this.entries.find(({ id }) => id === this.select.value);
    return found ? found.text : "";
  }

  open(query) {
    this.shown = matching(this.entries, query);
    this.active = -1;
    this.draw();
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  draw() {
    this.list.textContent = "";
    let heading = "";
    this.shown.forEach((entry, index) => {
      if (entry.group && entry.group !== heading) {
        heading = entry.group;
        this.list.append(line("picker-heading", "presentation", heading));
      }
      const item = line("picker-option", "option", entry.text);
      item.id = `${this.list.id}-${index}`;
      item.dataset.id = entry.id;
      item.setAttribute("aria-selected", String(entry.id === this.select.value));
      this.list.append(item);
    });
    if (!this.shown.length) this.list.append(line("picker-none", "presentation", this.select.dataset.noneText));
  }

  onKey(event) {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) this.open("");
      this.move(key === "ArrowDown" ? 1 : -1);
    } else if (key === "Enter" && !this.list.hidden) {
      event.preventDefault();
      const pick = this.shown[this.active] || (this.shown.length === 1 ? this.shown[0] : null);
      if (pick) this.choose(pick.id);
    } else if (key === "Escape" && !this.list.hidden) {
      event.stopPropagation();
      this.close();
      this.input.value = this.chosenText();
    }
  }

  move(step) {
    if (!this.shown.length) return;
    this.active = (this.active + step + this.shown.length) % this.shown.length;
    for (const item of this.list.querySelectorAll(".is-active")) item.classList.remove("is-active");
    const item = document.getElementById(`${this.list.id}-${this.active}`);
    item.classList.add("is-active");
    item.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", item.id);
  }

  choose(id) {
    const changed = this.select.value !== id;
    this.select.value = id;
    this.input.value = this.chosenText();
    this.close();
    if (changed) this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  leave() {
    if (this.input.value.trim() === "") this.choose("");
    this.input.value = this.chosenText();
    this.close();
  }
}

function line(className, role, text) {
  const item = document.createElement("li");
  item.className = className;
  item.setAttribute("role", role);
  item.textContent = text;
  return item;
}
