// The whole way of an edit, from the command to the server and back, over a connection that fails in every way there is.
import test from "node:test";
import assert from "node:assert/strict";
import { App } from "../../assets/js/label/app.js";
import { Classes } from "../../assets/js/label/classes.js";
import { Images } from "../../assets/js/label/images.js";
import { keepMine } from "../../assets/js/label/merge.js";
import { MemoryQueue } from "../../assets/js/label/queue.js";
import { Sync } from "../../assets/js/label/sync.js";

globalThis.requestAnimationFrame = () => 0;

/** Park and Miller's generator: the same seed, the same story. */
function dice(seed) {
  let state = seed;
  const roll = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return { roll, below: (n) => Math.floor(roll() * n), one: (list) => list[Math.floor(roll() * list.length)] };
}

class Server {
  boxes = new Map();
  revision = 0;
  state = "labelled";
  last = 0;
  touched = new Map();
  replays = new Map();
  done = [];
  undone = [];

  contents() {
    return { revision: this.revision, boxes: [...this.boxes.values()].map((b) => ({ ...b })), state: this.state, can_undo: this.done.length > 0, can_redo: this.undone.length > 0 };
  }

  take({ kind, client_id, base_revision, edits }) {
    if (!this.replays.has(client_id)) this.replays.set(client_id, kind === "edits" ? this.edit(base_revision, edits) : this.history(kind));
    return structuredClone(this.replays.get(client_id));
  }

  edit(base, edits) {
    const clashing = edits.filter((e) => e.box_id !== undefined && (this.touched.get(e.box_id) ?? 0) > base);
    if (clashing.length) return { status: 409, body: { ...this.contents(), error: { code: "conflict", details: {} } } };
    if (edits.some((e) => e.box_id !== undefined && !this.boxes.has(e.box_id))) return { status: 422, body: { error: { code: "no_such_box" } } };
    this.done.push(new Map(this.boxes));
    this.undone = [];
    return this.apply(edits);
  }

  apply(edits) {
    const ids = {};
    this.revision += 1;
    for (const { op, key, box_id, ...fields } of edits) {
      if (op === "state") { this.state = fields.value; continue; }
      const id = op === "add" ? (ids[key] = ++this.last) : box_id;
      if (op === "delete") this.boxes.delete(id);
      else this.boxes.set(id, { ...(this.boxes.get(id) ?? { box_id: id, origin: "human", state: "trusted" }), ...fields });
      this.touched.set(id, this.revision);
    }
    return { status: 200, body: { ...this.contents(), ids } };
  }

  history(kind) {
    const [from, to] = kind === "undo" ? [this.done, this.undone] : [this.undone, this.done];
    if (!from.length) return { status: 409, body: { error: { code: "nothing" } } };
    to.push(new Map(this.boxes));
    this.boxes = from.pop();
    this.revision += 1;
    return { status: 200, body: this.contents() };
  }
}

const tick = () => new Promise((resolve) => setImmediate(resolve));
const failure = (status, body = null) => Object.assign(new Error(`status ${status}`), { status, body, details: body?.error?.details ?? null });

function page(server, random, queue) {
  queue.durable = true; // as a database is: every entry is read again before it is sent
  const clock = { now: 0 };
  const heard = { clashes: [], refused: [], trouble: false };
  const connection = { rough: true };
  const send = async (entry) => {
    for (let i = random.below(4); i > 0; i--) await tick();
    const fate = connection.rough ? random.roll() : 1;
    if (fate < 0.15) throw failure(0);
    if (fate < 0.2) throw failure(503);
    if (fate < 0.25) throw failure(500);
    const { status, body } = server.take(entry);
    if (fate < 0.4) throw failure(0); // done, and nobody heard of it
    if (status !== 200) throw failure(status, body);
    return body;
  };
  const image = { image_id: 1, path: "a", width: 1000, height: 1000, state: "labelled" };
  const api = {
    image: async () => { const { boxes, revision, can_undo, can_redo, state } = server.contents(); return { image: { ...image, state }, boxes, revision, can_undo, can_redo }; },
    neighbours: async () => null, pixels: async () => { throw new Error("no pictures here"); }, searchClasses: async () => ({ classes: [] }),
  };
  const images = new Images(api, () => "", () => [1]);
  const app = new App({ config: {}, api, images, classes: new Classes([]), preferences: { setLastClass() {} }, toast() {}, say() {} });
  const refetch = async () => { await images.renew(1); app.refresh(); };
  let names = 0;
  const later = (work, ms) => { tick().then(() => { clock.now += ms; work(); }); };
  app.sync = new Sync({ queue, send, uuid: () => `n${++names}.${random.below(1e9)}`, lock: (work) => work(), later, now: () => clock.now }, {
    state() {}, answer({ entry, answer }) { images.adopt(entry, answer); app.refresh(answer.ids); },
    refused: (entry) => { heard.refused.push(entry); app.refresh(); }, clash: (entry) => heard.clashes.push(entry), nothing: refetch, elsewhere: refetch,
  });
  const quiet = async () => {
    for (let i = 0; i < 5000; i++) {
      await tick();
      if (!app.sync.running && app.sync.entries.every((e) => e.status !== "waiting")) return;
    }
    assert.fail("the queue never became empty");
  };
  return { app, heard, connection, quiet };
}

