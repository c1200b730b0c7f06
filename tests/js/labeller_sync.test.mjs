import test from "node:test";
import assert from "node:assert/strict";
import { MemoryQueue } from "../../assets/js/label/queue.js";
import { Sync } from "../../assets/js/label/sync.js";

const settled = () => new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
const box = (box_id, x = 0) => ({ box_id, class_id: 1, x, y: 0, w: 10, h: 10 });
let named = 0;

/** A sync over a fake server: `answers` are functions of the entry, used one after the other; the last one stays. */
function harness(answers, queue = new MemoryQueue()) {
  queue.durable = true;
  const heard = { answers: [], refused: [], clashes: [], states: [], elsewhere: [], nothing: [] };
  const sent = [];
  const timers = [];
  const clock = { now: 0 };
  const sync = new Sync({
    queue,
    send: async (entry) => {
      sent.push(structuredClone(entry));
      return (answers.length > 1 ? answers.shift() : answers[0])(entry);
    },
    uuid: () => `fresh${++named}`,
    lock: (work) => work(),
    later: (work, ms) => timers.push({ work, at: clock.now + ms }),
    now: () => clock.now,
  }, {
    state: (state) => heard.states.push(state), answer: (told) => heard.answers.push(told), refused: (entry) => heard.refused.push(entry),
    clash: (entry) => heard.clashes.push(entry.clash), elsewhere: (id) => heard.elsewhere.push(id), nothing: (entry) => heard.nothing.push(entry.kind),
  });
  const pass = async (ms) => {
    clock.now += ms;
    for (const timer of timers.splice(0)) timer.at <= clock.now ? timer.work() : timers.push(timer);
    await settled();
  };
  return { sync, queue, heard, sent, pass };
}

const edit = (client_id, edits, more = {}) => ({ client_id, image_id: 1, kind: "edits", base_revision: 1, edits, before: {}, ...more });
const fails = (status, body = {}) => () => { throw Object.assign(new Error(`status ${status}`), { status, body, details: body.error?.details ?? null }); };
const takes = (revision, more = {}) => () => ({ revision, boxes: [], ids: {}, ...more });

test("an edit is on disk before it is sent, and off it when acknowledged", async () => {
  let onDisk = null;
  const parts = harness([async () => { onDisk = (await parts.queue.all()).length; return { revision: 2, boxes: [], ids: {} }; }]);
  parts.sync.add(edit("a", [{ op: "add", key: "k" }]));
  await settled();
  assert.equal(onDisk, 1);
  assert.equal((await parts.queue.all()).length, 0);
  assert.equal(parts.heard.states.at(-1).unsaved, 0);
});

test("an edit of a box that has no number yet goes out with the number", async () => {
  const { sync, sent } = harness([takes(2, { ids: { k: 40 }, boxes: [box(40)] }), takes(3)]);
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  sync.add(edit("b", [{ op: "update", box_id: "k", x: 5 }]));
  await settled();
  assert.equal(sent[1].edits[0].box_id, 40);
  assert.equal(sent[1].base_revision, 2, "our own edit before it is no conflict");
});

test("the server away: edits are kept, sent in order later, under the same names", async () => {
  const { sync, sent, heard, pass, queue } = harness([fails(0), fails(0), takes(2), takes(3)]);
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  sync.add(edit("b", [{ op: "add", key: "l" }]));
  await settled();
  assert.deepEqual([heard.states.at(-1).trouble.kind, heard.states.at(-1).unsaved], ["offline", 2]);
  assert.equal((await queue.all()).length, 2);
  await pass(500);
  await pass(2000);
  assert.deepEqual(sent.map((e) => e.client_id), ["a", "a", "a", "b"]);
  assert.deepEqual([heard.states.at(-1).trouble, heard.states.at(-1).unsaved], [null, 0]);
});

test("a page opened again sends what the last one left", async () => {
  const queue = new MemoryQueue();
  const first = harness([fails(0)], queue);
  first.sync.add(edit("a", [{ op: "add", key: "k" }]));
  await settled();
  const second = harness([takes(2)], queue);
  await second.sync.resume();
  await settled();
  assert.deepEqual(second.sent.map((e) => e.client_id), ["a"]);
  assert.equal((await queue.all()).length, 0);
});

test("signed out: nothing is lost and waking sends it", async () => {
  const { sync, heard, sent } = harness([fails(401), takes(2)]);
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  await settled();
  assert.equal(heard.states.at(-1).trouble.kind, "auth");
  await sync.wake();
  assert.equal(sent.length, 2);
  assert.equal(heard.states.at(-1).unsaved, 0);
});

