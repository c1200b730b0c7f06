import test from "node:test";
import assert from "node:assert/strict";
import * as outline from "../../assets/js/label/outline.js";
import { boxOnSide, halfTurn, plainTurn, turnBox, turnHandle, turnTowards } from "../../assets/js/label/turns.js";
import { corners } from "../../assets/js/label/geometry.js";
import { HitIndex } from "../../assets/js/label/hits.js";
import { initialState, reduce } from "../../assets/js/label/state.js";

const size = { width: 200, height: 100 };
const square = [[10, 10], [30, 10], [30, 30], [10, 30]];
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

const box = (box_id, more = {}) => ({ id: box_id, box_id, class_id: 1, x: 10, y: 10, w: 20, h: 20, origin: "human", state: "trusted", ...more });
const record = (boxes) => ({ image: { image_id: 7, path: "a.jpg", ...size, state: "labelled" }, boxes, revision: 3, can_undo: false, can_redo: false });
let turn = 0;
const run = (state, ...commands) => commands.reduce((s, c) => reduce(s, { id: `id${++turn}`, ...c }), state);
const opened = (...boxes) => run({ ...initialState(), screen: { width: 800, height: 600 } }, { type: "load", record: record(boxes), pending: [] }, { type: "class-current", class_id: 1 });
const shaped = (edit) => ({ x: edit.x, y: edit.y, w: edit.w, h: edit.h, polygon: edit.polygon, angle: edit.angle });

test("a double click leaves no double point, and what encloses nothing is no outline", () => {
  assert.deepEqual(outline.thinned([[0, 0], [9, 0], [9, 9], [9, 9], [0, 0]]), [[0, 0], [9, 0], [9, 9]]);
  assert.equal(outline.encloses([[0, 0], [5, 5], [9, 9]]), false);
  assert.equal(outline.encloses(square), true);
});

test("an inner ring is a hole", () => {
  const rings = [square, [[15, 15], [25, 15], [25, 25], [15, 25]]];
  assert.equal(outline.insideRings(rings, [12, 12]), true);
  assert.equal(outline.insideRings(rings, [20, 20]), false);
});

test("the nearest corner and the nearest side are found, and nothing far off", () => {
  assert.deepEqual(outline.vertexNear([square], [29, 11], 3), { ring: 0, at: 1 });
  assert.deepEqual(outline.sideNear([square], [20, 11], 3), { ring: 0, at: 1, point: [20, 10] });
  assert.deepEqual(outline.sideNear([square], [10, 21], 3).at, 4, "the last side closes the ring");
  assert.equal(outline.sideNear([square], [20, 20], 3), null);
});

test("a ring keeps three corners; a smaller one goes with its ring, the last ring stays", () => {
  const triangle = square.slice(0, 3);
  assert.equal(outline.withoutVertex([square], { ring: 0, at: 0 })[0].length, 3);
  assert.equal(outline.withoutVertex([triangle], { ring: 0, at: 0 }), null);
  assert.deepEqual(outline.withoutVertex([square, triangle], { ring: 1, at: 0 }), [square]);
});

test("turns are told in one way only", () => {
  assert.deepEqual([plainTurn(190), plainTurn(-180), plainTurn(720), plainTurn(29.96)], [-170, 180, 0, 30]);
  assert.deepEqual([halfTurn(180), halfTurn(-90), halfTurn(135)], [0, 90, -45]);
});

test("a turned box lies along the side it was drawn from, whichever way", () => {
  for (const [a, b] of [[[20, 20], [60, 50]], [[60, 50], [20, 20]]]) {
    const made = boxOnSide(a, b, [30, 60]);
    near(made.w, 50);
    const points = corners(made);
    for (const end of [a, b]) assert.ok(points.some(([x, y]) => Math.hypot(x - end[0], y - end[1]) < 0.1), `${end} is no corner of ${JSON.stringify(points)}`);
    near(made.angle, 36.9);
  }
  assert.equal(boxOnSide([5, 5], [5, 5], [9, 9]), null);
});

test("the handle turns the box to where it is dragged", () => {
  const upright = box(1);
  assert.deepEqual(turnHandle(upright, 5), [20, 5]);
  assert.equal(turnTowards(upright, [40, 20]), 90);
  assert.equal(turnTowards(upright, [41, 17], 15), 75);
});

test("an outline turns with its box and its rectangle stays tight; over the border it does not turn", () => {
  const turned = turnBox(box(1, { polygon: [square] }), 45, size);
  assert.equal(turned.angle, undefined);
  assert.deepEqual({ x: turned.x, y: turned.y, w: turned.w, h: turned.h }, outline.tightRect(turned.polygon));
  assert.ok(turned.w > 28);
  const edge = box(1, { x: 0, y: 0, polygon: [[[0, 0], [20, 0], [20, 20], [0, 20]]] });
  assert.equal(turnBox(edge, 45, size), edge);
});

