// What each action of the key map does.
import { ACTIONS } from "./action_list.js";
import { project } from "./edits.js";
import { selectedBoxes } from "./batches.js";
import { corners } from "./geometry.js";
import { sameBox } from "./merge.js";
import { PEOPLE_ROWS } from "./people/rows.js";
import { handlerOf } from "./registry.js";
import { shapeActions } from "./shape_actions.js";

const STEPS = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
const MEANT_MS = 700; // an Escape so soon after one that gave something up was meant for the same
const counted = (n) => `${n} ${n === 1 ? "box" : "boxes"}`;

async function confirmImage(app, navigator) {
  if (!app.state.image) return;
  const reached = app.state.imageState === "reviewed" ? "reviewed" : app.preferences.confirms();
  app.dispatch({ type: "image-state", value: reached });
  app.say(`Image ${reached}`);
  await navigator.next();
}

function deleteSelected(app) {
  const { selection, locked } = app.state;
  const count = selection.filter((id) => !locked.has(id)).length;
  if (count < selection.length) app.toast({ text: `${counted(selection.length - count)} locked, not deleted.` });
  if (count === 0) return;
  app.dispatch({ type: "delete" });
  app.say(`${counted(count)} deleted`);
  if (count > 1) app.toast({ text: `${counted(count)} deleted.`, actions: [{ label: "Undo", run: () => app.undo() }] });
}

function duplicate(app) {
  const step = Math.max(2, Math.round(12 / app.state.view.scale));
  app.dispatch({ type: "paste", boxes: selectedBoxes(app.state), dx: step, dy: step });
}

function paste(app, boxes, from) {
  const fresh = boxes.filter((box) => !app.state.boxes.some((here) => sameBox({ ...here, state: box.state }, box)));
  if (fresh.length === 0) return app.toast({ text: boxes.length ? `The ${counted(boxes.length)} of ${from} are here already.` : `There are no boxes on ${from}.` });
  app.dispatch({ type: "paste", boxes: fresh });
  app.toast({ text: `${counted(fresh.length)} copied from ${from}.`, actions: [{ label: "Undo", run: () => app.undo() }] });
}

async function copyPrevious(app, navigator) {
  const here = navigator.here();
  const id = navigator.behind.at(-1) ?? (await navigator.known())?.previous ?? null;
  if (id === null) return app.toast({ text: "There is no previous image." });
  const record = await app.images.load(id).catch(() => null);
  if (navigator.here() !== here) return;
  if (!record) return app.toast({ kind: "danger", text: "The previous image cannot be read now." });
  const { boxes } = project({ boxes: record.boxes, state: record.image.state }, app.sync.pendingFor(id));
  paste(app, boxes, "the previous image");
}

function takeTool(app, tool) {
  app.dispatch({ type: "tool", tool });
  app.focusCanvas();
}

function zoomAlong(app) {
  const on = !app.preferences.zoomAlong();
  app.preferences.setZoomAlong(on);
  app.toast({ text: on ? "From box to box, the view zooms along." : "From box to box, the view stays." });
}

/** A model assist: done by whoever has registered it. */
function assist(app, id, label, on) {
  const run = handlerOf(id);
  return run ? run(app, on) : app.toast({ text: `No model for “${label}”.` });
}

/** A new box without a pointer: the middle of the view, a quarter of it wide. */
function newBox(app) {
  const { view, screen, image, tool } = app.state;
  if (!["draw", "polygon", "turned"].includes(tool) || !image) return;
  const [w, h] = [Math.min(image.width, screen.width / view.scale) / 4, Math.min(image.height, screen.height / view.scale) / 4];
  const x = Math.min(Math.max(0, (screen.width / 2 - view.tx) / view.scale - w / 2), image.width - w);
  const y = Math.min(Math.max(0, (screen.height / 2 - view.ty) / view.scale - h / 2), image.height - h);
  const rect = { x: Math.round(x), y: Math.round(y), w: Math.max(1, Math.round(w)), h: Math.max(1, Math.round(h)) };
  const outline = tool === "polygon" ? { polygon: [corners(rect)] } : {};
  const add = (class_id) => {
    app.dispatch({ type: "add", box: { class_id, ...rect, ...outline } });
    if (tool === "polygon") app.dispatch({ type: "vertex-first" });
  };
  app.state.classId === null ? app.askClass(add) : add(app.state.classId);
}

function cycle(app, by) {
  app.dispatch({ type: "cycle", by, among: app.listed });
  app.dispatch({ type: app.preferences.zoomAlong() ? "zoom-selection" : "reveal" });
  const [box] = selectedBoxes(app.state);
  if (box) app.say(`${app.classes.get(box.class_id).name}, ${Math.round(box.w)} by ${Math.round(box.h)}`);
}

function stepClass(app, by) {
  const list = app.classes.ordered;
  if (list.length === 0) return;
  const at = list.findIndex((item) => item.class_id === app.state.classId);
  app.chooseClass(list[(at + by + list.length) % list.length].class_id);
}

