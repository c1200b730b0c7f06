import test from "node:test";
import assert from "node:assert/strict";
import { applyEdits, effectiveEntries, project, renameBoxes, withoutEntries } from "../../assets/js/label/edits.js";
import { dependants, keepMine, reconcile } from "../../assets/js/label/merge.js";

const box = (id, x, more = {}) => ({ id, box_id: id, class_id: 1, x, y: 0, w: 10, h: 10, state: "trusted", ...more });
const entry = (client_id, edits, before = {}, kind = "edits") => ({ client_id, image_id: 1, kind, base_revision: 1, edits, before });
const update = (box_id, fields) => ({ op: "update", box_id, ...fields });

test("edits to boxes that nobody else touched are kept", () => {
  const mine = [entry("a", [update(1, { x: 5 }), update(2, { x: 6 })], { 1: box(1, 0), 2: box(2, 0) })];
  const { entries, clashes } = reconcile(mine, [box(1, 0), box(2, 90)], 9);
  assert.deepEqual(entries[0].edits, [update(1, { x: 5 })]);
  assert.equal(entries[0].base_revision, 9);
  assert.deepEqual(clashes.map((c) => [c.box_id, c.mine.x, c.theirs.x]), [[2, 6, 90]]);
});

test("all waiting edits of a clashing box make up my version together", () => {
  const mine = [entry("a", [update(1, { x: 5 })], { 1: box(1, 0) }), entry("b", [update(1, { class_id: 3 })], { 1: box(1, 5) })];
  const { entries, clashes } = reconcile(mine, [box(1, 70)], 9);
  assert.equal(entries.length, 0);
  assert.deepEqual([clashes[0].mine.x, clashes[0].mine.class_id], [5, 3]);
});

test("both sides doing the same is no clash", () => {
  assert.deepEqual(reconcile([entry("a", [update(1, { x: 5 })], { 1: box(1, 0) })], [box(1, 5)], 9), { entries: [], clashes: [] });
  assert.deepEqual(reconcile([entry("a", [{ op: "delete", box_id: 1 }], { 1: box(1, 0) })], [], 9), { entries: [], clashes: [] });
});

test("a box deleted by one and changed by the other is a clash either way", () => {
  const [changed] = reconcile([entry("a", [update(1, { x: 5 })], { 1: box(1, 0) })], [], 9).clashes;
  assert.deepEqual([changed.mine.x, changed.theirs], [5, null]);
  assert.equal(keepMine(changed, "k")[0].op, "add");
  const [deleted] = reconcile([entry("a", [{ op: "delete", box_id: 1 }], { 1: box(1, 0) })], [box(1, 8)], 9).clashes;
  assert.equal(deleted.mine, null);
  assert.deepEqual(keepMine(deleted, "k"), [{ op: "delete", box_id: 1 }]);
});

test("new boxes and states never clash", () => {
  const mine = [entry("a", [{ op: "add", key: "k", ...box(null, 3) }, { op: "state", value: "labelled" }])];
  assert.equal(reconcile(mine, [], 9).entries[0].edits.length, 2);
});

test("an undo whose edit was taken out does not undo something else", () => {
  const list = [entry("a", [update(1, { x: 1 })]), entry("b", [update(2, { x: 1 })]), entry("u", [], {}, "undo")];
  assert.deepEqual(withoutEntries(list, new Set(["b"])).map((e) => e.client_id), ["a"]);
  assert.deepEqual(withoutEntries(list, new Set(["a"])).map((e) => e.client_id), ["b", "u"]);
});

test("undo and redo among waiting entries cancel their neighbours, and a new edit ends redo", () => {
  const names = (list) => effectiveEntries(list).map((e) => e.client_id);
  const [a, b] = [entry("a", []), entry("b", [])];
  const [undo, redo] = [entry("u", [], {}, "undo"), entry("r", [], {}, "redo")];
  assert.deepEqual(names([a, b, undo]), ["a"]);
  assert.deepEqual(names([a, b, undo, redo]), ["a", "b"]);
  assert.deepEqual(names([a, undo, b, redo]), ["b"]);
  assert.deepEqual(names([undo, a]), ["a"]);
});

test("edits of a box without a number follow it when it gets one", () => {
  const [renamed] = renameBoxes([entry("a", [update("k", { x: 4 })], { k: box("k", 0) })], { k: 12 });
  assert.equal(renamed.edits[0].box_id, 12);
  assert.ok(renamed.before[12]);
});

test("what rests on a refused new box is found", () => {
  const list = [entry("a", [update("k", { x: 4 })]), entry("b", [update(3, { x: 4 })])];
  assert.deepEqual(dependants(list, ["k"]).map((e) => e.client_id), ["a"]);
});

test("an edit of a box that is gone changes nothing", () => {
  assert.deepEqual(applyEdits({ boxes: [], state: "labelled" }, [update(1, { x: 4 })]).boxes, []);
});

test("with nothing waiting the page shows the very boxes of the server", () => {
  const server = { boxes: [box(1, 0)], state: "labelled" };
  assert.equal(project(server, []), server);
});
