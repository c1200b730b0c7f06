// Commands while the pointer (or a held arrow key) is at work: nothing is an edit until the drag ends. Pure.
// drag is {kind: "draw" | "move" | "resize" | "turn" | "bend" | "keys", start, to, handle?, from: {id: box}, boxes: {id: box}}.
import { carryPolygon, growRect, moveRect, rectBetween, resizeRect } from "./geometry.js";
import { makeEdits, sameShape, selectedBoxes, shapeEdit } from "./batches.js";
import { unlocked } from "./marks.js";
import { bentBox } from "./reshapes.js";
import { turnBox, turnTowards } from "./turns.js";

const byId = (boxes) => Object.fromEntries(boxes.map((box) => [box.id, box]));

function reshaped(box, rect) {
  return { ...box, ...rect, ...(box.polygon ? { polygon: carryPolygon(box.polygon, box, rect) } : {}) };
}

const mapBoxes = (from, change) => Object.fromEntries(Object.entries(from).map(([id, box]) => [id, change(box)]));
const mapRects = (from, change) => mapBoxes(from, (box) => reshaped(box, change(box)));

function commit(state, id) {
  const { drag } = state;
  const idle = { ...state, drag: null };
  if (drag.kind === "draw") return commitDrawn(idle, drag, id);
  const changed = Object.entries(drag.boxes).filter(([key, box]) => !sameShape(box, drag.from[key]));
  return makeEdits(idle, id, changed.map(([key, box]) => shapeEdit(drag.from[key], box)));
}

function commitDrawn(state, drag, id) {
  const rect = rectBetween(drag.start, drag.to, state.image);
  if (rect.w < 1 || rect.h < 1 || state.classId === null) return state;
  const key = `${id}.0`;
  const next = makeEdits(state, id, [{ op: "add", key, class_id: state.classId, ...rect }]);
  return { ...next, selection: [key], recent: [...next.recent, key] };
}

/** What each kind of drag makes of a box. */
const SHAPERS = {
  move: ({ start }, at, size) => (box) => reshaped(box, moveRect(box, at[0] - start[0], at[1] - start[1], size)),
  resize: ({ handle }, at, size) => (box) => reshaped(box, resizeRect(box, handle, at, size)),
  turn: ({ step }, at, size) => (box) => turnBox(box, turnTowards(box, at, step) - (box.angle ?? 0), size),
  bend: ({ handle }, at, size) => (box) => bentBox(box, handle, at, size),
};

export const drags = {
  /** @param command {kind, at, handle?}; handle is an edge or corner, or for "bend" a corner of the outline */
  "drag-begin"(state, { kind, at, handle }) {
    const from = kind === "draw" ? {} : byId(unlocked(state, selectedBoxes(state)));
    return { ...state, drag: { kind, start: at, to: at, handle, from, boxes: from } };
  },
  "drag-to"(state, { at, step = 1 }) {
    const { drag } = state;
    if (!drag) return state;
    const shaper = SHAPERS[drag.kind];
    const boxes = shaper ? mapBoxes(drag.from, shaper({ ...drag, step }, at, state.image)) : drag.boxes;
    return { ...state, drag: { ...drag, to: at, boxes } };
  },
  "drag-end": (state, { id }) => (state.drag ? commit(state, id) : state),
  "drag-cancel": (state) => ({ ...state, drag: null }),

  /** One press of an arrow or turning key on the selected boxes; presses add up until `drag-end`: a held key is one edit. */
  keys(state, { dx = 0, dy = 0, dw = 0, dh = 0, turn = 0 }) {
    const held = state.drag?.kind === "keys" ? state.drag : null;
    const from = held?.from ?? byId(unlocked(state, selectedBoxes(state)));
    if (Object.keys(from).length === 0) return state;
    const change = (box) => growRect(moveRect(box, dx, dy, state.image), dw, dh, state.image);
    const now = held?.boxes ?? from;
    const boxes = turn ? mapBoxes(now, (box) => turnBox(box, turn, state.image)) : mapRects(now, change);
    return { ...state, drag: { kind: "keys", from, boxes } };
  },
};

/** The boxes as they are drawn at this moment: those of a drag where the drag has them. */
export const shownBox = (state, box) => state.drag?.boxes?.[box.id] ?? box;
