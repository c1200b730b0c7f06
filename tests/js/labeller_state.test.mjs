import test from "node:test";
import assert from "node:assert/strict";
import { initialState, reduce } from "../../assets/js/label/state.js";
import { selectedBoxes } from "../../assets/js/label/batches.js";

const box = (box_id, x, y, w, h, more = {}) => ({ id: box_id, box_id, class_id: 1, x, y, w, h, origin: "import", state: "trusted", ...more });
const image = { image_id: 7, path: "a.jpg", width: 200, height: 100, state: "labelled" };
const record = (boxes = [], more = {}) => ({ image: { ...image, ...more }, boxes, revision: 3, can_undo: false, can_redo: false });

let turn = 0;
const run = (state, ...commands) => commands.reduce((s, c) => reduce(s, { id: `id${++turn}`, ...c }), state);
const opened = (boxes, more) => run({ ...initialState(), screen: { width: 800, height: 600 } }, { type: "load", record: record(boxes, more), pending: [] }, { type: "class-current", class_id: 1 });
const draw = (from, to) => [{ type: "drag-begin", kind: "draw", at: from }, { type: "drag-to", at: to }, { type: "drag-end" }];

test("a drawn box is one edit with whole pixels inside the image, and is selected", () => {
  const state = run(opened([]), ...draw([10.4, 20.6], [250, 60.2]));
  assert.deepEqual(state.made.edits.map(({ key, ...edit }) => edit), [{ op: "add", class_id: 1, x: 10, y: 21, w: 190, h: 39 }]);
  assert.equal(state.made.base_revision, 3);
  assert.deepEqual(state.selection, [state.boxes[0].id]);
});

test("nothing is an edit before the drag ends, and Escape leaves no trace", () => {
  const before = opened([box(1, 10, 10, 20, 20)]);
  const dragging = run(before, { type: "select", ids: [1] }, { type: "drag-begin", kind: "move", at: [15, 15] }, { type: "drag-to", at: [40, 30] });
  assert.equal(dragging.made, null);
  assert.equal(dragging.boxes, before.boxes);
  const cancelled = run(dragging, { type: "drag-cancel" }, { type: "drag-end" });
  assert.equal(cancelled.pending.length, 0);
  assert.equal(cancelled.boxes[0].x, 10);
});

test("a moved box stops at the border and carries its outline along", () => {
  const ring = [[10, 10], [30, 10], [30, 30]];
  const state = run(opened([box(1, 10, 10, 20, 20, { polygon: [ring] })]), { type: "select", ids: [1] },
    { type: "drag-begin", kind: "move", at: [15, 15] }, { type: "drag-to", at: [900, 20] }, { type: "drag-end" });
  const [edit] = state.made.edits;
  assert.deepEqual([edit.x, edit.y, edit.w, edit.h], [180, 15, 20, 20]);
  assert.deepEqual(edit.polygon, [[[180, 15], [200, 15], [200, 35]]]);
});

test("a drag that comes back to where it began makes no edit", () => {
  const state = run(opened([box(1, 10, 10, 20, 20)]), { type: "select", ids: [1] }, { type: "drag-begin", kind: "move", at: [15, 15] },
    { type: "drag-to", at: [50, 50] }, { type: "drag-to", at: [15, 15] }, { type: "drag-end" });
  assert.equal(state.made, null);
});

test("held arrow keys add up to one edit", () => {
  let state = run(opened([box(1, 10, 10, 20, 20)]), { type: "select", ids: [1] });
  for (let i = 0; i < 12; i++) state = run(state, { type: "keys", dx: 1 });
  state = run(state, { type: "keys", dh: 5 }, { type: "drag-end" });
  assert.deepEqual(state.made.edits, [{ op: "update", box_id: 1, x: 22, y: 10, w: 20, h: 25 }]);
  assert.equal(state.pending.length, 1);
});

test("the first edit opens an unlabelled image in the same batch", () => {
  const state = run(opened([], { state: "unlabelled" }), ...draw([0, 0], [10, 10]));
  assert.deepEqual(state.made.edits.at(-1), { op: "state", value: "in_progress" });
  assert.equal(state.imageState, "in_progress");
});

