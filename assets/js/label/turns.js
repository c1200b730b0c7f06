// Turned boxes: a rectangle and a clockwise angle in degrees about its centre. Pure.
import { centre, corners, turnPoint } from "./geometry.js";
import { outlined, placePoint } from "./outline.js";

const tenth = (value) => Math.round(value * 10) / 10;

/** The same turn in (-180, 180], to a tenth of a degree. */
export function plainTurn(degrees) {
  const turn = tenth(((degrees % 360) + 540) % 360 - 180);
  return turn === -180 ? 180 : turn + 0;
}

/** A box has no front: the same rectangle with a turn in (-90, 90]. */
export function halfTurn(degrees) {
  const turn = plainTurn(degrees);
  return turn > 90 ? turn - 180 : turn <= -90 ? turn + 180 : turn;
}

const inside = (rings, { width, height }) => rings.flat().every(([x, y]) => x >= 0 && y >= 0 && x <= width && y <= height);
const turnRings = (rings, about, degrees) => rings.map((ring) => ring.map((point) => turnPoint(point, about, degrees)));

/** The box turned by so many degrees. An outline turns along; one that would leave the image stays as it is. */
export function turnBox(box, degrees, size) {
  if (!box.polygon) return { ...box, angle: plainTurn((box.angle ?? 0) + degrees) };
  const rings = turnRings(box.polygon, centre(box), degrees);
  if (!inside(rings, size)) return box;
  if (box.angle) return { ...box, angle: plainTurn(box.angle + degrees), polygon: rings };
  return outlined(box, rings.map((ring) => ring.map((point) => placePoint(point, size))));
}

/** Where the handle is by which a box is turned: above the middle of its top, `gap` image pixels away. */
export function turnHandle(box, gap) {
  const [nw, ne] = corners(box);
  const [mx, my] = [(nw[0] + ne[0]) / 2, (nw[1] + ne[1]) / 2];
  const a = ((box.angle ?? 0) * Math.PI) / 180;
  return [mx + Math.sin(a) * gap, my - Math.cos(a) * gap];
}

/** The turn at which the handle of a box points to `point`; in steps of `step` degrees. */
export function turnTowards(box, point, step = 1) {
  const [cx, cy] = centre(box);
  const degrees = (Math.atan2(point[0] - cx, cy - point[1]) * 180) / Math.PI;
  return plainTurn(Math.round(degrees / step) * step);
}

/** The turned box with one side from `a` to `b` whose opposite side goes through `c`: {x, y, w, h, angle}. */
export function boxOnSide(a, b, c) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const w = Math.hypot(dx, dy);
  if (w === 0) return null;
  const [nx, ny] = [-dy / w, dx / w];
  const depth = (c[0] - a[0]) * nx + (c[1] - a[1]) * ny;
  const [cx, cy] = [(a[0] + b[0]) / 2 + (nx * depth) / 2, (a[1] + b[1]) / 2 + (ny * depth) / 2];
  const h = Math.abs(depth);
  return { x: cx - w / 2, y: cy - h / 2, w, h, angle: halfTurn((Math.atan2(dy, dx) * 180) / Math.PI) };
}
