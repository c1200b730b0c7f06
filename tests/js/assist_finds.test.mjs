import test from "node:test";
import assert from "node:assert/strict";
import { Finds } from "../../assets/js/label/assist/finds.js";
import * as rule from "../../assets/js/label/assist/finds_rule.js";
import { overlap } from "../../assets/js/label/assist/overlap.js";
import { assistBench, settled } from "./assist_bench.mjs";
import { failing } from "./fake_assist.mjs";

const proposal = (x, score, class_id = 1, name = "cat") => ({ box: [x, 100, 80, 60], polygon: null, score, class_id, name });
const answer = (proposals) => ({ status: 200, body: { proposals, threshold: 0.3, model: "yolox-nano", provider: "CPU", cached: false, ms: { look: 40, find: 2, total: 42 } } });

function findsBench(options) {
  const bench = assistBench(options);
  const finds = new Finds(bench.desk);
  const asked = () => bench.fake.seen.filter(({ path }) => path.endsWith("propose"));
  return { ...bench, finds, asked };
}

test("overlap is that of boxes", () => {
  const box = { x: 0, y: 0, w: 10, h: 10 };
  assert.equal(overlap(box, box), 1);
  assert.equal(overlap(box, { ...box, x: 5 }), 1 / 3);
  assert.equal(overlap(box, { ...box, x: 10 }), 0);
});

test("what scores too little, was left out or is drawn already is not shown", () => {
  const look = rule.lookOf(answer([proposal(0, 0.9), proposal(100, 0.5), proposal(200, 0.2), proposal(300, 0.4, 2)]).body, { image_id: 1, how: "detect" });
  assert.deepEqual(rule.shownPlaces(look, [], 1), [0, 1, 3]);
  assert.deepEqual(rule.shownPlaces({ ...look, threshold: 0.1, left: new Set([0]) }, [], 1), [1, 2, 3]);
  const drawn = [{ class_id: 1, x: 102, y: 100, w: 80, h: 60 }, { class_id: 1, x: 300, y: 100, w: 80, h: 60 }];
  assert.deepEqual(rule.shownPlaces(look, drawn, 1), [0, 3], "a box of another class hides nothing");
  assert.equal(rule.placeOf({ ...look, at: 2 }, [0, 1, 3]), 3);
  assert.equal(rule.nextPlace({ ...look, at: 3 }, [0, 1, 3]), 0);
});

test("proposals are taken one by one and all at once, each an edit that can be undone", async () => {
  const bench = findsBench();
  bench.fake.replies.push(() => answer([proposal(0, 0.9), proposal(100, 0.8, 2, "dog"), proposal(200, 0.7), proposal(300, 0.1)]));
  await bench.finds.detect();
  assert.deepEqual(bench.asked()[0].body, { how: "detect" });
  assert.equal(bench.finds.shown.length, 3);
  bench.finds.next();
  assert.ok(bench.finds.accept());
  assert.deepEqual(bench.app.state.boxes.map(({ class_id, x, origin }) => [class_id, x, origin]), [[2, 100, "model:yolox-nano"]]);
  assert.ok(bench.finds.leave());
  assert.ok(bench.finds.accept(true));
  assert.equal(bench.entries.length, 2);
  assert.deepEqual(bench.entries[1].edits.map(({ x }) => x), [0], "the one left out is not among all");
  bench.finds.threshold(0.05);
  assert.equal(bench.finds.shown.length, 1);
  assert.ok(!bench.finds.drop() === false && bench.finds.shown.length === 0);
});

test("words without a class of their own take the class in hand", async () => {
  const bench = findsBench();
  bench.fake.replies.push(() => answer([proposal(0, 0.9, null, "zebra")]));
  await bench.finds.text("zebra", [10, 10, 400, 300]);
  assert.deepEqual(bench.asked()[0].body, { how: "text", text: "zebra", class_id: 1, region: [10, 10, 400, 300] });
  bench.finds.accept();
  assert.equal(bench.app.state.boxes[0].class_id, 1);
  assert.equal(bench.finds.words, "zebra", "kept for the next image");
});

test("more like this box wants one box", async () => {
  const bench = findsBench();
  bench.finds.like();
  assert.match(bench.toasts[0].text, /Select the one box/);
  bench.draw([100, 100], [200, 200]);
  bench.fake.replies.push(() => answer([proposal(400, 0.9)]));
  await bench.finds.like();
  assert.deepEqual(bench.asked()[0].body, { how: "like", box: [100, 100, 100, 100], class_id: 1 });
  assert.equal(bench.finds.shown.length, 1);
});

test("a newer question takes the place of an older one, and another image has none", async () => {
  const bench = findsBench();
  let release;
  bench.fake.hold = new Promise((done) => { release = done; });
  const first = bench.finds.detect();
  const second = bench.finds.text("cat");
  bench.fake.hold = null;
  bench.fake.replies.push(() => answer([proposal(0, 0.9)]));
  release();
  await Promise.all([first, second]);
  assert.equal(bench.finds.look.how, "text");
  bench.open(2);
  bench.finds.opened(2);
  await settled();
  assert.equal(bench.finds.shown.length, 0);
});

test("trouble is told, and nothing is shown", async () => {
  const bench = findsBench();
  bench.fake.replies.push(() => failing(422, "invalid", "say what to look for"));
  await bench.finds.text("");
  assert.match(bench.toasts[0].text, /look for words: say what to look for/);
  assert.equal(bench.finds.shown.length, 0);
});