test("a class key changes the selected boxes and the next box", () => {
  const state = run(opened([box(1, 0, 0, 9, 9), box(2, 20, 0, 9, 9)]), { type: "select", ids: [2] }, { type: "class", class_id: 5 });
  assert.deepEqual(state.made.edits, [{ op: "update", box_id: 2, class_id: 5 }]);
  assert.equal(state.classId, 5);
  assert.equal(run(state, { type: "class", class_id: 5 }).made, null);
});

test("an acknowledged box keeps its selection under its number, and a drag under way goes on", () => {
  let state = run(opened([]), ...draw([0, 0], [50, 50]));
  const key = state.boxes[0].id;
  state = run(state, { type: "drag-begin", kind: "move", at: [5, 5] }, { type: "drag-to", at: [15, 5] });
  state = run(state, { type: "refresh", record: { ...record([box(90, 0, 0, 50, 50)]), revision: 4 }, pending: [], ids: { [key]: 90 } });
  assert.deepEqual(state.selection, [90]);
  state = run(state, { type: "drag-end" });
  assert.deepEqual(state.made.edits, [{ op: "update", box_id: 90, x: 10, y: 0, w: 50, h: 50 }]);
  assert.equal(state.made.base_revision, 4);
});

test("a box that somebody else deleted ends the drag instead of coming back", () => {
  const dragging = run(opened([box(1, 0, 0, 9, 9)]), { type: "select", ids: [1] }, { type: "drag-begin", kind: "move", at: [5, 5] }, { type: "drag-to", at: [15, 5] });
  const state = run(dragging, { type: "refresh", record: record([]), pending: [] }, { type: "drag-end" });
  assert.equal(state.made, null);
  assert.deepEqual(state.selection, []);
});

test("an answer about another image changes nothing", () => {
  const state = opened([box(1, 0, 0, 9, 9)]);
  const other = { ...record([]), image: { ...image, image_id: 8 } };
  assert.equal(run(state, { type: "refresh", record: other, pending: [] }).boxes.length, 1);
});

test("Tab goes through the boxes in reading order and round again", () => {
  let state = opened([box(1, 50, 50, 9, 9), box(2, 0, 0, 9, 9), box(3, 40, 0, 9, 9)]);
  const seen = [];
  for (let i = 0; i < 4; i++) { state = run(state, { type: "cycle", by: 1 }); seen.push(state.selection[0]); }
  assert.deepEqual(seen, [2, 3, 1, 2]);
  assert.deepEqual(run(opened([]), { type: "cycle", by: 1 }).selection, []);
});

test("the newest box of this visit is deleted first", () => {
  let state = run(opened([box(1, 0, 0, 9, 9)]), ...draw([20, 20], [40, 40]));
  state = run(state, { type: "delete-last" });
  assert.deepEqual(state.boxes.map((b) => b.id), [1]);
  assert.deepEqual(run(state, { type: "delete-last" }).boxes, []);
});

test("pasted boxes are new, trusted and inside the image", () => {
  const source = box(1, 190, 10, 10, 10, { state: "draft", score: 0.4, origin: "model:r" });
  const state = run(opened([source]), { type: "paste", boxes: [source], dx: 8, dy: 8 });
  const [edit] = state.made.edits;
  assert.deepEqual([edit.x, edit.y, edit.state, edit.score], [190, 18, "trusted", undefined]);
  assert.deepEqual(selectedBoxes(state).map((b) => b.box_id), [null]);
});

test("undo of an edit that is still on its way shows at once", () => {
  let state = run(opened([box(1, 0, 0, 9, 9)]), { type: "select", ids: [1] }, { type: "delete" });
  assert.equal(state.boxes.length, 0);
  state = run(state, { type: "history", kind: "undo" });
  assert.equal(state.boxes.length, 1);
  state = run(state, { type: "history", kind: "redo" });
  assert.equal(state.boxes.length, 0);
});

test("an unknown command is an error, not silence", () => {
  assert.throws(() => reduce(initialState(), { type: "explode" }), /unknown command/);
});
