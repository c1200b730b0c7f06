import test from "node:test";
import assert from "node:assert/strict";
import * as points from "../../assets/js/label/assist/points.js";
import { assistBench, settled } from "./assist_bench.mjs";
import { failing } from "./fake_assist.mjs";

const size = { width: 100, height: 100 };
const multi = (bench) => bench.app.dispatch({ type: "tool", tool: "multi-point" });
const segments = (bench) => bench.fake.seen.filter(({ path }) => path.endsWith("segment"));

test("points are put down, moved and taken back; beside the picture there are none", () => {
  let session = points.begin(1);
  session = points.addPoint(session, [10.04, 20], true, size);
  session = points.addPoint(session, [90, 20], false, size);
  assert.equal(points.addPoint(session, [-1, 20], true, size), session);
  assert.deepEqual(points.promptOf(session), { points: [[10, 20, 1], [90, 20, 0]] });
  assert.equal(points.pointAt(session, [88, 22], 5), 1);
  assert.equal(points.pointAt(session, [50, 50], 5), -1);
  session = points.movePoint(session, 0, [11, 21], size);
  assert.deepEqual(points.promptOf(session).points[0], [11, 21, 1]);
  assert.equal(points.promptOf(points.removePoint(session, 0)), null, "without a point on the object nothing is asked");
});

test("masks count only for the points they answer", () => {
  let session = points.addPoint(points.begin(1), [10, 10], true, size);
  session = points.answered(session, points.promptOf(session), [{ score: 1 }, { score: 0.5 }]);
  assert.ok(points.isFresh(session));
  assert.equal(points.chosen(points.nextMask(session)).score, 0.5);
  assert.ok(!points.isFresh(points.addPoint(session, [20, 20], false, size)));
});

test("the mask follows the points, and Enter takes the one on screen without asking again", async () => {
  const bench = assistBench();
  multi(bench);
  bench.pointMode.put([200, 200], true, false);
  bench.pointMode.put([260, 220], false, false);
  await bench.pause.now();
  assert.equal(segments(bench).length, 1);
  assert.deepEqual(segments(bench)[0].body, { points: [[200, 200, 1], [260, 220, 0]], client: "tab", request: 1 });
  bench.pointMode.next();
  await bench.pointMode.submit();
  assert.equal(segments(bench).length, 1);
  assert.equal(bench.app.state.boxes[0].w, 84, "the second mask was chosen");
  assert.equal(bench.pointMode.session, null);
});

test("of several previews only the newest is shown", async () => {
  const bench = assistBench();
  multi(bench);
  let release;
  bench.fake.hold = new Promise((done) => { release = done; });
  bench.pointMode.put([200, 200], true, false);
  const first = bench.pause.now();
  bench.pointMode.put([400, 400], true, false);
  const second = bench.pause.now();
  bench.fake.hold = null;
  release();
  await Promise.all([first, second]);
  assert.equal(bench.pointMode.session.masks[0].rect.w, 260);
  assert.deepEqual(bench.desk.runs.list.map(({ state }) => state), ["superseded", "done"]);
});

test("objects asked for come in order while the next one is begun", async () => {
  const bench = assistBench();
  multi(bench);
  let release;
  bench.fake.hold = new Promise((done) => { release = done; });
  bench.pointMode.put([100, 100], true, false);
  const first = bench.pointMode.submit();
  bench.pointMode.put([500, 500], true, false);
  const second = bench.pointMode.submit();
  bench.pointMode.put([800, 700], true, false);
  await settled();
  assert.equal(bench.pointMode.queued.length, 2);
  assert.deepEqual(bench.desk.runs.active().map(({ state }) => state), ["running", "waiting"]);
  bench.fake.hold = null;
  release();
  await Promise.all([first, second]);
  assert.deepEqual(bench.app.state.boxes.map(({ x }) => x), [70, 470]);
  assert.equal(bench.pointMode.session.points.length, 1, "the third object's point is still there");
  assert.equal(bench.app.state.selection.length, 0, "and nothing was selected under the hand");
});

test("an object asked for before leaving the image is put where it belongs", async () => {
  const bench = assistBench();
  multi(bench);
  let release;
  bench.fake.hold = new Promise((done) => { release = done; });
  bench.pointMode.put([100, 100], true, false);
  const done = bench.pointMode.submit();
  bench.open(2);
  bench.fake.hold = null;
  release();
  await done;
  const [entry] = bench.entries;
  assert.equal(entry.image_id, 1);
  assert.deepEqual(entry.edits.map(({ op }) => op), ["add", "state"]);
  assert.equal(bench.app.state.boxes.length, 0);
  assert.match(bench.toasts[0].text, /a\/1.jpg/);
});

test("one click is one object", async () => {
  const bench = assistBench();
  bench.app.dispatch({ type: "tool", tool: "sam-point" });
  await bench.pointMode.put([100, 100], true, true);
  assert.equal(bench.app.state.boxes.length, 1);
  assert.equal(bench.app.state.boxes[0].class_id, 1);
  assert.equal(bench.choice.next(), true, "its other masks can be looked at");
});

test("points that found nothing are there again", async () => {
  const bench = assistBench();
  multi(bench);
  bench.fake.replies.push(() => failing(422, "no_mask", "nothing there"));
  bench.pointMode.put([100, 100], true, false);
  bench.pointMode.put([120, 100], true, false);
  await bench.pointMode.submit();
  assert.equal(bench.pointMode.session.points.length, 2);
  assert.match(bench.toasts[0].text, /no object there/);
});

test("Escape drops the points, undo takes back one, and they wait for their image", async () => {
  const bench = assistBench();
  multi(bench);
  bench.pointMode.put([100, 100], true, false);
  bench.pointMode.put([120, 100], true, false);
  assert.equal(bench.pointMode.takeBack(), true);
  bench.open(2);
  assert.equal(bench.pointMode.session, null);
  bench.open(1);
  assert.equal(bench.pointMode.session.points.length, 1);
  assert.equal(bench.pointMode.drop(), true);
  assert.equal(bench.pointMode.drop(), false);
  await settled();
  assert.equal(segments(bench).length, 0);
});
