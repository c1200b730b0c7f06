import test from "node:test";
import assert from "node:assert/strict";
import { createAssistClient } from "../../assets/js/label/assist/client.js";
import { masksOf, ringsOf } from "../../assets/js/label/assist/outline.js";
import { placeBeside } from "../../assets/js/label/assist/place.js";
import { DEBOUNCE_MS, Preload } from "../../assets/js/label/assist/preload.js";
import { headline, rowsOf } from "../../assets/js/label/assist/rows.js";
import { directionOf, wishFor } from "../../assets/js/label/assist/travel.js";
import { complaint, lasted } from "../../assets/js/label/assist/words.js";
import { assistBench, recordOf, settled } from "./assist_bench.mjs";
import { FakeAssist, failing } from "./fake_assist.mjs";

const neighbours = { next: 6, previous: 4, next_unreviewed: 9 };

test("the images wished for lie in the direction of travel, nearest first", () => {
  assert.deepEqual(wishFor(5, { neighbours }), { current: 5, ahead: [6, 9], behind: [4] });
  assert.deepEqual(wishFor(5, { neighbours }, "back"), { current: 5, ahead: [4], behind: [6, 9] });
  assert.deepEqual(wishFor(5, { neighbours: null, ahead: [7], behind: [2, 3] }), { current: 5, ahead: [7], behind: [3] });
  assert.deepEqual(wishFor(5, { neighbours: { next: null, previous: 4 } }), { current: 5, ahead: [], behind: [4] });
  assert.equal(directionOf(4, 5, neighbours), "forward");
  assert.equal(directionOf(6, 5, neighbours), "back");
  assert.equal(directionOf(77, 5, neighbours), null);
});

/** A preload with timers that the test lets go. */
function preloading() {
  const bench = assistBench();
  const timers = new Map();
  let made = 0;
  const parts = { desk: bench.desk, walk: { ahead: [], behind: [] }, later: (work, ms) => (timers.set(++made, { work, ms }), made), never: (handle) => timers.delete(handle) };
  const preload = new Preload(parts);
  const pass = async (ms) => {
    for (const [handle, timer] of [...timers]) if (timer.ms <= ms) { timers.delete(handle); timer.work(); }
    await settled();
  };
  const windows = () => bench.fake.seen.filter(({ path }) => path.endsWith("window")).map(({ body }) => body);
  return { ...bench, preload, pass, windows, timers };
}

test("only the image a person stays on is told to the server", async () => {
  const { preload, pass, windows } = preloading();
  for (const id of [5, 6, 7]) preload.opened(recordOf(id));
  assert.deepEqual(windows(), []);
  await pass(DEBOUNCE_MS);
  await pass(DEBOUNCE_MS);
  assert.deepEqual(windows(), [{ client: "tab", current: 7, ahead: [8], behind: [6] }]);
});

test("walking back turns the window round", async () => {
  const { preload, pass, windows } = preloading();
  for (const id of [5, 4]) {
    preload.opened(recordOf(id));
    await pass(DEBOUNCE_MS);
    await pass(DEBOUNCE_MS);
  }
  assert.deepEqual(windows().at(-1), { client: "tab", current: 4, ahead: [3], behind: [5] });
});

test("the slots are asked after while something is in flight, and no longer", async () => {
  const { preload, pass, fake, desk } = preloading();
  fake.status.slots = [{ image_id: 5, role: "current", state: "encoding", path: "a/5.jpg" }];
  preload.opened(recordOf(5));
  await pass(DEBOUNCE_MS);
  await pass(400);
  const asked = () => fake.seen.filter(({ path }) => path.endsWith("assist")).length;
  const before = asked();
  fake.status.slots[0].state = "ready";
  await pass(400);
  assert.equal(asked(), before + 1);
  assert.equal(desk.status.slots[0].state, "ready");
  await pass(400);
  await pass(400);
  assert.equal(asked(), before + 1);
});

test("without a segmenter nothing is wished for, and an older server is not asked again", async () => {
  const none = preloading();
  none.fake.status.segmenter = null;
  none.preload.opened(recordOf(5));
  await none.pass(DEBOUNCE_MS);
  assert.deepEqual(none.windows(), []);
  const old = preloading();
  old.fake.replies.push(() => failing(404, "not_found"));
  old.preload.opened(recordOf(5));
  await old.pass(DEBOUNCE_MS);
  old.preload.opened(recordOf(6));
  await old.pass(DEBOUNCE_MS);
  assert.equal(old.fake.seen.length, 1);
});

