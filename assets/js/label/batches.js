// Making a batch of edits out of what is selected. Pure.
import { applyEdits, beforeOf } from "./edits.js";
import { carryPolygon, sameRect } from "./geometry.js";

/** A batch of edits, applied at once and handed out as `made`. */
export function makeEdits(state, id, edits) {
  if (edits.length === 0 || !state.image) return state;
  const words = edits.every(({ op }) => op === "comment" || op === "tag" || op === "resolve");
  const opens = state.imageState === "unlabelled" && !words && !edits.some((edit) => edit.op === "state");
  const batch = opens ? [...edits, { op: "state", value: "in_progress" }] : edits;
  const entry = {
    client_id: id, image_id: state.image.image_id, kind: "edits", base_revision: state.revision,
    edits: batch, before: beforeOf(state.boxes, batch),
  };
  return show({ ...state, pending: [...state.pending, entry], made: entry, canUndo: true, canRedo: false },
    applyEdits({ boxes: state.boxes, state: state.imageState }, batch));
}

/** The state with other boxes; what is gone is no longer selected, nor dragged. */
export function show(state, content) {
  const present = new Set(content.boxes.map((box) => box.id));
  const keep = (ids) => (ids.every((id) => present.has(id)) ? ids : ids.filter((id) => present.has(id)));
  const lost = Object.values(state.drag?.boxes ?? {}).some((box) => !present.has(box.id));
  const drag = lost ? null : state.drag;
  const vertex = state.vertex && present.has(state.vertex.id) ? state.vertex : null;
  return { ...state, boxes: content.boxes, imageState: content.state, selection: keep(state.selection), recent: keep(state.recent), drag, vertex };
}

export const boxById = (state, id) => state.boxes.find((box) => box.id === id) ?? null;
export const selectedBoxes = (state) => {
  if (state.selection.length === 0) return [];
  const chosen = new Set(state.selection);
  return state.boxes.filter((box) => chosen.has(box.id));
};

/** The edit that gives a box a new rectangle, its outline carried along. */
export function rectEdit(box, rect) {
  const edit = { op: "update", box_id: box.id, x: rect.x, y: rect.y, w: rect.w, h: rect.h };
  return box.polygon ? { ...edit, polygon: carryPolygon(box.polygon, box, rect) } : edit;
}

/** The edit that makes the shape of one box that of another: place, outline and turn. */
export function shapeEdit(from, to) {
  const edit = { op: "update", box_id: from.id, x: to.x, y: to.y, w: to.w, h: to.h };
  if (to.polygon) edit.polygon = to.polygon;
  if ((to.angle ?? 0) !== (from.angle ?? 0)) edit.angle = to.angle ?? 0;
  return edit;
}

export const sameShape = (a, b) =>
  sameRect(a, b) && (a.angle ?? 0) === (b.angle ?? 0) && (a.polygon === b.polygon || JSON.stringify(a.polygon) === JSON.stringify(b.polygon));
