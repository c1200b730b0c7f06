import test from "node:test";
import assert from "node:assert/strict";

// Modules of the page ask for the theme and the address; none of that is there here.
globalThis.document = { documentElement: { dataset: {} }, body: { dataset: {} }, querySelectorAll: () => [], addEventListener: () => {}, dispatchEvent: () => {}, getElementById: () => null };
globalThis.localStorage = { getItem: () => null, setItem: () => {} };
globalThis.CustomEvent ??= class {};
const { NONE, boundsOf, coded, readPoints, readValues } = await import("../../assets/js/map/points.js");
const { palette } = await import("../../assets/js/map/palette.js");
const { conditionOf, imagesOf, statementOf } = await import("../../assets/js/map/chosen.js");
const { shuffled } = await import("../../assets/js/map/gl.js");

function bytesOf(boxes) {
  const buffer = new ArrayBuffer(8 + (boxes ? 48 : 32));
  new Uint32Array(buffer, 0, 2).set([2, boxes ? 1 : 0]);
  new Float64Array(buffer, 8, 2).set([7, 9]);
  if (boxes) new Float64Array(buffer, 24, 2).set([70, 90]);
  new Float32Array(buffer, boxes ? 40 : 24, 4).set([1, 2, 3, 4]);
  return buffer;
}

test("points of boxes and of images are read where they lie", () => {
  const boxes = readPoints(bytesOf(true)), images = readPoints(bytesOf(false));
  assert.deepEqual([...boxes.images, ...boxes.boxes, ...boxes.x, ...boxes.y], [7, 9, 70, 90, 1, 2, 3, 4]);
  assert.equal(images.boxes, null);
  assert.deepEqual(boundsOf(images), [1, 3, 2, 4]);
});

test("values are numbers or codes after a head", () => {
  const text = new TextEncoder().encode('{"kind":"words","count":3,"words":[]}   '), buffer = new ArrayBuffer(4 + text.length + 3);
  new Uint32Array(buffer, 0, 1)[0] = text.length;
  new Uint8Array(buffer, 4).set(text);
  new Uint8Array(buffer, 4 + text.length).set([0, 1, 255]);
  const { head, values } = readValues(buffer);
  assert.equal(head.count, 3);
  assert.deepEqual([...values], [0, 1, 255]);
  assert.deepEqual([...coded([2, 4, 3, NaN], 2, 4)], [0, 253, 127, NONE]);
  assert.deepEqual([...coded([5, 5], 5, 5)], [127, 127]);
});

test("a palette has the colours of the words, and numbers run from dark to bright", () => {
  const words = palette({ kind: "words", words: [{ colour: "#ff8000" }] }), numbers = palette({ kind: "numbers" });
  assert.deepEqual([...words.subarray(0, 4)], [255, 128, 0, 255]);
  assert.ok(numbers[0] + numbers[1] + numbers[2] < numbers[253 * 4] + numbers[253 * 4 + 1] + numbers[253 * 4 + 2]);
});

test("few images are named, many are meant by the outline, and hidden points are never meant", () => {
  const count = 1000, images = Float64Array.from({ length: count }, (_, at) => at + 1), boxes = images.map((id) => id * 10);
  const points = { count, images, boxes }, outlines = [[[0, 0], [1, 0], [1, 1], [0, 1]]];
  const some = { dataset: "coins", view: "map_e", points, rows: [4, 2, 2], outlines, exact: true };
  assert.deepEqual(imagesOf(points, some.rows), [3, 5]);
  assert.equal(conditionOf({ ...some, images: [3, 5] }), "image_id IN (3, 5)");
  const many = { ...some, images: [...images] };
  assert.equal(conditionOf(many), "image_id IN (SELECT image_id FROM coins.map_e WHERE (x BETWEEN 0 AND 1 AND y BETWEEN 0 AND 1))");
  assert.equal(conditionOf({ ...many, exact: false }), null);
  assert.match(statementOf({ ...some, outlines: [] }), /box_id IN \(50, 30, 30\)/);
});

test("the order of the buffers holds every point once", () => {
  assert.deepEqual([...shuffled(500)].sort((a, b) => a - b), [...new Array(500).keys()]);
  assert.deepEqual(shuffled(500), shuffled(500));
});