let mark = 0;
/** One thing a person does; every new box has a width of its own. */
function act({ app }, random, undo) {
  const { boxes } = app.state;
  const what = random.below(undo ? 9 : 7);
  if (what < 3 || boxes.length === 0) return app.dispatch({ type: "add", box: { class_id: 1, x: random.below(500), y: 0, w: 1 + (++mark % 400) + mark / 1e6, h: 5 } });
  app.dispatch({ type: "select", ids: [random.one(boxes).id] });
  if (what === 3) return app.dispatch({ type: "class", class_id: 1 + random.below(5) });
  if (what === 4) return app.dispatch({ type: "delete" });
  if (what < 7) {
    for (let i = random.below(4); i >= 0; i--) app.dispatch({ type: "keys", dx: 1 + random.below(9), dy: 1 });
    return app.finishKeys();
  }
  return app.state.pending.length === 0 ? null : what === 7 ? app.undo() : app.redo();
}

const plain = (boxes) => boxes.map(({ class_id, x, y, w, h }) => [w, x, y, h, class_id].join()).sort();

test("whatever the connection does, every edit arrives once and the page shows what the server has", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = dice(seed * 7919);
    const server = new Server();
    const person = page(server, random, new MemoryQueue());
    person.app.open(await person.app.images.load(1));
    for (let i = 0; i < 60; i++) {
      act(person, random, false);
      for (let t = random.below(5); t > 0; t--) await tick();
    }
    const promised = plain(person.app.state.boxes);
    person.connection.rough = false;
    await person.app.sync.wake();
    await person.quiet();
    assert.deepEqual(plain([...server.boxes.values()]), promised, `seed ${seed}: what was drawn is what is kept`);
    assert.deepEqual(plain(person.app.state.boxes), promised, `seed ${seed}`);
    assert.deepEqual([person.heard.clashes.length, person.heard.refused.length], [0, 0], `seed ${seed}: nobody else was there`);
  }
});

test("undo and redo in the middle of it leave page and server agreed", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = dice(seed * 104729);
    const server = new Server();
    const person = page(server, random, new MemoryQueue());
    person.app.open(await person.app.images.load(1));
    for (let i = 0; i < 60; i++) {
      act(person, random, true);
      for (let t = random.below(5); t > 0; t--) await tick();
    }
    person.connection.rough = false;
    await person.app.sync.wake();
    await person.quiet();
    assert.deepEqual(plain(person.app.state.boxes), plain([...server.boxes.values()]), `seed ${seed}`);
    const widths = [...server.boxes.values()].map((b) => b.w);
    assert.equal(new Set(widths).size, widths.length, `seed ${seed}: no box twice`);
  }
});

test("a page that dies and comes back sends what it had promised", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = dice(seed * 15485863 % 2147483647);
    const server = new Server();
    const queue = new MemoryQueue();
    const first = page(server, random, queue);
    first.app.open(await first.app.images.load(1));
    for (let i = 0; i < 20; i++) {
      act(first, random, false);
      for (let t = random.below(4); t > 0; t--) await tick();
    }
    await first.app.sync.enqueued();
    const promised = plain(first.app.state.boxes);
    first.app.sync.lock = () => new Promise(() => {}); // the page is gone
    first.app.sync.send = () => new Promise(() => {});
    first.app.sync.queue = new MemoryQueue();
    for (let t = 0; t < 20; t++) await tick();
    const second = page(server, random, queue);
    second.connection.rough = false;
    await second.app.sync.resume();
    second.app.open(await second.app.images.load(1));
    await second.quiet();
    assert.deepEqual(plain([...server.boxes.values()]), promised, `seed ${seed}`);
    assert.deepEqual(plain(second.app.state.boxes), promised, `seed ${seed}`);
  }
});

test("two people on one image: both keep what they did, or are asked", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = dice(seed * 32452843 % 2147483647);
    const server = new Server();
    const people = [page(server, random, new MemoryQueue()), page(server, random, new MemoryQueue())];
    for (const person of people) person.app.open(await person.app.images.load(1));
    for (let i = 0; i < 60; i++) {
      act(random.one(people), random, false);
      for (let t = random.below(5); t > 0; t--) await tick();
    }
    for (const person of people) {
      person.connection.rough = false;
      await person.app.sync.wake();
      await person.quiet();
      for (const entry of person.heard.clashes) {
        const id = `mine${++mark}`;
        const edits = keepMine(entry.clash, `${id}.0`).filter((e) => e.op === "add" || server.boxes.has(e.box_id));
        person.app.sync.drop([entry]);
        await person.app.sync.writes;
        if (edits.length && random.roll() < 0.5) person.app.dispatch({ type: "edits", edits, id });
        await person.quiet();
      }
      for (const entry of person.app.sync.aside()) person.app.sync.drop([entry]);
    }
    for (const person of people) {
      await person.app.images.renew(1);
      person.app.refresh();
      assert.deepEqual(plain(person.app.state.boxes), plain([...server.boxes.values()]), `seed ${seed}`);
      assert.equal(person.app.state.pending.length, 0, `seed ${seed}`);
    }
    const widths = [...server.boxes.values()].map((b) => b.w);
    assert.equal(new Set(widths).size, widths.length, `seed ${seed}: no box twice`);
  }
});
