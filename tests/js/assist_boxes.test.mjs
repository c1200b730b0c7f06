import test from "node:test";
import assert from "node:assert/strict";
import { assistBench, settled } from "./assist_bench.mjs";
import { failing } from "./fake_assist.mjs";

const held = (bench) => {
  let release;
  bench.fake.hold = new Promise((done) => { release = done; });
  return () => { bench.fake.hold = null; release(); };
};
const sam = (bench) => bench.app.dispatch({ type: "tool", tool: "sam" });
const kinds = (bench) => bench.entries.map(({ edits }) => edits.map(({ op }) => op).join("+"));

test("a loosely drawn box is an edit at once, and the fitted one a second edit", async () => {
  const bench = assistBench();
  sam(bench);
  const release = held(bench);
  const id = bench.draw([100, 100], [300, 200]);
  assert.deepEqual(kinds(bench), ["add+state"], "drawn before the model has answered");
  release();
  await settled();
  assert.deepEqual(kinds(bench), ["add+state", "update"]);
  const box = bench.box(id);
  assert.deepEqual([box.x, box.y, box.w, box.h], [120, 110, 160, 80]);
  assert.equal(box.polygon.length, 1);
  assert.deepEqual(bench.fake.seen.find(({ path }) => path.endsWith("segment")).body, { box: [100, 100, 200, 100] });
});

test("a box that got its number meanwhile is still fitted", async () => {
  const bench = assistBench();
  sam(bench);
  const release = held(bench);
  const key = bench.draw([100, 100], [300, 200]);
  bench.number({ [key]: 41 });
  release();
  await settled();
  assert.equal(bench.entries.at(-1).edits[0].box_id, 41);
  assert.equal(bench.box(key).w, 160);
});

for (const [what, change] of Object.entries({
  moved: (bench, id) => bench.app.dispatch({ type: "rect", box_id: id, rect: { x: 5, y: 5, w: 50, h: 50 } }),
  deleted: (bench) => bench.app.dispatch({ type: "delete" }),
  "being dragged": (bench) => bench.app.dispatch({ type: "drag-begin", kind: "move", at: [150, 150] }),
  "left behind with its image": (bench) => bench.open(2),
})) {
  test(`a box ${what} before the answer comes is left alone`, async () => {
    const bench = assistBench();
    sam(bench);
    const release = held(bench);
    const id = bench.draw([100, 100], [300, 200]);
    change(bench, id);
    const before = bench.entries.length;
    release();
    await settled();
    assert.equal(bench.entries.length, before);
  });
}

test("a mask of something else does not replace the box", async () => {
  const bench = assistBench();
  sam(bench);
  bench.fake.replies.push(() => ({ status: 200, body: { box: [700, 600, 20, 20], polygon: [], score: 0.5, ms: {} } }));
  const id = bench.draw([100, 100], [300, 200]);
  await settled();
  assert.equal(bench.box(id).w, 200);
  assert.match(bench.toasts.at(-1).text, /another object/);
});

test("with other tools a drawn box is not fitted", async () => {
  const bench = assistBench();
  bench.draw([100, 100], [300, 200]);
  await settled();
  assert.equal(bench.fake.seen.length, 0);
});

test("without a model the box stays, and the message says what to do, once", async () => {
  const bench = assistBench();
  sam(bench);
  for (let i = 0; i < 2; i++) bench.fake.replies.push(() => failing(503, "no_model", "no segmenter", "tator models pull mobilesam"));
  bench.draw([100, 100], [300, 200]);
  await settled();
  bench.draw([400, 100], [500, 200]);
  await settled();
  assert.equal(bench.app.state.boxes.length, 2);
  assert.deepEqual(bench.toasts.map(({ hint }) => hint), ["tator models pull mobilesam"]);
});

test("the key fits the selected boxes with any tool, in one edit", async () => {
  const bench = assistBench();
  bench.draw([100, 100], [300, 200]);
  bench.draw([400, 100], [500, 200]);
  bench.app.dispatch({ type: "select-all" });
  await bench.refine.tweak();
  assert.equal(bench.entries.length, 3);
  assert.deepEqual(bench.entries[2].edits.map(({ op, w }) => [op, w]), [["update", 160], ["update", 80]]);
  assert.deepEqual(bench.app.state.boxes.map(({ w }) => w), [160, 80]);
});

