// The classes beside the canvas: digit, colour, name, how many on this image.
import { byId, element, setText } from "./element.js";
import { VirtualList } from "./virtual_list.js";

const ROW = 24;

export class ClassPanel {
  constructor(app) {
    this.app = app;
    this.list = byId("lab-class-list");
    this.rows = new VirtualList(byId("lab-class-scroll"), this.list, {
      rowHeight: ROW,
      make: () => [element("kbd"), element("i", { class: "lab-swatch" }), element("span", { class: "lab-name" }), element("span", { class: "lab-count" })],
      fill: (row, item) => this.fill(row, item),
    });
    this.list.addEventListener("click", (event) => {
      const item = this.rows.itemOf(event);
      if (item) app.chooseClass(item.class_id);
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.shown = {};
  }

  fill(row, item) {
    const [digit, swatch, name, count] = row.children;
    const number = this.app.classes.digitOf.get(item.class_id);
    setText(digit, number ? `${number}` : "");
    swatch.style.backgroundColor = item.colour;
    setText(name, item.name);
    row.title = item.supercategory ? `${item.name} · ${item.supercategory}` : item.name;
    setText(count, `${this.counts?.get(item.class_id) ?? ""}`);
    row.id = `lab-class-${item.class_id}`;
    row.setAttribute("aria-selected", item.class_id === this.app.state.classId);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = this.rows.items;
    const at = items.findIndex((item) => item.class_id === this.app.state.classId);
    const next = items[Math.min(items.length - 1, Math.max(0, at + step))];
    if (next) this.app.chooseClass(next.class_id);
  }

  frame(state) {
    const { app, shown } = this;
    if (shown.boxes === state.boxes && shown.classId === state.classId && shown.version === app.classesVersion) return;
    this.counts = new Map();
    for (const box of state.boxes) this.counts.set(box.class_id, (this.counts.get(box.class_id) ?? 0) + 1);
    this.rows.set(app.classes.ordered);
    setText(byId("lab-class-total"), `${app.classes.living.length}${app.config.more_classes ? "+" : ""}`);
    if (shown.classId !== state.classId) {
      const at = app.classes.ordered.findIndex((item) => item.class_id === state.classId);
      if (at >= 0) this.rows.reveal(at);
      this.list.setAttribute("aria-activedescendant", at >= 0 ? `lab-class-${state.classId}` : "");
    }
    this.shown = { boxes: state.boxes, classId: state.classId, version: app.classesVersion };
  }
}