/** Gives up what was begun last; false when there was nothing. */
function cancel(app, { pointer }) {
  if (pointer.abort() || app.assist?.cancel()) return true;
  if (app.state.drag) app.dispatch({ type: "drag-cancel" });
  else if (app.state.path) app.dispatch({ type: "path-cancel" });
  else if (app.state.vertex) app.dispatch({ type: "vertex" });
  else if (app.state.tool !== "select") app.dispatch({ type: "tool", tool: "select" });
  else if (app.state.selection.length) app.dispatch({ type: "select", ids: [] });
  else return false;
  return true;
}

/** Escape gives up one thing after another; only one that was not meant for any of them leaves the canvas. */
function escape(app, parts) {
  if (cancel(app, parts)) {
    app.gaveUp = performance.now();
    // Whatever had the focus may be gone with it.
    if (document.activeElement === document.body) app.focusCanvas();
  } else if (performance.now() - app.gaveUp > MEANT_MS) {
    parts.canvas.blur();
  }
}

/** action id → function; `parts` are {app, navigator, pointer, canvas, popups, panel}. */
export function createActions(parts) {
  const { app, navigator, popups, panel } = parts;
  const actions = {
    confirm: () => confirmImage(app, navigator),
    "next-image": () => navigator.next(),
    "previous-image": () => navigator.previous(),
    "next-image-arrow": () => navigator.next(),
    "previous-image-arrow": () => navigator.previous(),
    "next-unreviewed": () => navigator.unreviewed("next"),
    "previous-unreviewed": () => navigator.unreviewed("previous"),
    skip: async () => { app.dispatch({ type: "image-state", value: "skipped" }); await navigator.next(); },
    "go-to": () => popups.goTo.open(),
    draw: () => takeTool(app, "draw"),
    polygon: () => takeTool(app, "polygon"),
    turned: () => takeTool(app, "turned"),
    select: () => takeTool(app, "select"),
    "new-box": () => newBox(app),
    "next-box": () => cycle(app, 1),
    "previous-box": () => cycle(app, -1),
    "select-all": () => app.dispatch({ type: "select-all" }),
    delete: () => deleteSelected(app),
    "delete-last": () => app.dispatch({ type: "delete-last" }),
    duplicate: () => duplicate(app),
    copy: () => { app.preferences.setClipboard(selectedBoxes(app.state)); app.toast({ text: `${counted(app.state.selection.length)} copied.` }); },
    paste: () => paste(app, app.preferences.clipboard(), "the clipboard"),
    "copy-previous": () => copyPrevious(app, navigator),
    undo: () => (app.state.path ? app.dispatch({ type: "path-back" }) : app.undo()),
    redo: () => app.redo(),
    "find-class": () => app.askClass((id) => app.chooseClass(id)),
    "next-class": () => stepClass(app, 1),
    "previous-class": () => stepClass(app, -1),
    fit: () => app.dispatch({ type: "fit" }),
    "zoom-selection": () => app.dispatch({ type: "zoom-selection" }),
    "actual-size": () => app.dispatch({ type: "zoom-to", scale: 1 / (window.devicePixelRatio || 1), at: app.pointed }),
    "zoom-in": () => app.dispatch({ type: "zoom", factor: 1.25, at: app.pointed }),
    "zoom-out": () => app.dispatch({ type: "zoom", factor: 0.8, at: app.pointed }),
    hide: (on = !app.state.hidden) => app.dispatch({ type: "hide", on }),
    "zoom-along": () => zoomAlong(app),
    adjust: () => popups.adjust.toggle(),
    "adjust-reset": () => popups.adjust.reset(),
    minimap: () => popups.minimap.toggle(),
    objects: () => panel.toObjects(),
    labels: () => app.dispatch({ type: "labels" }),
    panel: () => panel.toggle(),
    help: () => popups.help.open(),
    cancel: () => escape(app, parts),
  };
  Object.assign(actions, shapeActions(app));
  for (const [way, [x, y]] of Object.entries(STEPS)) {
    actions[`pan-${way}`] = () => app.dispatch({ type: "pan", dx: (-x * app.state.screen.width) / 8, dy: (-y * app.state.screen.height) / 8 });
    for (const [suffix, by] of [["", 1], ["-10", 10]]) {
      actions[`nudge-${way}${suffix}`] = () => app.dispatch({ type: "keys", dx: x * by, dy: y * by });
      actions[`vertex-${way}${suffix}`] = () => app.dispatch({ type: "vertex-keys", dx: x * by, dy: y * by });
      actions[`grow-${way}${suffix}`] = () => app.dispatch({ type: "keys", dw: x * by, dh: y * by });
    }
  }
  for (const { id } of PEOPLE_ROWS) actions[id] = () => popups.people[id]();
  for (let n = 1; n <= 9; n++) {
    actions[`class-${n}`] = () => app.classes.digits.has(n) && app.chooseClass(app.classes.digits.get(n));
    actions[`pin-${n}`] = () => app.pinClass(n);
  }
  for (const { id, label } of ACTIONS.filter((action) => action.assist)) actions[id] = (on) => assist(app, id, label, on);
  return actions;
}