test("with nothing selected the key says what to do", async () => {
  const bench = assistBench();
  await bench.refine.tweak();
  assert.match(bench.toasts[0].text, /Select a box/);
});

test("a tweak waits eight seconds for an image that is still being encoded, and says so", async () => {
  const waits = [];
  const bench = assistBench({ later: (work, ms) => waits.push({ work, ms }) });
  bench.desk.status = { slots: [{ image_id: 1, state: "encoding" }] };
  bench.draw([100, 100], [300, 200]);
  const release = held(bench);
  const done = bench.refine.tweak();
  await settled();
  assert.equal(waits[0].ms, 8000);
  waits[0].work();
  await done;
  assert.match(bench.toasts[0].text, /still reading this image after 8.0 s/);
  assert.equal(bench.entries.length, 1);
  release();
  bench.toasts[0].actions[0].run();
  await settled();
  assert.equal(bench.entries.length, 2, "waiting longer fits it");
});

test("a request the server found stale is asked again: a person wanted it", async () => {
  const bench = assistBench();
  bench.draw([100, 100], [300, 200]);
  bench.fake.replies.push(() => failing(409, "superseded"));
  await bench.refine.tweak();
  assert.equal(bench.entries.length, 2);
  const bodies = bench.fake.seen.map(({ body }) => body);
  assert.ok(bodies.every((body) => body.client === undefined), "no name of the tab, so nothing newer drops it");
});

test("the other masks are looked through with a key, and only taken when accepted", async () => {
  const bench = assistBench();
  const id = bench.draw([100, 100], [300, 200]);
  await bench.refine.tweak();
  assert.equal(bench.choice.next(), true);
  assert.equal(bench.choice.shown.score, 0.81);
  assert.equal(bench.entries.length, 2, "looking changes nothing");
  assert.equal(bench.choice.accept(), true);
  assert.equal(bench.box(id).w, 224);
  bench.choice.next();
  assert.equal(bench.choice.drop(), true);
  assert.equal(bench.choice.accept(), false);
  bench.app.dispatch({ type: "rect", box_id: id, rect: { x: 1, y: 1, w: 9, h: 9 } });
  const seen = bench.fake.seen.length;
  assert.equal(bench.choice.next(), true, "a box changed since is asked about anew");
  await settled();
  assert.deepEqual(bench.fake.seen[seen].body.box, [1, 1, 9, 9]);
  assert.equal(bench.fake.seen[seen].body.alternatives, true);
});

test("a model that gave one mask is asked for others, and the box stays until one is taken", async () => {
  const bench = assistBench();
  const id = bench.draw([100, 100], [300, 200]);
  const before = { ...bench.box(id) };
  assert.equal(bench.choice.next(), true);
  await settled();
  assert.ok(bench.choice.looking);
  assert.equal(bench.box(id).w, before.w);
  assert.equal(bench.choice.drop(), true);
  assert.equal(bench.choice.looking, false);
  bench.choice.next();
  await settled();
  assert.equal(bench.choice.accept(), true);
  assert.notEqual(bench.box(id).w, before.w);
});

test("without one selected box there is nothing to ask about", () => {
  const bench = assistBench();
  assert.equal(bench.choice.next(), false);
});

test("numbers that come back from the server with another last digit are no change", async () => {
  const bench = assistBench();
  const id = bench.draw([100, 100], [300, 200]);
  await bench.refine.tweak();
  bench.app.state = { ...bench.app.state, boxes: bench.app.state.boxes.map((box) => ({ ...box, w: box.w - 2e-14, polygon: structuredClone(box.polygon) })) };
  assert.equal(bench.choice.next(), true);
  assert.equal(bench.choice.accept(), true);
  assert.equal(bench.box(id).w, 224);
});

test("a locked box is neither fitted by the key nor by an answer that comes late", async () => {
  const bench = assistBench();
  const id = bench.draw([100, 100], [300, 200]);
  bench.app.dispatch({ type: "lock", ids: [id], on: true });
  await bench.refine.tweak();
  assert.match(bench.toasts[0].text, /Locked/);
  bench.app.dispatch({ type: "lock", ids: [id], on: false });
  const release = held(bench);
  const done = bench.refine.tweak();
  await settled();
  bench.app.dispatch({ type: "lock", ids: [id], on: true });
  release();
  await done;
  assert.equal(bench.entries.length, 1);
});
