// Curves: which numbers go where. The drawing itself is looked at in the browser.
import assert from "node:assert/strict";
import test from "node:test";
import { bandsOf, columns, short } from "../../assets/js/chart.js";

test("lines come first, then the edges of those that have a band", () => {
  const lines = [{ values: [1, 2] }, { values: [3, 4], low: [2, 3], high: [4, 5] }, { values: [5, 6], low: [4, 4], high: [7, 7] }];
  const found = columns({ x: { values: [10, 20] }, lines });
  assert.deepEqual(found, [[10, 20], [1, 2], [3, 4], [5, 6], [4, 5], [2, 3], [7, 7], [4, 4]]);
  assert.deepEqual(bandsOf(lines), [{ line: 1, high: 4, low: 5 }, { line: 2, high: 6, low: 7 }]);
});

test("numbers are short and never lie about being there", () => {
  assert.equal(short(0.03412), "0.034");
  assert.equal(short(1234.5), "1,235");
  assert.equal(short(0.0000002), "2.0e-7");
  assert.equal(short(null), "–");
  assert.equal(short(0), "0");
});
