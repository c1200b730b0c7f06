// The bars around the canvas: position, path and state above, zoom and coordinates below, tools at the side.
import { selectedBoxes } from "./batches.js";
import { shownBox } from "./drags.js";
import { byId, element, icon, setText } from "./element.js";
import { rectBetween, toImage } from "./geometry.js";
import { keyParts } from "./help.js";
import { toolOf, tools } from "./tools.js";

const ICONS = {
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H7", redo: "M10 3l3.5 3.5L10 10M13 6.5H6.5a4 4 0 0 0 0 8H9",
  fit: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4", "zoom-selection": "M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3M5.5 5.5h5v5h-5z",
  "actual-size": "M4 4.5v7M3 5.5l1-1M12 4.5v7M11 5.5l1-1M8 6.2v.1M8 9.7v.1", hide: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM6 8a2 2 0 1 0 4 0 2 2 0 0 0-4 0",
  labels: "M2 4h7l4.5 4L9 12H2zM5 8h3", panel: "M2 3h12v10H2zM10 3v10", help: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.6v.1",
};
const LABELS = {
  undo: "Undo", redo: "Redo", fit: "Fit the image", "zoom-selection": "Zoom to the selected boxes", "actual-size": "Pixel for pixel",
  hide: "Hide the boxes", labels: "Class names", panel: "Side panel", help: "Keys",
};

export class Bars {
  constructor(app, keys) {
    Object.assign(this, { app, keys });
    this.buttons = new Map();
    const bar = byId("lab-tools");
    this.bar = bar;
    bar.addEventListener("keydown", (event) => this.rove(event));
    bar.addEventListener("focusin", (event) => this.stop(event.target));
    for (const tool of tools()) bar.append(this.button(tool.action, tool.label, tool.icon, () => app.dispatch({ type: "tool", tool: tool.id })));
    for (const group of [["undo", "redo"], ["fit", "zoom-selection", "actual-size"], ["labels", "hide"], ["panel", "help"]]) {
      bar.append(element("hr"), ...group.map((id) => this.button(id, LABELS[id], ICONS[id], () => app.act(id))));
    }
    for (const [id, action] of [["lab-next", "next-image"], ["lab-previous", "previous-image"], ["lab-confirm", "confirm"]]) {
      byId(id).addEventListener("click", (event) => {
        app.act(action);
        if (event.detail > 0) app.focusCanvas(); // a click of the mouse: the keys go back to the canvas
      });
    }
    this.stop(bar.querySelector("button"));
    byId("lab-position").addEventListener("click", () => app.act("go-to"));
    byId("lab-find").addEventListener("click", () => app.act("find-class"));
    byId("lab-state").addEventListener("change", (event) => {
      app.dispatch({ type: "image-state", value: event.target.value });
      app.focusCanvas();
    });
    const confirms = byId("lab-confirms");
    confirms.value = app.preferences.confirms();
    confirms.addEventListener("change", () => { app.preferences.setConfirms(confirms.value); app.changed(); app.focusCanvas(); });
  }

  /** One stop of Tab for all tools; arrows go from tool to tool. */
  stop(button) {
    for (const each of this.bar.querySelectorAll("button")) each.tabIndex = each === button ? 0 : -1;
  }

  rove(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...this.bar.querySelectorAll("button:not(:disabled)")];
    all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
  }

  button(id, label, path, run) {
    const made = element("button", { type: "button", "aria-label": label, onclick: (event) => { run(); if (event.detail > 0 && id !== "help") this.app.focusCanvas(); } }, icon(path));
    this.buttons.set(id, { made, label });
    return made;
  }

  frame(state) {
    this.top(state);
    this.tools(state);
    this.bottom(state);
  }

  top(state) {
    const { record } = this.app;
    if (!state.image) return;
    const around = record?.neighbours;
    setText(byId("lab-position-now"), around ? `${around.position ?? "–"}` : "…");
    setText(byId("lab-position-total"), around ? `${around.total ?? "–"}` : "…");
    const path = byId("lab-path");
    if (path.title !== state.image.path) {
      path.title = state.image.path;
      setText(path.firstElementChild, state.image.path.slice(0, state.image.path.lastIndexOf("/") + 1));
      setText(path.lastElementChild, state.image.path.slice(state.image.path.lastIndexOf("/") + 1));
      document.title = `${state.image.path} · ${this.app.config.dataset}`;
    }
    setText(byId("lab-split"), state.image.split && state.image.split !== "none" ? state.image.split : "");
    const select = byId("lab-state");
    if (select.value !== state.imageState) select.value = state.imageState;
    byId("lab-state-dot").dataset.state = state.imageState;
    byId("lab-confirm").title = `Make it ${this.app.preferences.confirms()} and go to the next image`;
  }

  tools(state) {
    for (const tool of tools()) this.buttons.get(tool.action).made.setAttribute("aria-pressed", state.tool === tool.id);
    this.buttons.get("undo").made.disabled = !state.canUndo;
    this.buttons.get("redo").made.disabled = !(state.canRedo || this.app.undone.length);
    this.buttons.get("labels").made.setAttribute("aria-pressed", state.labels);
    this.buttons.get("hide").made.setAttribute("aria-pressed", state.hidden);
    if (this.keymap === this.keys.keymap) return;
    this.keymap = this.keys.keymap;
    for (const [id, { made, label }] of this.buttons) made.title = `${label}  ${(this.keymap[id] ?? []).map((key) => keyParts(key).join("+")).join("  ")}`;
    for (const node of document.querySelectorAll("[data-key-of]")) setText(node, keyParts(this.keymap[node.dataset.keyOf][0] ?? "").join("+"));
  }

  bottom(state) {
    if (!state.image) return;
    const { view, image, drag } = state;
    setText(byId("lab-zoom"), `${Math.round(view.scale * (window.devicePixelRatio || 1) * 100)} %`);
    setText(byId("lab-size"), `${image.width} × ${image.height}`);
    const at = this.app.pointed ? toImage(view, this.app.pointed) : null;
    const inside = at && at[0] >= 0 && at[1] >= 0 && at[0] < image.width && at[1] < image.height;
    setText(byId("lab-at"), inside ? `${Math.floor(at[0])}, ${Math.floor(at[1])}` : "");
    setText(byId("lab-rect"), rectText(state, drag));
    setText(byId("lab-mode"), hint(state, this.app));
  }
}

function rectText(state, drag) {
  if (drag?.kind === "draw") {
    const { w, h } = rectBetween(drag.start, drag.to, state.image);
    return `${w} × ${h}`;
  }
  const boxes = state.selection.length === 1 ? selectedBoxes(state) : [];
  if (boxes.length === 0) return state.selection.length ? `${state.selection.length} selected` : "";
  const { w, h } = shownBox(state, boxes[0]);
  return `${Math.round(w * 10) / 10} × ${Math.round(h * 10) / 10}`;
}

function hint({ tool, classId, hidden, path, vertex }, { classes }) {
  if (hidden) return "Boxes hidden";
  const name = classId === null ? "choose a class" : classes.get(classId).name;
  if (vertex) return "Corner held: arrows move it, Tab goes to the next, Enter adds one, Del deletes it, Esc lets go";
  if (path?.kind === "polygon") return `Outline of ${name}: ${path.points.length} points; Enter or a double click closes it, Backspace takes one back, Esc drops it`;
  if (path) return `Turned box of ${name}: click where its other side is, Esc drops it`;
  const { hint: told } = toolOf(tool);
  return told ? `${told} · ${name}` : `New boxes: ${name}`;
}