test("an outline is drawn point by point, and is one edit with its tight rectangle", () => {
  const at = (x, y) => ({ type: "path-point", kind: "polygon", at: [x, y] });
  const drawing = run(opened(), at(10, 10), at(300, 12.34), at(50, 80), at(77, 7), { type: "path-back" });
  assert.equal(drawing.made, null);
  const state = run(drawing, { type: "path-close" });
  assert.deepEqual(shaped(state.made.edits[0]), { x: 10, y: 10, w: 190, h: 70, polygon: [[[10, 10], [200, 12.3], [50, 80]]], angle: undefined });
  assert.deepEqual(state.selection, [state.boxes[0].id]);
  assert.equal(run(opened(), at(1, 1), at(9, 9), { type: "path-close" }).pending.length, 0, "two points are no outline");
});

test("a turned box needs three points; one drawn upright has no turn", () => {
  const at = (x, y) => ({ type: "path-point", kind: "turned", at: [x, y] });
  const upright = run(opened(), at(10, 10), at(60, 10), at(30, 40), { type: "path-close" });
  assert.deepEqual(shaped(upright.made.edits[0]), { x: 10, y: 10, w: 50, h: 30, polygon: undefined, angle: undefined });
  const turned = run(opened(), at(20, 20), at(60, 50), at(30, 60), { type: "path-close" });
  near(turned.made.edits[0].angle, 36.9);
});

test("a dragged corner is one edit of outline and rectangle", () => {
  const state = run(opened(box(1, { polygon: [square] })), { type: "select", ids: [1] },
    { type: "drag-begin", kind: "bend", at: [30, 30], handle: { ring: 0, at: 2 } }, { type: "drag-to", at: [50, 60] }, { type: "drag-end" });
  assert.deepEqual(state.made.edits, [{ op: "update", box_id: 1, x: 10, y: 10, w: 40, h: 50, polygon: [[[10, 10], [30, 10], [50, 60], [10, 30]]] }]);
});

test("by keys a corner is held, moved as one edit, added and deleted", () => {
  let state = run(opened(box(1, { polygon: [square] })), { type: "select", ids: [1] }, { type: "vertex-first" }, { type: "vertex-step", by: -1 });
  assert.deepEqual(state.vertex, { id: 1, ring: 0, at: 3 });
  state = run(state, { type: "vertex-keys", dx: -4 }, { type: "vertex-keys", dx: -4 }, { type: "drag-end" });
  assert.equal(state.pending.length, 1);
  assert.deepEqual(state.boxes[0].polygon[0][3], [2, 30]);
  state = run(state, { type: "vertex-add" });
  assert.deepEqual(state.boxes[0].polygon[0][4], [6, 20]);
  state = run(state, { type: "vertex-delete" }, { type: "vertex-delete" });
  assert.equal(state.boxes[0].polygon[0].length, 3);
  assert.equal(run(state, { type: "vertex-delete" }).boxes[0].polygon[0].length, 3, "three corners stay");
});

test("turning keys add up to one edit", () => {
  const state = run(opened(box(1)), { type: "select", ids: [1] }, { type: "keys", turn: 15 }, { type: "keys", turn: 1 }, { type: "drag-end" });
  assert.deepEqual(state.made.edits, [{ op: "update", box_id: 1, x: 10, y: 10, w: 20, h: 20, angle: 16 }]);
});

test("a locked box cannot be hit, moved, renamed or deleted, and keeps its lock under its number", () => {
  let state = run(opened(box(1), box(2, { x: 60 })), { type: "lock", ids: [1] }, { type: "select-all" });
  assert.deepEqual(state.selection, [2]);
  state = run(state, { type: "select", ids: [1, 2] }, { type: "class", class_id: 9 }, { type: "keys", dx: 5 }, { type: "drag-end" }, { type: "delete" });
  assert.deepEqual(state.boxes.map((b) => [b.id, b.class_id, b.x]), [[1, 1, 10]]);
  assert.deepEqual(state.selection, [1]);
  const hits = new HitIndex();
  hits.refresh(state.boxes);
  assert.deepEqual(hits.at(state, [20, 20], 2).all, []);
  assert.equal(hits.at(run(state, { type: "lock", ids: [1] }), [20, 20], 2).inside.id, 1);
  const drawn = run(opened(), { type: "add", box: { class_id: 1, x: 1, y: 1, w: 5, h: 5 } });
  const [key] = drawn.selection;
  const named = run(drawn, { type: "lock", ids: [key] }, { type: "refresh", record: record([box(90)]), pending: [], ids: { [key]: 90 } });
  assert.deepEqual([...named.locked], [90]);
});

test("hidden boxes are passed over; others can be hidden and all shown again", () => {
  let state = run(opened(box(1), box(2, { x: 60 }), box(3, { x: 110 })), { type: "select", ids: [2] }, { type: "veil-others" });
  assert.deepEqual([...state.veiled], [1, 3]);
  assert.deepEqual(run(state, { type: "cycle", by: 1 }).selection, [2]);
  state = run(state, { type: "veil", ids: [2] });
  assert.deepEqual(state.selection, []);
  assert.equal(run(state, { type: "unveil-all" }).veiled.size, 0);
});

test("an outline is hit where it is, not where its rectangle is", () => {
  const triangle = box(1, { polygon: [[[10, 10], [30, 10], [10, 30]]] });
  const state = opened(triangle);
  const hits = new HitIndex();
  hits.refresh(state.boxes);
  assert.equal(hits.at(state, [14, 14], 1).inside?.id, 1);
  assert.equal(hits.at(state, [27, 27], 1).inside, null);
});