test("a refused edit is set aside with what rests on it, and the rest goes on", async () => {
  const { sync, heard, sent, queue } = harness([fails(422, { error: { code: "bad" } }), takes(2)]);
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  sync.add(edit("b", [{ op: "update", box_id: "k", x: 4 }]));
  sync.add(edit("c", [{ op: "add", key: "l" }]));
  await settled();
  assert.deepEqual(sent.map((e) => e.client_id), ["a", "c"]);
  assert.equal(heard.refused[0].edits.length, 2);
  assert.deepEqual((await queue.all()).map((e) => e.status), ["refused"]);
  assert.deepEqual([heard.states.at(-1).unsaved, heard.states.at(-1).aside], [0, 1]);
});

test("a refused edit sent again has a new name", async () => {
  const { sync, sent } = harness([fails(422), takes(2)]);
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  await settled();
  await sync.retry(sync.aside()[0]);
  await settled();
  assert.notEqual(sent[1].client_id, "a");
  assert.equal(sync.entries.length, 0);
});

test("an error on one image does not stop the others", async () => {
  const { sync, sent, heard, pass } = harness([(e) => (e.image_id === 1 && sent.length < 4 ? fails(500)() : { revision: 2, boxes: [], ids: {} })]);
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  sync.add(edit("b", [{ op: "add", key: "l" }], { image_id: 2 }));
  await settled();
  assert.deepEqual(sent.map((e) => e.client_id), ["a", "b"]);
  await pass(500);
  await pass(60_000);
  assert.equal(heard.states.at(-1).unsaved, 0);
});

test("a conflict keeps edits to other boxes and brings back both versions of the clashing one", async () => {
  const conflict = { revision: 8, boxes: [box(1, 99), box(2, 0)], error: { code: "conflict", details: {} } };
  const { sync, sent, heard, queue } = harness([fails(409, conflict), takes(9)]);
  const before = { 1: { ...box(1), id: 1 }, 2: { ...box(2), id: 2 } };
  sync.add(edit("a", [{ op: "update", box_id: 1, x: 5 }, { op: "update", box_id: 2, x: 6 }], { before }));
  await settled();
  assert.deepEqual(sent[1].edits, [{ op: "update", box_id: 2, x: 6 }]);
  assert.deepEqual([sent[1].base_revision, sent[1].client_id === "a"], [8, false]);
  assert.deepEqual([heard.clashes[0].mine.x, heard.clashes[0].theirs.x], [5, 99]);
  assert.deepEqual((await queue.all()).map((e) => e.status), ["clash"], "the decision survives a reload");
});

test("somebody's change between two of my edits is seen even when the first was merged", async () => {
  const { sync, heard, sent } = harness([takes(5, { boxes: [box(1, 5), box(2, 77)] })]);
  sync.add(edit("a", [{ op: "update", box_id: 1, x: 5 }], { before: { 1: { ...box(1), id: 1 } } }));
  sync.add(edit("b", [{ op: "update", box_id: 2, x: 6 }], { before: { 2: { ...box(2), id: 2 } } }));
  await settled();
  assert.equal(sent.length, 1);
  assert.deepEqual([heard.clashes[0].mine.x, heard.clashes[0].theirs.x], [6, 77]);
});

test("a conflict that never ends is shown instead of looping", async () => {
  const { sync, heard, sent } = harness([fails(409, { revision: 8, boxes: [], error: {} })]);
  sync.add(edit("a", [{ op: "state", value: "labelled" }]));
  await settled();
  await settled();
  assert.equal(heard.refused.length, 1);
  assert.ok(sent.length <= 4);
});

test("only an edit that was never sent can be taken back here", async () => {
  const { sync, queue, pass } = harness([fails(0), fails(0), takes(2)]);
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  sync.add(edit("b", [{ op: "add", key: "l" }]));
  await settled();
  assert.equal(sync.cancelLast(1).client_id, "b");
  assert.equal(sync.cancelLast(1), null, "the server may have the first one already");
  await settled();
  assert.deepEqual((await queue.all()).map((e) => e.client_id), ["a"]);
  await pass(10);
});

test("nothing to undo is said and does not stay in the queue", async () => {
  const { sync, heard } = harness([fails(409, { error: {} })]);
  sync.add(edit("u", [], { kind: "undo" }));
  await settled();
  assert.deepEqual(heard.nothing, ["undo"]);
  assert.equal(sync.entries.length, 0);
});

test("an entry that another tab has sent is not sent twice", async () => {
  const { sync, queue, heard, sent } = harness([takes(2)]);
  queue.get = async () => undefined; // gone by the time its turn comes
  sync.add(edit("a", [{ op: "add", key: "k" }]));
  await settled();
  assert.deepEqual([sent.length, heard.elsewhere, sync.entries.length], [0, [1], 0]);
});
