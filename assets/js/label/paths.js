// Outlines and turned boxes that are drawn point by point. Nothing is an edit before the last point. Pure.
// path is {kind: "polygon" | "turned", points: [[x, y], …], cursor: [x, y] | null}.
import { makeEdits } from "./batches.js";
import { encloses, outlined, placePoint, thinned } from "./outline.js";
import { boxOnSide } from "./turns.js";

/** What the finished path would be as fields of a new box, or null while it is nothing yet. */
export function shapeOf(path, last = null) {
  const points = last ? [...path.points, last] : path.points;
  return path.kind === "polygon" ? polygonOf(points) : turnedOf(points);
}

function polygonOf(points) {
  const ring = thinned(points);
  if (!encloses(ring)) return null;
  const { x, y, w, h, polygon } = outlined({}, [ring]);
  return w > 0 && h > 0 ? { x, y, w, h, polygon } : null;
}

function turnedOf([a, b, c]) {
  const box = c && boxOnSide(a, b, c);
  if (!box || box.w < 1 || box.h < 1) return null;
  return box.angle ? box : { x: box.x, y: box.y, w: box.w, h: box.h };
}

/** A turned box is complete with its third point. */
export const complete = (path) => path?.kind === "turned" && path.points.length >= 3;

function commit(state, shape, class_id, id) {
  const key = `${id}.0`;
  const next = makeEdits({ ...state, path: null }, id, [{ op: "add", key, class_id, ...shape }]);
  return { ...next, selection: [key], recent: [...next.recent, key] };
}

export const paths = {
  /** One more point; the first begins a path. */
  "path-point"(state, { kind, at }) {
    if (!state.image) return state;
    const point = placePoint(at, state.image);
    const path = state.path?.kind === kind ? state.path : { kind, points: [], cursor: null };
    return { ...state, selection: [], vertex: null, path: { ...path, points: [...path.points, point], cursor: point } };
  },
  /** The pointer is here: where the next point would be. */
  "path-cursor": (state, { at }) => (state.path ? { ...state, path: { ...state.path, cursor: at && placePoint(at, state.image) } } : state),
  "path-back"(state) {
    const points = state.path?.points.slice(0, -1) ?? [];
    return { ...state, path: points.length ? { ...state.path, points } : null };
  },
  "path-cancel": (state) => ({ ...state, path: null }),
  /** What was drawn becomes a box of this class; what encloses nothing is dropped. */
  "path-close"(state, { id, class_id = state.classId }) {
    const shape = state.path && shapeOf(state.path);
    if (!shape || class_id === null) return { ...state, path: null };
    return commit(state, shape, class_id, id);
  },
};
