// What a threshold comes to, without a page.
import assert from "node:assert/strict";
import test from "node:test";
import { NOTHING, bars, counts, lineText, shares, sums, tickOf, together, wilson } from "../../assets/js/calibrate/counts.js";
import { marked } from "../../assets/js/calibrate/curves.js";

const BINS = [[-1, 1, 1, 3], [0, 0, 4, 10], [100, 1, 2, 5], [543, 3, 1, 4], [1000, 2, 0, 1]];

test("counts from a line upwards are those of every row that reaches it", () => {
  const table = sums(BINS);
  for (const tick of [0, 1, 100, 101, 543, 544, 1000, NOTHING]) {
    const over = BINS.filter(([bin]) => bin >= tick);
    const sum = (at) => over.reduce((total, bin) => total + bin[at], 0);
    const found = counts(table, 20, tick, 100);
    assert.deepEqual([found.right, found.wrong, found.accept], [sum(1), sum(2), sum(3)], `tick ${tick}`);
    assert.equal(found.missed, 20 - sum(1));
    assert.equal(found.accept + found.queue + found.drop, 23, `tick ${tick}`);
  }
});

test("bands: above the line, between it and that of people, below both", () => {
  const table = sums(BINS);
  assert.deepEqual(counts(table, 9, 543, 100), { right: 5, wrong: 1, missed: 4, accept: 5, queue: 5, drop: 13, past: 0 });
  // A line below that of people leaves nothing for them, and what it accepts there goes past them.
  const below = counts(table, 9, 0, 101);
  assert.deepEqual([below.queue, below.accept, below.past], [0, 20, 15]);
  assert.equal(counts(table, 9, NOTHING, 0).queue, 20);
});

test("the line in use says its own digits, others their thousandth", () => {
  assert.equal(tickOf(0.54321), 543);
  assert.equal(tickOf(null), NOTHING);
  assert.equal(lineText(0.54321, 543), "0.5432");
  assert.equal(lineText(0.54321, 544), "0.544");
  assert.equal(lineText(null, NOTHING), "none");
  assert.equal(lineText(null, 10), "0.010");
});

test("shares of nothing are not zero", () => {
  assert.deepEqual(shares({ right: 0, wrong: 0, missed: 0 }), { precision: null, recall: null, f1: null });
  const found = shares(together([{ right: 1, wrong: 1, missed: 0, accept: 0, queue: 0, drop: 0, past: 1 }, { right: 2, wrong: 0, missed: 1, accept: 0, queue: 0, drop: 0, past: 2 }]));
  assert.deepEqual(found, { precision: 0.75, recall: 0.75, f1: 0.75 });
  assert.equal(wilson(0, 0), null);
  const [low, high] = wilson(81, 263);
  assert.ok(Math.abs(low - 0.2553) < 1e-4 && Math.abs(high - 0.3662) < 1e-4);
});

test("bars hold every row once", () => {
  const found = bars(BINS, 10);
  assert.equal(found.reduce((sum, bar) => sum + bar.open, 0), 23);
  assert.deepEqual(found[9], { right: 2, wrong: 0, open: 1 });
});

test("marks stand between the points of a curve, in order", () => {
  const { x, lines } = marked({ x: { values: [0.2, 0.8] }, y: { range: [0, 1] }, lines: [{ name: "a", values: [5, 6] }], marks: [{ x: 0.6, name: "floor" }] });
  assert.deepEqual(x.values, [0.2, 0.6, 0.6, 0.8]);
  assert.deepEqual(lines.map((line) => line.values), [[5, null, null, 6], [null, 0, 1, null]]);
});
