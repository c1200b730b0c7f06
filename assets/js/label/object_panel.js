// The boxes of the image as a real list, and the numbers of the selected one: everything the canvas can do, without it.
import { selectedBoxes } from "./batches.js";
import { shownBox } from "./drags.js";
import { byId, element, icon, setText } from "./element.js";
import { clamp, MIN_SIDE } from "./geometry.js";
import { filterBoxes, narrows, NO_FILTER } from "./object_filter.js";
import { ObjectFilters } from "./object_filters.js";
import { VirtualList } from "./virtual_list.js";

const ROW = 24;
const LOCK = "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5";
const EYE = "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM6 8a2 2 0 1 0 4 0 2 2 0 0 0-4 0";
const EYE_SHUT = "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8M1.5 8S4 12.5 8 12.5 14.5 8 14.5 8M3 13 13 3";
const FIELDS = ["x", "y", "w", "h"];
const shortNumber = (value) => `${Math.round(value * 10) / 10}`;

export class ObjectPanel {
  constructor(app) {
    this.app = app;
    this.list = byId("lab-object-list");
    this.inputs = Object.fromEntries(FIELDS.map((field) => [field, byId(`lab-field-${field}`)]));
    this.rows = new VirtualList(byId("lab-object-scroll"), this.list, {
      rowHeight: ROW,
      make: () => [element("i", { class: "lab-swatch" }), element("span", { class: "lab-name" }), element("span", { class: "lab-mark" }), element("span", { class: "lab-count" }), mark("veil", EYE), mark("lock", LOCK), element("span", { class: "lab-hidden" })],
      fill: (row, box) => this.fill(row, box),
    });
    this.filters = new ObjectFilters(app, () => app.changed());
    this.list.addEventListener("click", (event) => this.click(event));
    this.list.addEventListener("dblclick", () => app.dispatch({ type: "zoom-selection" }));
    this.list.addEventListener("keydown", (event) => this.key(event));
    for (const field of FIELDS) this.inputs[field].addEventListener("change", () => this.change(field));
    byId("lab-field-class").addEventListener("click", () => app.askClass((id) => app.chooseClass(id)));
    byId("lab-field-angle").addEventListener("change", (event) => this.turn(event.target.valueAsNumber));
    byId("lab-field-lock").addEventListener("click", () => app.act("lock"));
    byId("lab-field-veil").addEventListener("click", () => app.act("hide-selected"));
    byId("lab-field-alike").addEventListener("click", () => app.act("look-alikes"));
    byId("lab-field-delete").addEventListener("click", () => app.act("delete"));
    this.shown = {};
  }

  fill(row, box) {
    const [swatch, name, note, size, veil, lock, told] = row.children;
    const { locked, veiled } = this.app.state;
    const item = this.app.classes.get(box.class_id);
    swatch.style.backgroundColor = item.colour;
    setText(name, item.name);
    const marks = [box.state === "draft" ? "draft" : "", box.polygon || box.mask ? "outline" : "", box.angle ? `${Math.round(box.angle)}°` : ""];
    setText(note, marks.filter(Boolean).join(" "));
    setText(size, `${Math.round(box.w)}×${Math.round(box.h)}`);
    row.dataset.locked = locked.has(box.id);
    row.dataset.veiled = veiled.has(box.id);
    lock.title = locked.has(box.id) ? "Unlock" : "Lock";
    veil.title = veiled.has(box.id) ? "Show" : "Hide";
    veil.firstChild.firstChild.setAttribute("d", veiled.has(box.id) ? EYE_SHUT : EYE);
    setText(told, [locked.has(box.id) && "locked", veiled.has(box.id) && "hidden"].filter(Boolean).join(", "));
    row.id = `lab-box-${box.id}`;
    row.setAttribute("aria-selected", this.chosen.has(box.id));
  }

  click(event) {
    const box = this.rows.itemOf(event);
    if (!box) return;
    const set = event.target.closest("[data-set]")?.dataset.set;
    if (set) return this.app.dispatch({ type: set, ids: [box.id] });
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
    const extend = event.shiftKey && !this.chosen.has(next.id);
    this.app.dispatch({ type: "select", ids: [next.id], add: extend });
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
    const { boxes, selection, locked, veiled, drag } = state;
    const now = { boxes, selection, locked, veiled, version: app.classesVersion, filter: this.filters.now };
    const same = Object.keys(now).every((key) => now[key] === shown[key]);
    if (same && shown.drag === drag) return;
    this.chosen = new Set(state.selection);
    if (!same) this.showList(state);
    this.showEditor(state);
    this.shown = { ...now, filter: this.filters.now, drag };
  }

  showList(state) {
    this.filters.offer(state.boxes);
    const filter = this.filters.now;
    const plain = !narrows(filter) && filter.sort === NO_FILTER.sort;
    const boxes = plain ? state.boxes : filterBoxes(state.boxes, filter, this.app.classes, state);
    this.app.listed = plain ? null : boxes;
    this.rows.set(boxes);
    setText(byId("lab-object-total"), narrows(filter) ? `${boxes.length} of ${state.boxes.length}` : `${state.boxes.length}`);
    byId("lab-object-empty").hidden = state.boxes.length > 0;
    byId("lab-filter-empty").hidden = boxes.length > 0 || state.boxes.length === 0;
    const last = state.selection.at(-1);
    const at = boxes.findIndex((box) => box.id === last);
    if (at < 0) return this.list.removeAttribute("aria-activedescendant");
    this.list.setAttribute("aria-activedescendant", `lab-box-${last}`);
    if (this.shown.selection !== state.selection) this.rows.reveal(at);
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
    this.showMarks(state, boxes, one);
    if (one) this.write(one);
  }

  /** Turn, lock and hide of what is selected; a locked box takes no numbers. */
  showMarks({ locked }, boxes, one) {
    const shut = boxes.every((box) => locked.has(box.id));
    const lock = byId("lab-field-lock");
    lock.setAttribute("aria-pressed", shut);
    setText(lock.firstChild, shut ? "Unlock " : "Lock ");
    const angle = byId("lab-field-angle");
    angle.parentElement.hidden = !one;
    const turn = one ? shortNumber(one.angle ?? 0) : "";
    if (angle.value !== turn) angle.value = turn;
    for (const field of [angle, byId("lab-field-class"), byId("lab-field-delete"), ...Object.values(this.inputs)]) field.disabled = shut;
  }

  /** A turn was typed, in degrees. */
  turn(angle) {
    const [box] = selectedBoxes(this.app.state);
    if (box && Number.isFinite(angle)) this.app.dispatch({ type: "turn", box_id: box.id, angle });
    if (box) this.app.changed();
  }
}

/** What of a row can be clicked; by keys the same is done on the selected boxes. */
const mark = (set, path) => element("span", { class: `lab-set lab-set-${set}`, "data-set": set, "aria-hidden": "true" }, icon(path));

function describe(box) {
  const score = typeof box.score === "number" ? ` · ${box.score.toFixed(2)}` : "";
  const number = box.box_id === null ? "New box" : `Box ${box.box_id}`;
  return `${number} · ${box.origin}${box.state === "draft" ? " · draft" : ""}${score}`;
}
