import test from "node:test";
import assert from "node:assert/strict";
import { decide, leadOf, toClassify } from "../../assets/js/label/assist/class_rule.js";
import { assistBench, settled } from "./assist_bench.mjs";
import { failing } from "./fake_assist.mjs";

const dog = { class_id: 2, probability: 0.83, runner_up: { class_id: 1, probability: 0.11 } };
const on = (boxes) => { const bench = assistBench({ boxes }); bench.autoClass.toggle(); return bench; };

test("the rule: filled in on a fresh box nobody chose a class for, offered otherwise, dropped when the class has changed", () => {
  const fresh = { fresh: true, picked: false, before: 1, now: 1 };
  assert.equal(decide(fresh, dog, 0.5), "fill");
  assert.equal(decide(fresh, dog, 0.83), "fill");
  assert.equal(decide(fresh, dog, 0.84), "offer");
  assert.equal(decide({ ...fresh, picked: true }, dog, 0), "offer");
  assert.equal(decide({ ...fresh, fresh: false }, dog, 0), "offer");
  assert.equal(decide({ ...fresh, now: 3 }, dog, 0), "drop");
  assert.equal(decide({ ...fresh, now: 2 }, dog, 0), "agrees");
});

test("what a head takes for background is offered and never filled in, and the chip says who was asked", () => {
  const fresh = { fresh: true, picked: false, before: 1, now: 1 };
  assert.equal(decide(fresh, { ...dog, method: "head", guard: "passed" }, 0.5), "fill");
  assert.equal(decide(fresh, { ...dog, method: "head", guard: "flagged" }, 0.5), "offer");
  assert.equal(decide(fresh, { ...dog, method: "head", guard: "refused" }, 0.5), "offer");
  assert.equal(leadOf("offer", { method: "head", guard: "passed" }), "Auto class (head) suggests");
  assert.equal(leadOf("fill", { method: "neighbours" }), "Auto class (look-alikes) set");
  assert.match(leadOf("offer", { method: "head", guard: "refused" }), /sees background/);
});

test("new and moved boxes are asked about; pasted ones, classes and undo are not", () => {
  const entry = { kind: "edits", edits: [{ op: "add", key: "k" }, { op: "update", box_id: 3, x: 1 }, { op: "update", box_id: 4, class_id: 1 }, { op: "state" }] };
  assert.deepEqual(toClassify(entry, { type: "drag-end" }), [{ id: "k", fresh: true }, { id: 3, fresh: false }]);
  assert.deepEqual(toClassify(entry, { type: "paste" }), []);
  assert.deepEqual(toClassify({ kind: "undo", edits: [] }, { type: "history" }), []);
});

test("a fresh box gets the class as an edit of its own, marked in the note", async () => {
  const bench = on();
  const id = bench.draw([100, 100], [300, 200]);
  await settled();
  assert.equal(bench.box(id).class_id, 2);
  assert.equal(bench.entries.length, 2, "one undo gives the class back");
  assert.deepEqual(bench.entries[1].edits, [{ op: "update", box_id: id, class_id: 2 }]);
  assert.equal(bench.autoClass.current().outcome, "fill");
  assert.match(bench.said.at(-1), /Class set to dog, 83 %, or cat 11 %/);
  assert.equal(bench.autoClass.accept(true), true, "the runner-up, by its key");
  assert.equal(bench.box(id).class_id, 1);
});

test("a class chosen for the box while the model was looking stays", async () => {
  const bench = on();
  let release;
  bench.fake.hold = new Promise((done) => { release = done; });
  const id = bench.draw([100, 100], [300, 200]);
  bench.app.dispatch({ type: "class", class_id: 3 });
  bench.fake.hold = null;
  release();
  await settled();
  assert.equal(bench.box(id).class_id, 3);
  assert.equal(bench.entries.length, 2);
});

test("a changed box keeps its class; the suggestion waits for a person", async () => {
  const bench = on([{ box_id: 9, id: 9, class_id: 1, x: 10, y: 10, w: 50, h: 50 }]);
  bench.app.dispatch({ type: "select", ids: [9] });
  bench.app.dispatch({ type: "rect", box_id: 9, rect: { x: 20, y: 10, w: 50, h: 50 } });
  await settled();
  assert.equal(bench.box(9).class_id, 1);
  assert.equal(bench.autoClass.current().outcome, "offer");
  assert.equal(bench.autoClass.accept(), true);
  assert.equal(bench.box(9).class_id, 2);
  assert.equal(bench.autoClass.current(), null);
});

test("below the threshold the class is only suggested", async () => {
  const bench = on();
  bench.desk.settings.set("threshold", 0.9);
  const id = bench.draw([100, 100], [300, 200]);
  await settled();
  assert.equal(bench.box(id).class_id, 1);
  assert.equal(bench.autoClass.current().outcome, "offer");
});

test("a fitted box is asked about once, after the fit, as a fresh one", async () => {
  const bench = on();
  bench.app.dispatch({ type: "tool", tool: "sam" });
  const id = bench.draw([100, 100], [300, 200]);
  await settled(30);
  const asked = bench.fake.seen.filter(({ path }) => path.endsWith("classify"));
  assert.deepEqual(asked.map(({ body }) => body.box), [[120, 110, 160, 80]]);
  assert.equal(bench.box(id).class_id, 2);
});

test("off, nothing is asked; switched off, what was asked has no effect", async () => {
  const bench = assistBench();
  bench.draw([100, 100], [300, 200]);
  await settled();
  assert.equal(bench.fake.seen.length, 0);
  bench.autoClass.toggle();
  const id = bench.draw([400, 100], [500, 200]);
  bench.autoClass.toggle();
  await settled();
  assert.equal(bench.box(id).class_id, 1);
});

test("too few labelled boxes: said once, with what to do", async () => {
  const bench = on();
  for (let i = 0; i < 2; i++) bench.fake.replies.push(() => failing(422, "no_suggestion", "too few", "label a few boxes of two classes first"));
  bench.draw([100, 100], [300, 200]);
  await settled();
  bench.draw([400, 100], [500, 200]);
  await settled();
  assert.deepEqual(bench.toasts.map(({ hint }) => hint), ["label a few boxes of two classes first"]);
});

test("while the server is still learning the box is asked about again by itself", async () => {
  const waits = [];
  const bench = assistBench({ later: (work, ms) => waits.push({ work, ms }) });
  bench.autoClass.toggle();
  bench.fake.replies.push(() => failing(422, "still_learning", "the labelled boxes are still being learnt", "try again in a few seconds"));
  const id = bench.draw([100, 100], [300, 200]);
  await settled();
  assert.match(bench.toasts[0].text, /still being learnt/);
  waits.pop().work();
  await settled();
  assert.equal(bench.box(id).class_id, 2);
});
