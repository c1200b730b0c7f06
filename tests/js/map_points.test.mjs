import test from "node:test";
import assert from "node:assert/strict";
import { fitted, panned, pointSize, resized, toMap, toScreen, view, zoomed } from "../../assets/js/map/camera.js";
import { field, nearest, within } from "../../assets/js/map/field.js";
import { around, asSql, chosenBy, inside, rectangle, shortened, simpler } from "../../assets/js/map/shapes.js";
import { pace } from "../../assets/js/map/pace.js";

const size = [800, 600];
const near = (a, b) => a.forEach((value, at) => assert.ok(Math.abs(value - b[at]) < 1e-6, `${a} is not ${b}`));

/** Points that look random and are the same every time. */
function cloud(count) {
  let state = 7;
  const next = () => { state = (state * 1103515245 + 12345) & 0x7fffffff; return state / 0x7fffffff; };
  const x = new Float32Array(count), y = new Float32Array(count);
  for (let at = 0; at < count; at++) { x[at] = next() * 10 - 5; y[at] = next() * 4; }
  return { x, y, count };
}

test("a place on the map is where it was on the screen", () => {
  const camera = fitted([-3, -1, 5, 9], ...size);
  near(toMap(camera, size, ...toScreen(camera, size, 2.5, 4)), [2.5, 4]);
  near(toScreen(camera, size, 1, 4), [400, 300]);
  assert.ok(view(camera, size)[0] < -3 && view(camera, size)[3] > 9);
});

test("zooming keeps the place under the pointer, panning follows it", () => {
  const camera = fitted([0, 0, 1, 1], ...size), at = [120, 500];
  near(toMap(zoomed(camera, size, 3, at), size, ...at), toMap(camera, size, ...at));
  near(toMap(panned(camera, 30, -12), size, at[0] + 30, at[1] - 12), toMap(camera, size, ...at));
  assert.ok(zoomed(camera, size, 1e9).scale <= camera.home * 4000);
  assert.ok(pointSize(camera, 1e6) < pointSize(zoomed(camera, size, 50), 1e6));
});

test("a map seen whole is seen whole on a narrower stage, and as before on the wider one", () => {
  const bounds = [0, 0, 4, 3], camera = fitted(bounds, ...size), narrow = resized(camera, bounds, [500, 600]);
  near(Object.values(narrow), Object.values(fitted(bounds, 500, 600)));
  near(Object.values(resized(narrow, bounds, size)), Object.values(camera));
});

test("the grid finds every point of a rectangle, and the nearest one", () => {
  const points = cloud(3000), bounds = [-5, 0, 5, 4], grid = field(points, bounds);
  const wanted = [], found = [];
  for (let at = 0; at < points.count; at++) if (points.x[at] >= -1 && points.x[at] <= 2.5 && points.y[at] >= 0.3 && points.y[at] <= 1) wanted.push(at);
  within(grid, [-1, 0.3, 2.5, 1], (point) => found.push(point));
  assert.deepEqual(found.sort((a, b) => a - b), wanted);
  const far = (at) => (points.x[at] - 1) ** 2 + (points.y[at] - 2) ** 2;
  const best = [...points.x.keys()].reduce((best, at) => (far(at) < far(best) ? at : best), 0);
  assert.equal(nearest(grid, 1, 2, 3), best);
  assert.equal(nearest(grid, 1, 2, 3, () => false), -1);
  assert.equal(nearest(grid, 100, 100, 1), -1);
});

test("a lasso takes what is inside, and nothing that may not be seen", () => {
  const outline = [[-2, 0], [2, 0], [2, 3], [0, 1], [-2, 3]];
  assert.ok(inside(outline, -1.5, 1) && inside(outline, 1.5, 1) && !inside(outline, 0, 2) && !inside(outline, 5, 1));
  const points = cloud(1000), grid = field(points, [-5, 0, 5, 4]);
  const chosen = chosenBy([outline], grid, points.count, within, (point) => point % 2 === 0);
  for (let at = 0; at < points.count; at++) assert.equal(chosen[at] === 1, at % 2 === 0 && inside(outline, points.x[at], points.y[at]));
});

test("a rectangle is a rectangle in SQL, a lasso a list of edges, and a long one is shortened", () => {
  assert.equal(asSql(rectangle([2, 3], [-1, 0.5])), "x BETWEEN -1 AND 2 AND y BETWEEN 0.5 AND 3");
  const ring = Array.from({ length: 900 }, (_, at) => [Math.cos(at / 143.24) * 3, Math.sin(at / 143.24) * 2]);
  const short = shortened(ring);
  assert.ok(short.length <= 40 && short.length > 8, String(short.length));
  assert.equal(asSql(short).match(/\[-?[\d.]+, /g).length, short.length);
  near(around(simpler([[0, 0], [1, 0.001], [2, 0], [2, 2], [0, 2]], 0.01)), [0, 0, 2, 2]);
  assert.equal(simpler([[0, 0], [1, 0.001], [2, 0], [2, 2], [0, 2]], 0.01).length, 4);
});

test("frames that take long get fewer points while the map moves, and all of them at rest", () => {
  const drawn = [], frames = [];
  let time = 0;
  const moving = pace(1000000, (from, to) => drawn.push([from, to]), () => time, (frame) => frames.push(frame));
  const frame = (took) => { time += took; frames.shift()(); };
  for (let at = 0; at < 6; at++) { moving.again(); frame(60); }
  assert.ok(drawn.every(([from]) => from === 0) && drawn.at(-1)[1] < 200000 && drawn.at(-1)[1] >= 10000, String(drawn));
  moving.again();
  frame(2000); // even a machine that shows a thousandth of this
  moving.again();
  frame(16);
  assert.ok(drawn.at(-1)[1] <= 20000, String(drawn.at(-1)));
  while (frames.length > 0) frame(16); // it rests: the others follow, none twice and none left out
  const rest = drawn.slice(drawn.findLastIndex(([from]) => from === 0));
  assert.ok(rest.every(([from], at) => at === 0 || from === rest[at - 1][1]) && rest.at(-1)[1] === 1000000, String(rest));
  for (let at = 0; at < 40; at++) { moving.again(); frame(8); }
  assert.equal(moving.most(), 1000000);
});
