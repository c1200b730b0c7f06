// Commands while the pointer (or a held arrow key) is at work: nothing is an edit until the drag ends. Pure.
// drag is {kind: "draw" | "move" | "resize" | "keys", start, to, handle?, from: {id: box}, boxes: {id: box}}.
import { carryPolygon, growRect, moveRect, rectBetween, resizeRect, sameRect } from "./geometry.js";
import { makeEdits, rectEdit, selectedBoxes } from "./batches.js";

const byId = (boxes) => Object.fromEntries(boxes.map((box) => [box.id, box]));

function reshaped(box, rect) {
  return { ...box, ...rect, ...(box.polygon ? { polygon: carryPolygon(box.polygon, box, rect) } : {}) };
}

const mapBoxes = (from, change) => Object.fromEntries(Object.entries(from).map(([id, box]) => [id, reshaped(box, change(box))]));

function commit(state, id) {
  const { drag } = state;
  const idle = { ...state, drag: null };
  if (drag.kind === "draw") return commitDrawn(idle, drag, id);
  const changed = Object.entries(drag.boxes).filter(([key, box]) => !sameRect(box, drag.from[key]));
  return makeEdits(idle, id, changed.map(([key, box]) => rectEdit(drag.from[key], box)));
}

function commitDrawn(state, drag, id) {
  const rect = rectBetween(drag.start, drag.to, state.image);
  if (rect.w < 1 || rect.h < 1 || state.classId === null) return state;
  const key = `${id}.0`;
  const next = makeEdits(state, id, [{ op: "add", key, class_id: state.classId, ...rect }]);
  return { ...next, selection: [key], recent: [...next.recent, key] };
}

export const drags = {
  "drag-begin"(state, { kind, at, handle }) {
    const from = kind === "draw" ? {} : byId(selectedBoxes(state));
    return { ...state, drag: { kind, start: at, to: at, handle, from, boxes: from } };
  },
  "drag-to"(state, { at }) {
    const { drag } = state;
    if (!drag) return state;
    const [dx, dy] = [at[0] - drag.start[0], at[1] - drag.start[1]];
    let { boxes } = drag;
    if (drag.kind === "move") boxes = mapBoxes(drag.from, (box) => moveRect(box, dx, dy, state.image));
    if (drag.kind === "resize") boxes = mapBoxes(drag.from, (box) => resizeRect(box, drag.handle, at, state.image));
    return { ...state, drag: { ...drag, to: at, boxes } };
  },
  "drag-end": (state, { id }) => (state.drag ? commit(state, id) : state),
  "drag-cancel": (state) => ({ ...state, drag: null }),

  /** One press of an arrow key on the selected boxes; presses add up until `drag-end`, so a held key is one edit. */
  keys(state, { dx = 0, dy = 0, dw = 0, dh = 0 }) {
    if (state.selection.length === 0) return state;
    const from = state.drag?.kind === "keys" ? state.drag.from : byId(selectedBoxes(state));
    const now = state.drag?.kind === "keys" ? state.drag.boxes : from;
    const change = (box) => growRect(moveRect(box, dx, dy, state.image), dw, dh, state.image);
    return { ...state, drag: { kind: "keys", from, boxes: mapBoxes(now, change) } };
  },
};

/** The boxes as they are drawn at this moment: those of a drag where the drag has them. */
export const shownBox = (state, box) => state.drag?.boxes?.[box.id] ?? box;
