// Outlines: rings of points in pixels of the upright image, and the rectangle that fits tightly around them. Pure.
import { clamp } from "./geometry.js";

/** Points are kept to a tenth of a pixel: finer than anybody can place one, short to store. */
const tenth = (value) => Math.round(value * 10) / 10;

/** A point on the grid of tenths and inside the image. */
export const placePoint = ([x, y], { width, height }) => [clamp(tenth(x), 0, width), clamp(tenth(y), 0, height)];

/** The smallest upright rectangle around all rings. */
export function tightRect(rings) {
  const points = rings.flat();
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/** The box with another outline; its rectangle follows. */
export const outlined = (box, rings) => ({ ...box, ...tightRect(rings), polygon: rings });

/** Twice the signed area of a ring (shoelace). */
const twiceArea = (ring) => ring.reduce((sum, [x, y], i) => {
  const [nx, ny] = ring[(i + 1) % ring.length];
  return sum + x * ny - nx * y;
}, 0);

/** Without points that repeat their neighbour (a double click leaves one), within `slack`. */
export function thinned(points, slack = 0.05) {
  const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) > slack;
  const kept = points.filter((point, i) => i === 0 || apart(point, points[i - 1]));
  while (kept.length > 1 && !apart(kept[0], kept.at(-1))) kept.pop();
  return kept;
}

/** A ring that encloses something: three points or more, not all on a line. */
export const encloses = (ring) => ring.length >= 3 && Math.abs(twiceArea(ring)) > 0.5;

/** The point is inside by the even-odd rule, so that inner rings are holes. */
export function insideRings(rings, [x, y]) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [[ax, ay], [bx, by]] = [ring[i], ring[j]];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
  }
  return inside;
}

/** The corner nearest to a point within `slack`: {ring, at}, or null. */
export function vertexNear(rings, [x, y], slack) {
  let best = null;
  let nearest = slack;
  rings.forEach((points, ring) => points.forEach(([px, py], at) => {
    const distance = Math.hypot(px - x, py - y);
    if (distance <= nearest) [nearest, best] = [distance, { ring, at }];
  }));
  return best;
}

function onSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return [ax + along * dx, ay + along * dy];
}

/** The side nearest to a point within `slack`: {ring, at, point}, where a corner put in at `at` splits it; or null. */
export function sideNear(rings, point, slack) {
  let best = null;
  let nearest = slack;
  rings.forEach((points, ring) => points.forEach((from, i) => {
    const foot = onSegment(point, from, points[(i + 1) % points.length]);
    const distance = Math.hypot(foot[0] - point[0], foot[1] - point[1]);
    if (distance <= nearest) [nearest, best] = [distance, { ring, at: i + 1, point: foot }];
  }));
  return best;
}

const changed = (rings, ring, change) => rings.map((points, i) => (i === ring ? change(points) : points));

export const movedVertex = (rings, { ring, at }, to) => changed(rings, ring, (points) => points.with(at, to));
export const withVertex = (rings, { ring, at }, point) => changed(rings, ring, (points) => points.toSpliced(at, 0, point));

/** Without one corner; a ring of three goes altogether, and the last ring stays: then null. */
export function withoutVertex(rings, { ring, at }) {
  if (rings[ring].length > 3) return changed(rings, ring, (points) => points.toSpliced(at, 1));
  return rings.length > 1 ? rings.toSpliced(ring, 1) : null;
}

/** The corner `by` steps further, through all rings. */
export function nextVertex(rings, { ring, at }, by) {
  const all = rings.flatMap((points, r) => points.map((_, i) => ({ ring: r, at: i })));
  const here = all.findIndex((v) => v.ring === ring && v.at === at);
  return all[(here + by + all.length) % all.length];
}

/** Corners can be told apart on the screen, so that they may be shown and taken hold of. */
export function roomForVertices(rings, scale) {
  let [around, count] = [0, 0];
  for (const ring of rings) {
    count += ring.length;
    ring.forEach(([x, y], i) => { around += Math.hypot(x - ring[(i + 1) % ring.length][0], y - ring[(i + 1) % ring.length][1]); });
  }
  return count > 0 && (around * scale) / count >= 9;
}
