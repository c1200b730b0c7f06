// Rectangles, turns and the view, in pixels of the upright image. Pure.
// A rect is {x, y, w, h}; a point [x, y]; a view {scale, tx, ty} with screen = image * scale + t, in CSS pixels.

export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
export const MIN_SIDE = 1;
export const MIN_SCALE = 0.01;
export const MAX_SCALE = 64;

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** The rectangle between two corners, its edges on whole pixels and inside the image. */
export function rectBetween([ax, ay], [bx, by], { width, height }) {
  const x0 = clamp(Math.round(Math.min(ax, bx)), 0, width);
  const y0 = clamp(Math.round(Math.min(ay, by)), 0, height);
  const x1 = clamp(Math.round(Math.max(ax, bx)), 0, width);
  const y1 = clamp(Math.round(Math.max(ay, by)), 0, height);
  return { x: x0, y: y0, w: x1 - x0, h: y1 - y0 };
}

/** Moved by whole pixels and kept inside the image; a box that already sticks out may stay as far out as it is. */
export function moveRect(rect, dx, dy, { width, height }) {
  const shift = (start, side, delta, limit) =>
    clamp(start + Math.round(delta), Math.min(0, start), Math.max(limit - side, start));
  return { x: shift(rect.x, rect.w, dx, width), y: shift(rect.y, rect.h, dy, height), w: rect.w, h: rect.h };
}

/** A point turned clockwise about another. */
export function turnPoint([x, y], [cx, cy], degrees) {
  const a = (degrees * Math.PI) / 180;
  const [c, s] = [Math.cos(a), Math.sin(a)];
  return [cx + (x - cx) * c - (y - cy) * s, cy + (x - cx) * s + (y - cy) * c];
}

export const centre = (rect) => [rect.x + rect.w / 2, rect.y + rect.h / 2];

/** The four corners of a box, clockwise from the top left, turned by its angle. */
export function corners(box) {
  const { x, y, w, h } = box;
  const plain = [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];
  return box.angle ? plain.map((p) => turnPoint(p, centre(box), box.angle)) : plain;
}

/** [minX, minY, maxX, maxY] of a box as it is drawn. */
export function bounds(box) {
  if (!box.angle) return [box.x, box.y, box.x + box.w, box.y + box.h];
  const points = corners(box);
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Where the eight handles of a box are, as {nw: [x, y], …}. */
export function handlePoints(box) {
  const [nw, ne, se, sw] = corners(box);
  const mid = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return { nw, n: mid(nw, ne), ne, e: mid(ne, se), se, s: mid(se, sw), sw, w: mid(sw, nw) };
}

export function contains(box, point, slack = 0) {
  const [x, y] = box.angle ? turnPoint(point, centre(box), -box.angle) : point;
  return x >= box.x - slack && y >= box.y - slack && x <= box.x + box.w + slack && y <= box.y + box.h + slack;
}

/** The point is on the outline, within `slack` image pixels. */
export function onOutline(box, point, slack) {
  const inner = { ...box, x: box.x + slack, y: box.y + slack, w: box.w - 2 * slack, h: box.h - 2 * slack };
  return contains(box, point, slack) && !(inner.w > 0 && inner.h > 0 && contains(inner, point));
}

/** Resized by dragging one handle to `point`. The opposite edge stays; crossing it turns the box inside out. */
export function resizeRect(box, handle, point, size) {
  const [px, py] = box.angle ? turnPoint(point, centre(box), -box.angle) : point;
  let [x0, y0, x1, y1] = [box.x, box.y, box.x + box.w, box.y + box.h];
  const limit = (v, max) => (box.angle ? v : clamp(Math.round(v), 0, max));
  if (handle.includes("w")) x0 = limit(px, size.width);
  if (handle.includes("e")) x1 = limit(px, size.width);
  if (handle.includes("n")) y0 = limit(py, size.height);
  if (handle.includes("s")) y1 = limit(py, size.height);
  const rect = { x: Math.min(x0, x1), y: Math.min(y0, y1), w: Math.abs(x1 - x0), h: Math.abs(y1 - y0) };
  return box.angle ? keepAnchor(box, rect) : atLeast(rect, size);
}

// A turned box is turned about its centre, and the centre has moved: put it where the untouched edge stays in place.
function keepAnchor(box, rect) {
  const [cx, cy] = turnPoint(centre(rect), centre(box), box.angle);
  const [w, h] = [Math.max(rect.w, MIN_SIDE), Math.max(rect.h, MIN_SIDE)];
  return { x: cx - w / 2, y: cy - h / 2, w, h };
}

function atLeast(rect, { width, height }) {
  const w = Math.max(rect.w, MIN_SIDE);
  const h = Math.max(rect.h, MIN_SIDE);
  return { x: clamp(rect.x, 0, Math.max(0, width - w)), y: clamp(rect.y, 0, Math.max(0, height - h)), w, h };
}

/** Right and bottom edges moved by whole pixels. */
export function growRect(rect, dw, dh, { width, height }) {
  const w = clamp(rect.w + dw, MIN_SIDE, Math.max(rect.w, width - rect.x));
  const h = clamp(rect.h + dh, MIN_SIDE, Math.max(rect.h, height - rect.y));
  return { x: rect.x, y: rect.y, w, h };
}

/** The rings of an outline carried along when its box goes from `from` to `to`. */
export function carryPolygon(rings, from, to) {
  const sx = from.w ? to.w / from.w : 1;
  const sy = from.h ? to.h / from.h : 1;
  return rings.map((ring) => ring.map(([x, y]) => [to.x + (x - from.x) * sx, to.y + (y - from.y) * sy]));
}

export const sameRect = (a, b) => a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h;

// --- the view ---

export const toScreen = (view, [x, y]) => [x * view.scale + view.tx, y * view.scale + view.ty];
export const toImage = (view, [x, y]) => [(x - view.tx) / view.scale, (y - view.ty) / view.scale];

/** The view that shows a rectangle as large as it goes, with a margin in screen pixels. */
export function fitRect(rect, screen, margin = 12, maxScale = MAX_SCALE) {
  const wide = Math.max(1, screen.width - 2 * margin) / Math.max(rect.w, 1);
  const high = Math.max(1, screen.height - 2 * margin) / Math.max(rect.h, 1);
  const scale = clamp(Math.min(wide, high), MIN_SCALE, maxScale);
  const [cx, cy] = centre(rect);
  return { scale, tx: screen.width / 2 - cx * scale, ty: screen.height / 2 - cy * scale };
}

/** Zoomed so that the image point under `at` (screen pixels) stays where it is. */
export function zoomAt(view, at, factor) {
  const scale = clamp(view.scale * factor, MIN_SCALE, MAX_SCALE);
  const [x, y] = toImage(view, at);
  return { scale, tx: at[0] - x * scale, ty: at[1] - y * scale };
}

/** Shifted so that some of the image stays in sight, wherever one pans. */
export function keepInSight(view, size, screen, margin = 48) {
  const hold = (t, length, room) => clamp(t, Math.min(margin - length, room - margin), Math.max(room - margin, 0));
  return {
    scale: view.scale,
    tx: hold(view.tx, size.width * view.scale, screen.width),
    ty: hold(view.ty, size.height * view.scale, screen.height),
  };
}
