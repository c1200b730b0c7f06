// The boxes of the image as a real list, and the numbers of the selected one: everything the canvas can do, without it.
import { selectedBoxes } from "./batches.js";
import { shownBox } from "./drags.js";
import { byId, element, setText } from "./element.js";
import { clamp, MIN_SIDE } from "./geometry.js";
import { VirtualList } from "./virtual_list.js";

const ROW = 24;
const FIELDS = ["x", "y", "w", "h"];
const shortNumber = (value) => `${Math.round(value * 10) / 10}`;

export class ObjectPanel {
  constructor(app) {
    this.app = app;
    this.list = byId("lab-object-list");
    this.inputs = Object.fromEntries(FIELDS.map((field) => [field, byId(`lab-field-${field}`)]));
    this.rows = new VirtualList(byId("lab-object-scroll"), this.list, {
      rowHeight: ROW,
      make: () => [element("i", { class: "lab-swatch" }), element("span", { class: "lab-name" }), element("span", { class: "lab-mark" }), element("span", { class: "lab-count" })],
      fill: (row, box) => this.fill(row, box),
    });
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("dblclick", () => app.dispatch({ type: "zoom-selection" }));
    this.list.addEventListener("keydown", (event) => this.key(event));
    for (const field of FIELDS) this.inputs[field].addEventListener("change", () => this.change(field));
    byId("lab-field-class").addEventListener("click", () => app.askClass((id) => app.chooseClass(id)));
    byId("lab-field-delete").addEventListener("click", () => app.act("delete"));
    this.shown = {};
  }

  fill(row, box) {
    const [swatch, name, mark, size] = row.children;
    const item = this.app.classes.get(box.class_id);
    swatch.style.backgroundColor = item.colour;
    setText(name, item.name);
    const marks = [box.state === "draft" ? "draft" : "", box.polygon || box.mask ? "outline" : "", box.angle ? `${Math.round(box.angle)}°` : ""];
    setText(mark, marks.filter(Boolean).join(" "));
    setText(size, `${Math.round(box.w)}×${Math.round(box.h)}`);
    row.id = `lab-box-${box.id}`;
    row.setAttribute("aria-selected", this.chosen.has(box.id));
  }

  click(event) {
    const box = this.rows.itemOf(event);
    if (!box) return;
    this.app.dispatch({ type: "select", ids: [box.id], add: event.shiftKey || event.ctrlKey || event.metaKey });
    this.app.dispatch({ type: "reveal" });
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Enter") this.inputs.x.focus();
    if (!step) return;
    event.preventDefault();
    const items = this.rows.items;
    const at = items.findIndex((box) => box.id === this.app.state.selection.at(-1));
    const next = items[clamp(at + step, 0, items.length - 1)];
    if (!next) return;
    this.app.dispatch({ type: "select", ids: [next.id] });
    this.app.dispatch({ type: "reveal" });
  }

  /** A number was typed. The other three stay as exact as they were. */
  change(field) {
    const [box] = selectedBoxes(this.app.state);
    const value = this.inputs[field].valueAsNumber;
    if (!box || !Number.isFinite(value)) return this.write(box);
    const { width, height } = this.app.state.image;
    const rect = { x: box.x, y: box.y, w: box.w, h: box.h };
    const most = { x: width - box.w, y: height - box.h, w: width - box.x, h: height - box.y }[field];
    rect[field] = clamp(value, field === "w" || field === "h" ? MIN_SIDE : 0, Math.max(most, MIN_SIDE));
    this.app.dispatch({ type: "rect", box_id: box.id, rect });
    return this.write(rect);
  }

  write(rect) {
    for (const field of FIELDS) {
      const text = rect ? shortNumber(rect[field]) : "";
      if (this.inputs[field].value !== text) this.inputs[field].value = text;
      this.inputs[field].title = rect ? `${rect[field]}` : "";
    }
  }

  frame(state) {
    const { app, shown } = this;
    const same = shown.boxes === state.boxes && shown.selection === state.selection && shown.version === app.classesVersion;
    if (same && shown.drag === state.drag) return;
    this.chosen = new Set(state.selection);
    if (!same) this.showList(state);
    this.showEditor(state);
    this.shown = { boxes: state.boxes, selection: state.selection, drag: state.drag, version: app.classesVersion };
  }

  showList(state) {
    this.rows.set(state.boxes);
    setText(byId("lab-object-total"), `${state.boxes.length}`);
    byId("lab-object-empty").hidden = state.boxes.length > 0;
    const last = state.selection.at(-1);
    if (last === undefined) return this.list.removeAttribute("aria-activedescendant");
    this.list.setAttribute("aria-activedescendant", `lab-box-${last}`);
    if (this.shown.selection !== state.selection) this.rows.reveal(state.boxes.findIndex((box) => box.id === last));
  }

  showEditor(state) {
    const boxes = selectedBoxes(state);
    const editor = byId("lab-editor");
    editor.hidden = boxes.length === 0;
    if (boxes.length === 0) return;
    const one = boxes.length === 1 ? shownBox(state, boxes[0]) : null;
    byId("lab-fields").hidden = !one;
    const classes = new Set(boxes.map((box) => box.class_id));
    const item = classes.size === 1 ? this.app.classes.get(boxes[0].class_id) : null;
    byId("lab-field-swatch").style.backgroundColor = item?.colour ?? "transparent";
    setText(byId("lab-field-class-name"), item?.name ?? `${classes.size} classes`);
    setText(byId("lab-editor-title"), one ? describe(one) : `${boxes.length} boxes selected`);
    if (one) this.write(one);
  }
}

function describe(box) {
  const score = typeof box.score === "number" ? ` · ${box.score.toFixed(2)}` : "";
  const number = box.box_id === null ? "New box" : `Box ${box.box_id}`;
  return `${number} · ${box.origin}${box.state === "draft" ? " · draft" : ""}${score}`;
}
