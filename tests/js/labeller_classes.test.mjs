import test from "node:test";
import assert from "node:assert/strict";
import { Classes } from "../../assets/js/label/classes.js";
import { fit, searchClasses } from "../../assets/js/label/class_search.js";

/** Milliseconds of the quickest of 20 calls: what else the machine does is not counted. */
function quickest(call) {
  const took = Array.from({ length: 20 }, () => {
    const begun = performance.now();
    call();
    return performance.now() - begun;
  });
  return Math.min(...took);
}

const many = Array.from({ length: 1000 }, (_, i) => ({ class_id: i + 1, name: `class ${i + 1}`, colour: "#009e73" }));

test("classes are found by beginning, word and part, and stay quick with 1,000", () => {
  assert.deepEqual([fit("traffic light", "traffic light"), fit("traffic light", "tra"), fit("traffic light", "li"), fit("traffic light", "ght"), fit("cat", "z")], [0, 1, 2, 3, null]);
  const classes = new Classes(many);
  assert.ok(quickest(() => assert.equal(classes.search("class 87")[0].class_id, 87)) < 20);
});

test("a pinned class takes its digit and the others move up", () => {
  const list = [1, 2, 3].map((class_id) => ({ class_id, name: `c${class_id}`, colour: "#009e73", retired: class_id === 1 }));
  const classes = new Classes(list);
  assert.deepEqual([...classes.digits], [[1, 2], [2, 3]], "a retired class has no digit");
  classes.pin(1, 3);
  assert.deepEqual([classes.digits.get(1), classes.digits.get(2)], [3, 2]);
});

test("letters in their order are enough, whole parts come first", () => {
  const list = ["traffic light", "tray of light bulbs", "tool", "tl"].map((name, i) => ({ class_id: i, name }));
  assert.deepEqual(searchClasses(list, "trlt").map((c) => c.name), ["traffic light", "tray of light bulbs"]);
  assert.equal(searchClasses(list, "tl")[0].name, "tl");
  assert.ok(fit("traffic light", "tl") < fit("tool", "tl"), "starts of words count for more");
  assert.equal(fit("cat", "tc"), null);
});

test("what was used lately is offered first, among equals while typing", () => {
  const classes = new Classes(many);
  for (const id of [500, 7, 500, 42]) classes.use(id);
  assert.deepEqual(classes.search("").slice(0, 4).map((c) => c.class_id), [42, 500, 7, 1]);
  assert.equal(classes.search("class 5")[0].class_id, 5, "the equal name before the recent one");
  assert.equal(classes.search("ss 50")[0].class_id, 500);
});

test("a fuzzy search through 1,000 classes stays within a frame", () => {
  assert.ok(quickest(() => searchClasses(many, "cls99")) < 16);
});