test("rows: the slots by role, a request behind an encoding says so, times and shares", () => {
  const status = {
    slots: [{ image_id: 6, role: "next", state: "waiting", path: "a/6.jpg" }, { image_id: 5, role: "current", state: "encoding", path: "a/b/5.jpg" }],
    tasks: [{ id: 1, kind: "encode", image_id: 5, state: "running", ms: 420 }, { id: 2, kind: "tweak", label: "someone else's", state: "running", ms: 90 }],
  };
  const runs = [{ id: 1, kind: "tweak", label: "Fit the selected box", image_id: 5, state: "running", since: 0, ms: null, note: "" }];
  const rows = rowsOf(status, runs, 1500);
  assert.deepEqual(rows.map(({ label, detail, word, time }) => [label, detail, word, time]), [
    ["Fit the selected box", "", "waits for the encoding", "1.5 s"],
    ["Encode this image", "5.jpg", "encoding", "420 ms"],
    ["Encode next image", "6.jpg", "waits", ""],
    ["Fit someone else's", "", "running", "90 ms"],
  ]);
});

test("the line in the top bar: provider really used, fall-back as a warning, latency", () => {
  const status = new FakeAssist().status;
  assert.deepEqual(headline(null, [], null).mood, "off");
  assert.equal(headline({ ...status, segmenter: null, embedder: null }, [], null).text, "No model");
  const fallen = headline({ ...status, provider: "CPUExecutionProvider", notice: "CUDA asked for, running on the CPU: no driver" }, [], { ms: 84, decode: 71, cached: true });
  assert.deepEqual([fallen.mood, fallen.provider, fallen.text], ["warn", "CPU", "Mask 84 ms"]);
  assert.match(fallen.title, /CUDA asked for/);
  assert.equal(headline(status, [{ key: "slot 5", role: "current", live: true, label: "Encode this image" }, { key: "run 1", live: true, label: "x" }, { key: "slot 6", role: "next", live: true }], null).text, "Encode this image +1");
});

test("outlines come as pairs or as flat lists, and stay inside the image", () => {
  assert.deepEqual(ringsOf([[1, 2, 3, 4, 5, 6]]), [[[1, 2], [3, 4], [5, 6]]]);
  assert.deepEqual(ringsOf([[[1, 2], [3, 4], [5, 6]], [[1, 1], [2, 2]]]), [[[1, 2], [3, 4], [5, 6]]]);
  const [mask] = masksOf({ box: [-5, 10, 20.004, 200], polygon: null, score: 0.5 }, { width: 100, height: 100 });
  assert.deepEqual(mask, { rect: { x: 0, y: 10, w: 15, h: 90 }, polygon: [], score: 0.5 });
  assert.deepEqual(masksOf({ masks: [{ box: [0, 0, 0, 5], polygon: [] }] }, { width: 9, height: 9 }), []);
});

test("the note lies beside the box, not over it, and inside the stage", () => {
  const stage = { width: 800, height: 600 };
  const size = { w: 200, h: 28 };
  assert.deepEqual(placeBeside({ x: 100, y: 100, w: 100, h: 100 }, size, stage), { x: 100, y: 212, over: false });
  assert.deepEqual(placeBeside({ x: 700, y: 500, w: 90, h: 95 }, size, stage), { x: 600, y: 442, over: false });
  assert.deepEqual(placeBeside({ x: 300, y: 2, w: 90, h: 596 }, size, stage), { x: 402, y: 2, over: false });
  assert.equal(placeBeside({ x: 0, y: 0, w: 800, h: 600 }, size, stage).over, true);
});

test("errors say what to do; those that are no news are silent", () => {
  assert.equal(complaint({ code: "superseded" }, "find the object"), null);
  assert.match(complaint({ code: "no_model", status: 503 }, "find the object").hint, /tator models pull/);
  assert.match(complaint({ code: "timeout", status: 0, message: "No answer within 60 s." }, "fit the box").text, /Could not fit the box: No answer/);
  assert.deepEqual([lasted(84.4), lasted(1240), lasted(12_400), lasted(null)], ["84 ms", "1.2 s", "12 s", ""]);
});

test("a request has a time limit, can be given up, and names a lost connection", async () => {
  const fake = new FakeAssist();
  const client = createAssistClient({ dataset: "d", client: "tab", fetch: fake.fetch });
  fake.hold = new Promise(() => {});
  const controller = new AbortController();
  const asked = client.segment(1, { box: [0, 0, 1, 1] }, controller.signal);
  controller.abort();
  await assert.rejects(asked, { code: "superseded" });
  const lost = createAssistClient({ dataset: "d", client: "tab", fetch: () => Promise.reject(new TypeError("failed to fetch")) });
  await assert.rejects(lost.status(), { code: "offline", status: 0 });
});
