import test from "node:test";
import assert from "node:assert/strict";
import { Batch } from "../../assets/js/label/assist/batch.js";
import { choiceOf, emptyReview, leftOut, taken, thumbSize, toggled, windowAround, withLeast, withPage } from "../../assets/js/label/assist/proposals.js";
import { assistBench, settled } from "./assist_bench.mjs";

const proposal = (box_id, iou, more = {}) => ({ box_id, image_id: 1, before: [0, 0, 10, 10], after: [1, 1, 8, 8], polygon: [], score: 0.9, iou, stale: false, ...more });

test("proposals are left out by hand, by overlap, or because the box was edited since", () => {
  let review = withPage(emptyReview(1), { proposals: [proposal(1, 0.9), proposal(2, 0.3), proposal(3, 0.8, { stale: true })], next: null });
  assert.equal(taken(review).length, 2);
  review = withLeast(toggled(review, 1), 0.5);
  assert.deepEqual(review.proposals.map((each) => leftOut(review, each)), ["excluded", "moved", "stale"]);
  assert.deepEqual(choiceOf(review), { except: [1], min_iou: 0.5 });
  assert.deepEqual(choiceOf(withLeast(toggled(review, 1), 0)), {});
});

test("a crop shows both boxes with surroundings, inside the picture, from a thumbnail that is fine enough", () => {
  const size = { width: 1000, height: 500 };
  const part = windowAround([0, 0, 10, 10], [2, 2, 10, 10], size);
  assert.deepEqual([part.x, part.y], [0, 0]);
  assert.ok(part.w >= 12 && part.w <= 30);
  assert.deepEqual(windowAround([0, 0, 1000, 500], [0, 0, 900, 500], size), { x: 0, y: 0, w: 1000, h: 500 });
  assert.equal(thumbSize({ w: 1000, h: 500 }, size), 256);
  assert.equal(thumbSize(part, size), 1024);
});

/** A batch whose waiting is let go by the test, and a view that only counts. */
function batching() {
  const bench = assistBench();
  const waits = [];
  const opened = [];
  const batch = new Batch({ desk: bench.desk, refetch: () => { bench.refetched = (bench.refetched ?? 0) + 1; }, later: (work) => waits.push(work) });
  batch.view = { isOpen: false, open: () => opened.push(batch.job?.state ?? "ask"), frame() {} };
  const pass = async () => { for (const work of waits.splice(0)) work(); await settled(); };
  return Object.assign(bench, { batch, opened, pass });
}

test("asked, followed, looked through, applied, undone", async () => {
  const bench = batching();
  const { batch, fake } = bench;
  fake.proposals = [proposal(1, 0.9), proposal(2, 0.3)];
  batch.ask();
  assert.deepEqual(bench.opened, ["ask"], "one question before every image is touched");
  await batch.begin();
  await settled();
  Object.assign(fake.job, { state: "running", progress: { done: 40, total: 100, stage: "boxes", eta_s: 12 } });
  await bench.pass();
  assert.equal(bench.desk.runs.active()[0].share, 0.4);
  Object.assign(fake.job, { state: "done", report: { tweak: { proposals: 2 } } });
  await bench.pass();
  assert.match(bench.toasts.at(-1).text, /Nothing is changed yet/);
  batch.toggle(2);
  assert.equal(await batch.apply(), true);
  assert.deepEqual(fake.seen.find(({ path }) => path.endsWith("apply")).body, { except: [2] });
  assert.equal(bench.toasts.at(-1).text, "1 box of cat fitted.");
  await bench.toasts.at(-1).actions[0].run();
  await settled();
  assert.ok(fake.seen.some(({ path }) => path.endsWith("/history/31/undo")));
  assert.equal(bench.refetched, 2);
});

test("a server that is away is asked until it is back, and the job of an earlier page is followed", async () => {
  const bench = batching();
  const { batch, fake, desk } = bench;
  desk.settings.set("tweakJobs", { d: { id: 7, class_id: 2 } });
  fake.replies.push(() => { throw new TypeError("failed to fetch"); });
  batch.resume();
  await settled();
  assert.equal(batch.job.away, true);
  fake.job.state = "running";
  await bench.pass();
  assert.deepEqual([batch.job.away, batch.job.state, batch.class_id], [false, "running", 2]);
  Object.assign(fake.job, { state: "interrupted", resumable: true });
  await bench.pass();
  assert.equal(bench.toasts.at(-1).actions.length, 1);
});

test("a job that is gone is forgotten", async () => {
  const bench = batching();
  bench.desk.settings.set("tweakJobs", { d: { id: 8, class_id: 2 } });
  bench.fake.replies.push(() => ({ status: 404, body: null }));
  bench.batch.resume();
  await settled();
  assert.equal(bench.batch.job, null);
  assert.deepEqual(bench.desk.settings.get("tweakJobs"), {});
});
