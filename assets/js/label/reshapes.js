// Commands that change the outline or the turn of one box. Pure.
// vertex is {id, ring, at}: the corner of an outline that keys work on.
import { boxById, makeEdits, shapeEdit } from "./batches.js";
import { movedVertex, nextVertex, outlined, placePoint, withoutVertex, withVertex } from "./outline.js";
import { turnBox } from "./turns.js";

/** The box and corner that keys work on, or null. */
export function heldVertex(state) {
  const { vertex } = state;
  if (!vertex || state.selection.length !== 1 || state.selection[0] !== vertex.id) return null;
  const box = state.drag?.boxes?.[vertex.id] ?? boxById(state, vertex.id);
  return box?.polygon?.[vertex.ring]?.[vertex.at] && !state.locked.has(box.id) ? { box, vertex } : null;
}

const oneBox = (state, box) => ({ [box.id]: box });

/** The box with a corner moved to a point. */
export const bentBox = (box, vertex, to, size) => outlined(box, movedVertex(box.polygon, vertex, placePoint(to, size)));

function reshape(state, id, box, rings, vertex) {
  return { ...makeEdits(state, id, [shapeEdit(box, outlined(box, rings))]), vertex };
}

export const reshapes = {
  /** A corner to work on by keys; none without `at`. */
  vertex(state, { id: _, box_id, ring, at }) {
    return { ...state, vertex: at === undefined ? null : { id: box_id, ring, at } };
  },
  "vertex-first"(state) {
    const box = state.selection.length === 1 ? boxById(state, state.selection[0]) : null;
    return box?.polygon && !state.locked.has(box.id) ? { ...state, vertex: { id: box.id, ring: 0, at: 0 } } : state;
  },
  "vertex-step"(state, { by }) {
    const held = heldVertex(state);
    return held ? { ...state, vertex: { id: held.box.id, ...nextVertex(held.box.polygon, held.vertex, by) } } : state;
  },
  /** A corner more, on the side after the held one or where {ring, at, point} says. */
  "vertex-add"(state, { id, box_id, side }) {
    const held = side ? { box: boxById(state, box_id) } : heldVertex(state);
    if (!held?.box?.polygon) return state;
    const { box } = held;
    const place = side ?? sideAfter(box.polygon, held.vertex);
    const rings = withVertex(box.polygon, place, placePoint(place.point, state.image));
    return reshape(state, id, box, rings, { id: box.id, ring: place.ring, at: place.at });
  },
  "vertex-delete"(state, { id }) {
    const held = heldVertex(state);
    const rings = held && withoutVertex(held.box.polygon, held.vertex);
    if (!rings) return state;
    const { ring, at } = held.vertex;
    const vertex = rings[ring] && rings.length === held.box.polygon.length ? { id: held.box.id, ring, at: at % rings[ring].length } : { id: held.box.id, ring: 0, at: 0 };
    return reshape(state, id, held.box, rings, vertex);
  },
  /** One press of an arrow key on a corner; presses add up until `drag-end`. */
  "vertex-keys"(state, { dx = 0, dy = 0 }) {
    const held = heldVertex(state);
    if (!held) return state;
    const [x, y] = held.box.polygon[held.vertex.ring][held.vertex.at];
    const from = state.drag?.kind === "keys" ? state.drag.from : oneBox(state, held.box);
    return { ...state, drag: { kind: "keys", from, boxes: oneBox(state, bentBox(held.box, held.vertex, [x + dx, y + dy], state.image)) } };
  },
  turn(state, { box_id, angle, id }) {
    const box = boxById(state, box_id);
    const next = box && !state.locked.has(box_id) ? turnBox(box, angle - (box.angle ?? 0), state.image) : box;
    return next === box ? state : makeEdits(state, id, [shapeEdit(box, next)]);
  },
};

function sideAfter(rings, { ring, at }) {
  const [a, b] = [rings[ring][at], rings[ring][(at + 1) % rings[ring].length]];
  return { ring, at: at + 1, point: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
}
