import test from "node:test";
import assert from "node:assert/strict";
import * as g from "../../assets/js/label/geometry.js";

const size = { width: 100, height: 80 };
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("a rectangle dragged inside out is the same rectangle", () => {
  assert.deepEqual(g.rectBetween([30, 40], [10, 5], size), g.rectBetween([10, 5], [30, 40], size));
});

test("a one-pixel box covers exactly its pixel", () => {
  assert.deepEqual(g.rectBetween([4, 4], [5, 5], size), { x: 4, y: 4, w: 1, h: 1 });
});

test("every handle moves its own edges only", () => {
  const box = { x: 10, y: 10, w: 20, h: 20 };
  assert.deepEqual(g.resizeRect(box, "se", [40, 50], size), { x: 10, y: 10, w: 30, h: 40 });
  assert.deepEqual(g.resizeRect(box, "nw", [0, 5], size), { x: 0, y: 5, w: 30, h: 25 });
  assert.deepEqual(g.resizeRect(box, "n", [99, 4], size), { x: 10, y: 4, w: 20, h: 26 });
  assert.deepEqual(g.resizeRect(box, "w", [4, 99], size), { x: 4, y: 10, w: 26, h: 20 });
});

test("a resize past the opposite edge turns over and never vanishes", () => {
  const box = { x: 10, y: 10, w: 20, h: 20 };
  assert.deepEqual(g.resizeRect(box, "e", [4, 0], size), { x: 4, y: 10, w: 6, h: 20 });
  assert.equal(g.resizeRect(box, "e", [10, 0], size).w, 1);
});

test("the corner opposite to the dragged one stays when the box is turned", () => {
  const box = { x: 20, y: 20, w: 30, h: 10, angle: 30 };
  const before = g.corners(box)[0];
  const after = g.corners({ ...g.resizeRect(box, "se", [70, 60], size), angle: 30 })[0];
  near(before[0], after[0]);
  near(before[1], after[1]);
});

test("an imported box that sticks out is not pulled in by a small move", () => {
  assert.deepEqual(g.moveRect({ x: -5, y: 10, w: 20, h: 20 }, -3, 2, size), { x: -5, y: 12, w: 20, h: 20 });
});

test("fractions of an imported box survive a move", () => {
  assert.equal(g.moveRect({ x: 10.25, y: 0, w: 5, h: 5 }, 3.4, 0, size).x, 13.25);
});

test("zooming keeps the point under the pointer in place", () => {
  const view = { scale: 1.7, tx: 13, ty: -40 };
  const at = [321, 123];
  const after = g.toImage(g.zoomAt(view, at, 2.3), at);
  const before = g.toImage(view, at);
  near(after[0], before[0]);
  near(after[1], before[1]);
});

test("a fitted image is centred and wholly in sight", () => {
  const view = g.fitRect({ x: 0, y: 0, w: 4000, h: 1000 }, { width: 800, height: 600 });
  const [x0, y0] = g.toScreen(view, [0, 0]);
  const [x1, y1] = g.toScreen(view, [4000, 1000]);
  near(x0, 800 - x1);
  near(y0, 600 - y1);
  assert.ok(x0 >= 11.9 && x1 <= 788.1);
});

test("the image cannot be panned out of sight", () => {
  const view = g.keepInSight({ scale: 1, tx: 99999, ty: -99999 }, size, { width: 400, height: 300 });
  assert.ok(view.tx < 400 && view.ty + 80 > 0);
});

test("the outline of a box is its border and not its middle", () => {
  const box = { x: 10, y: 10, w: 40, h: 40 };
  assert.ok(g.onOutline(box, [10, 30], 2));
  assert.ok(g.onOutline(box, [51, 30], 2));
  assert.ok(!g.onOutline(box, [30, 30], 2));
  assert.ok(!g.onOutline(box, [60, 30], 2));
});

test("a turned box contains by its turned shape", () => {
  const box = { x: 0, y: 20, w: 60, h: 4, angle: 90 };
  assert.ok(g.contains(box, [30, 45]));
  assert.ok(!g.contains(box, [5, 22]));
});
