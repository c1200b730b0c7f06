import test from "node:test";
import assert from "node:assert/strict";
import { filterBoxes, narrows, NO_FILTER } from "../../assets/js/label/object_filter.js";
import { keymapFile, readKeymapFile } from "../../assets/js/label/keymap_file.js";
import { ACTIONS, effectiveKeymap } from "../../assets/js/label/keymap.js";
import { filterOf } from "../../assets/js/label/adjust.js";
import { sightOf } from "../../assets/js/label/minimap.js";
import { inWords } from "../../assets/js/label/announce.js";
import { drawLevel, levelFor } from "../../assets/js/label/pictures.js";

const names = ["", "cat", "traffic light"];
const classes = { get: (id) => ({ name: names[id] }) };
const boxes = [
  { id: 12, box_id: 12, class_id: 1, x: 5, y: 50, w: 10, h: 10, origin: "human", state: "trusted" },
  { id: 7, box_id: 7, class_id: 2, x: 5, y: 5, w: 40, h: 10, origin: "model:r1", state: "draft", score: 0.3 },
  { id: "k", box_id: null, class_id: 2, x: 1, y: 5, w: 2, h: 2, origin: "import", state: "trusted", score: 0.9 },
];
const marks = { locked: new Set([12]), veiled: new Set(["k"]) };
const shown = (filter) => filterBoxes(boxes, { ...NO_FILTER, ...filter }, classes, marks).map((box) => box.id);

test("the list is filtered by name, number, class, state, origin and mark", () => {
  assert.deepEqual(shown({}), [12, 7, "k"]);
  assert.deepEqual(shown({ text: "light" }), [7, "k"]);
  assert.deepEqual(shown({ text: "#1" }), [12]);
  assert.deepEqual(shown({ class_id: "2", state: "draft" }), [7]);
  assert.deepEqual(shown({ origin: "model" }), [7]);
  assert.deepEqual([shown({ state: "locked" }), shown({ state: "hidden" })], [[12], ["k"]]);
});

test("the list is sorted without changing the boxes, and an order alone leaves nothing out", () => {
  assert.deepEqual(shown({ sort: "place" }), ["k", 7, 12]);
  assert.deepEqual(shown({ sort: "largest" }), [7, 12, "k"]);
  assert.deepEqual(shown({ sort: "unsure" }), [7, "k", 12]);
  assert.deepEqual(shown({ sort: "newest" }), ["k", 7, 12]);
  assert.deepEqual(boxes.map((box) => box.id), [12, 7, "k"]);
  assert.equal(narrows({ ...NO_FILTER, sort: "place" }), false);
});

test("a key map comes back from its file, with its profile and changes", () => {
  const own = { tweak: ["Shift+X"], help: [] };
  const back = readKeymapFile(keymapFile(own, "walking"));
  assert.deepEqual(back, { profile: "walking", own, notes: [] });
});

test("a file by hand is taken as far as it can be, and what not is named", () => {
  const file = { format: "tator-keys", version: 1, profile: "tator", keys: { ...effectiveKeymap(), draw: ["Ctrl+W"], fly: ["F"], undo: "Z", "zoom-in": ["+", "Ctrl++"] } };
  const { own, notes } = readKeymapFile(JSON.stringify(file));
  assert.deepEqual(own, { "zoom-in": ["+", "Ctrl++"] });
  assert.equal(notes.length, 3);
  for (const word of ["Ctrl+W", "fly", "Undo"]) assert.ok(notes.some((note) => note.includes(word)), word);
  assert.match(readKeymapFile('{"format":"tator-keys","version":1,"profile":"tator","keys":{}}').notes[0], new RegExp(`${ACTIONS.length} actions`));
});

test("a file that is no key map is refused and says why", () => {
  assert.throws(() => readKeymapFile("{"), /no JSON/);
  assert.throws(() => readKeymapFile("{}"), /not a key map/);
  assert.throws(() => readKeymapFile('{"format":"tator-keys","version":9,"keys":{}}'), /version 9/);
});

test("a picture shown as it is has no filter", () => {
  assert.equal(filterOf({ brightness: 100, contrast: 100, gamma: 100 }), "");
  assert.equal(filterOf({ brightness: 150, contrast: 100, gamma: 80 }), "url(#lab-gamma-filter) brightness(150%)");
});

test("the overview knows which part is in sight, and is not needed when all is", () => {
  const image = { width: 1000, height: 500 };
  const screen = { width: 500, height: 500 };
  assert.deepEqual(sightOf({ view: { scale: 1, tx: -250, ty: 0 }, screen, image }), [0.25, 0, 0.75, 1]);
  assert.equal(sightOf({ view: { scale: 0.5, tx: 0, ty: 0 }, screen, image }), null);
});

test("the smallest copy that is sharp enough is drawn", () => {
  const levels = [8660, 4330, 2165].map((width) => ({ width }));
  assert.deepEqual([900, 2165, 2166, 9999].map((width) => levelFor(levels, width).width), [2165, 2165, 4330, 8660]);
});

test("tiles meet without a gap at any scale, and only those in sight are drawn", () => {
  const tile = (x) => ({ x, y: 0, bitmap: { width: 100, height: 50 } });
  const level = { width: 300, height: 50, tiles: [tile(0), tile(100), tile(200)] };
  for (const s of [0.37, 1, 3.3]) {
    const drawn = [];
    drawLevel({ drawImage: (...args) => drawn.push(args) }, level, 300, [0, 0, 180, 50], s, [13, 7]);
    assert.equal(drawn.length, 2);
    assert.equal(drawn[0][5] + drawn[0][7], drawn[1][5]);
  }
});

test("a screen reader hears of the image, the selection and each edit, and nothing when nothing has changed", () => {
  const context = { nameOf: (id) => names[id], position: "3 of 9" };
  const none = { image: null, boxes: [], selection: [], pending: [], imageState: "unlabelled", locked: new Set(), veiled: new Set(), drag: null };
  const open = { ...none, image: { image_id: 4, path: "a.jpg" }, boxes, imageState: "in_progress" };
  assert.equal(inWords(none, open, context), "Image 3 of 9, a.jpg, 3 boxes, in progress");
  assert.equal(inWords(open, open, context), null);
  const chosen = { ...open, selection: [7], locked: new Set([7]) };
  assert.equal(inWords(open, chosen, context), "traffic light at 5, 5, 40 by 10, draft, locked");
  assert.equal(inWords(chosen, { ...chosen, boxes: boxes.slice(0, 2) }, context), "1 box deleted, 2 left");
  const moved = { ...chosen, boxes: boxes.map((box) => ({ ...box, x: 9 })), pending: [{}] };
  assert.match(inWords(chosen, moved, context), /^Changed: traffic light at 9, 5/);
});
