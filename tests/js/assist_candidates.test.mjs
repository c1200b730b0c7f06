import test from "node:test";
import assert from "node:assert/strict";
import { Finds } from "../../assets/js/label/assist/finds.js";
import * as rule from "../../assets/js/label/assist/candidates_rule.js";
import { drawnPlaces, shownPlaces } from "../../assets/js/label/assist/finds_rule.js";
import { follower } from "../../assets/js/label/assist/start.js";
import { assistBench, settled } from "./assist_bench.mjs";
import { failing } from "./fake_assist.mjs";

const atom = (source_run, score, more = {}) => ({ atom_id: 1, rect: [0, 0, 1, 1], score, calibrated: null, source_run, model_class: "cat", prompt: null, exemplar_box_id: null, ...more });
const candidate = (candidate_id, x, score, atoms, class_id = 1) => ({ candidate_id, class_id, rect: [x, 100, 80, 60], score, score_source: "calibrated", sources: [], atoms });
const FOUND = {
  image_id: 1,
  sources: [
    { source_run: "nano:full", status: "done", error: null, n_atoms: 3 }, { source_run: "pico:full", status: "done", error: null, n_atoms: 1 },
    { source_run: "clip:windows", status: "failed", error: "out of memory", n_atoms: 0 },
  ],
  candidates: [
    candidate(7, 300, 0.4, [atom("pico:full", 0.4, { model_class: "kitten" })]),
    candidate(8, 0, 0.9, [atom("nano:full", 0.7, { calibrated: 0.8 }), atom("pico:full", 0.5, { calibrated: 0.9 })]),
    candidate(9, 500, null, [atom("nano:full", null, { exemplar_box_id: 31 })]),
  ],
};
const look = () => rule.lookOfRun(FOUND, { image_id: 1, how: "run", run: "fast_1" });

test("a run's answer is a look, best first, its sources lettered and coloured", () => {
  const { list, sources, threshold, model } = look();
  assert.deepEqual(list.map(({ candidate_id, letters }) => [candidate_id, letters]), [[8, "BA"], [7, "B"], [9, "A"]], "the surest vote of a candidate comes first");
  assert.deepEqual(sources.map(({ letter, status }) => [letter, status]), [["A", "done"], ["B", "done"], ["C", "failed"]]);
  assert.equal(new Set(sources.map(({ colour }) => colour)).size, 3);
  assert.equal(list[0].colour, sources[1].colour);
  assert.deepEqual([threshold, model], [0.3, "fast_1"]);
  assert.deepEqual([rule.letterOf(0), rule.letterOf(25), rule.letterOf(26)], ["A", "Z", "a"]);
});

test("what is said of a candidate names sources, scores, and why", () => {
  const [both, kitten, alike] = look().list;
  assert.deepEqual(rule.wordsOf(both).map(({ text }) => text), ["pico:full 0.50 → 0.90 cat", "nano:full 0.70 → 0.80 cat"]);
  assert.deepEqual(rule.wordsOf(kitten).map(({ letter, text }) => [letter, text]), [["B", "pico:full 0.40 kitten"]]);
  assert.deepEqual(rule.wordsOf(alike).map(({ text }) => text), ["nano:full no score cat like box 31"]);
  assert.equal(rule.tagOf(both, new Set(["pico:full"])), "A 0.90");
});

test("slider and sources decide what is shown, and a box hides its candidate from being taken", () => {
  assert.deepEqual(shownPlaces(look(), [], 1), [0, 1]);
  assert.deepEqual(shownPlaces({ ...look(), threshold: 0 }, [], 1), [0, 1, 2], "without a score it is shown at nought");
  assert.deepEqual(shownPlaces({ ...look(), off: new Set(["nano:full"]) }, [], 1), [0, 1], "somebody else saw it, too");
  assert.deepEqual(shownPlaces({ ...look(), off: new Set(["pico:full"]) }, [], 1), [0]);
  const boxes = [{ class_id: 1, x: 2, y: 100, w: 80, h: 60 }];
  assert.deepEqual([shownPlaces(look(), boxes, 1), drawnPlaces(look(), boxes, 1)], [[1], [0]]);
});

test("the smallest candidate under the pointer is meant", () => {
  const finds = [{ rect: { x: 0, y: 0, w: 100, h: 100 } }, { rect: { x: 10, y: 10, w: 20, h: 20 } }];
  assert.equal(rule.findAt(finds, [15, 15]), finds[1]);
  assert.equal(rule.findAt(finds, [50, 50]), finds[0]);
  assert.equal(rule.findAt(finds, [100, 50]), null);
});

function layerBench(options) {
  const bench = assistBench(options);
  const finds = new Finds(bench.desk);
  const { desk, choice, autoClass, refine } = bench;
  bench.app.followers.push(follower({ desk, choice, autoClass, refine, preload: { opened() {} }, finds }, bench.app));
  const runs = (...names) => bench.fake.replies.push(() => ({ status: 200, body: { runs: names.map((name) => ({ name })), unfinished: [] } }));
  const found = (body = FOUND) => bench.fake.replies.push(() => ({ status: 200, body }));
  const asked = () => bench.fake.seen.map(({ path }) => path).filter((path) => path.includes("/runs"));
  return { ...bench, finds, layer: finds.candidates, runs, found, asked };
}

test("the layer shows the newest run, one is taken, then all shown, and an undo brings a candidate back", async () => {
  const bench = layerBench({ boxes: [{ box_id: 5, class_id: 1, x: 300, y: 100, w: 80, h: 60 }] });
  bench.runs("fast_2", "fast_1");
  bench.found();
  await bench.layer.toggle();
  assert.deepEqual(bench.asked(), ["/api/v1/datasets/d/runs", "/api/v1/datasets/d/runs/fast_2/images/1"]);
  assert.deepEqual(bench.finds.shown.map(({ find, current, drawn }) => [find.candidate_id, current, drawn]), [[7, false, true], [8, true, false]]);
  assert.ok(bench.finds.accept());
  const boxEdits = (entry) => entry.edits.filter(({ op }) => op !== "state").map(({ op, class_id, x, origin }) => [op, class_id, x, origin]);
  assert.deepEqual(boxEdits(bench.entries[0]), [["add", 1, 0, "model:fast_2"]], "nothing that is there is touched");
  assert.deepEqual(bench.finds.places, []);
  bench.app.sync.cancelLast = () => bench.entries[0];
  bench.app.refresh();
  assert.equal(bench.finds.places.length, 1);
  bench.finds.threshold(0);
  assert.equal(bench.finds.places.length, 2);
  assert.ok(bench.finds.accept(true));
  assert.deepEqual(boxEdits(bench.entries.at(-1)).map(([, , x]) => x), [0, 500]);
  assert.equal(bench.layer.toggle(), true, "the same key takes the layer away");
  assert.ok(!bench.finds.open && bench.finds.shown.length === 0);
});

test("under the pointer counts until a key chooses, and again when the pointer moves", async () => {
  const bench = layerBench();
  bench.runs("fast_1");
  bench.found();
  await bench.layer.toggle();
  bench.app.state = { ...bench.app.state, view: { scale: 1, tx: 0, ty: 0 } };
  bench.app.hover([310, 110]);
  const current = () => bench.finds.shown.find((one) => one.current)?.find.candidate_id;
  assert.equal(current(), 7);
  bench.finds.next();
  bench.finds.next();
  assert.equal(current(), 8);
  bench.app.hover([311, 110]);
  assert.equal(current(), 7);
});

test("sources are switched, the layer comes along to the next image, and a run that did not look there is no trouble", async () => {
  const bench = layerBench();
  bench.runs("fast_1");
  bench.found();
  await bench.layer.toggle();
  bench.layer.flip("pico:full");
  assert.deepEqual(bench.finds.places.length, 1);
  bench.fake.replies.push(() => failing(404, "not_found", "image 2 in run fast_1"));
  bench.open(2);
  await settled();
  assert.equal(bench.finds.look.note, "not in this run");
  assert.deepEqual(bench.toasts, []);
  bench.found();
  bench.open(1);
  await settled();
  assert.ok(bench.finds.look.off.has("pico:full"), "what was switched off stays off");
});

test("without a run the layer says so", async () => {
  const bench = layerBench();
  bench.runs();
  await bench.layer.toggle();
  assert.equal(bench.finds.look.note, "no run yet");
  assert.deepEqual(bench.layer.runs, []);
});
