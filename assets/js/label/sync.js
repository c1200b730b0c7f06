// Every edit on its way to the server: written to the queue first, sent in order, kept until acknowledged.
// Knows nothing of the page: it is given a queue, a `send` and listeners, and is tested with fakes of them.
import { keysMade, renameBoxes, withoutEntries } from "./edits.js";
import { dependants, reconcile } from "./merge.js";

const BACK_OFF_MS = [400, 800, 1500, 3000, 6000, 12_000];
const ENDLESS_CONFLICT = 3;
const wait = (attempt) => BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)];
const stored = ({ written, flying, place, ...entry }) => entry;

export class Sync {
  /**
   * @param parts {queue, send(entry), uuid(), lock(work), later(work, ms), now()}
   * @param hear listeners: state(summary), answer({entry, answer}), refused(entry), clash(entry), elsewhere(image_id), nothing(kind)
   */
  constructor(parts, hear) {
    Object.assign(this, parts);
    this.hear = hear;
    this.entries = [];
    this.trouble = null; // {kind: "offline" | "auth" | "server", message}
    this.failures = 0;
    this.pausedUntil = 0;
    this.held = new Map(); // image id → time before which its entries wait
    this.writes = Promise.resolve();
    this.running = false;
    this.places = 0; // identity of an entry on this page, whatever its names become
  }

  /** Takes up what an earlier page left behind. */
  async resume() {
    for (const entry of await this.queue.all()) {
      this.entries.push({ ...entry, place: ++this.places, attempts: Math.max(1, entry.attempts ?? 0), written: Promise.resolve(entry.seq) });
    }
    this.announce();
    this.drain();
  }

  /** Puts an entry in the queue; the promise is fulfilled once it is on disk here. */
  add(made) {
    const entry = { status: "waiting", attempts: 0, ...made, place: ++this.places };
    entry.written = this.write(async () => { entry.seq = await this.queue.append(stored(entry)); });
    this.entries.push(entry);
    this.announce();
    entry.written.then(() => this.drain());
    return entry.written;
  }

  write(work) {
    const done = this.writes.then(work);
    this.writes = done.catch((error) => this.storageFailed(error));
    return this.writes;
  }

  storageFailed(error) {
    this.queue.durable = false;
    console.error("the edit queue cannot be written:", error);
    this.announce();
  }

  /** Fulfilled when every edit made so far is on disk here: what leaving an image waits for. */
  enqueued() {
    return this.writes;
  }

  pendingFor(image_id) {
    return this.entries.filter((e) => e.image_id === image_id && e.status === "waiting").map(stored);
  }

  /** Takes back the newest edit of an image if it was never sent; gives it, or null when only the server can undo. */
  cancelLast(image_id) {
    const mine = this.entries.filter((e) => e.image_id === image_id && e.status === "waiting");
    const last = mine.at(-1);
    if (!last || last.kind !== "edits" || last.attempts > 0 || last.flying) return null;
    this.drop([last]);
    return stored(last);
  }

  drop(entries, put = []) {
    const gone = new Set(entries);
    this.entries = this.entries.filter((e) => !gone.has(e));
    this.announce();
    return this.write(() => this.queue.change({ remove: entries.map((e) => e.seq).filter((s) => s !== undefined), put: put.map(stored) }));
  }

  keep(entry) {
    this.announce();
    return this.write(() => this.queue.change({ put: [stored(entry)] }));
  }

  // --- sending ---

  next() {
    const now = this.now();
    if (now < this.pausedUntil) return null;
    const blocked = new Set();
    for (const entry of this.entries) {
      if (entry.status !== "waiting" || blocked.has(entry.image_id)) continue;
      if ((this.held.get(entry.image_id) ?? 0) <= now) return entry;
      blocked.add(entry.image_id);
    }
    return null;
  }

  /** Tries again at once: the connection is back, or a person asked for it. */
  wake() {
    this.pausedUntil = 0;
    this.held.clear();
    return this.drain();
  }

  async drain() {
    if (this.running) return;
    this.running = true;
    try {
      for (let entry = this.next(); entry; entry = this.next()) await this.sendOne(entry);
    } finally {
      this.running = false;
      this.announce();
    }
  }

  async sendOne(entry) {
    entry.flying = true;
    this.announce();
    await entry.written;
    await this.writes;
    if (!this.entries.includes(entry)) return;
    await this.lock(async () => {
      const kept = this.queue.durable ? await this.queue.get(entry.seq) : entry;
      if (!kept || kept.status !== "waiting") return this.takenElsewhere(entry);
      entry.attempts += 1;
      await this.send(stored(kept)).then((answer) => this.acknowledge(entry, answer), (error) => this.failed(entry, error));
    });
    entry.flying = false;
  }

  takenElsewhere(entry) {
    this.entries = this.entries.filter((e) => e !== entry);
    this.hear.elsewhere(entry.image_id);
  }

  rest(entry) {
    return this.entries.filter((e) => e.image_id === entry.image_id && e.status === "waiting" && e !== entry);
  }

  /** Puts changed copies in the place of entries; those that are missing among the copies are dropped. */
  replace(old, changed, also = []) {
    const copies = new Map(changed.map((e) => [e.place, e]));
    const kept = old.filter((e) => copies.has(e.place));
    for (const entry of kept) Object.assign(entry, copies.get(entry.place));
    return this.drop([...also, ...old.filter((e) => !copies.has(e.place))], kept);
  }

  async acknowledge(entry, answer) {
    this.recovered();
    await this.writes;
    const rest = this.rest(entry);
    const renamed = renameBoxes(rest, answer.ids);
    const others = entry.kind === "edits" && answer.revision > entry.base_revision + 1;
    const { entries, clashes } = others
      ? reconcile(renamed, answer.boxes.map((box) => ({ ...box, id: box.box_id })), answer.revision)
      : { entries: renamed.map((e) => ({ ...e, base_revision: answer.revision })), clashes: [] };
    const done = this.replace(rest, entries, [entry]);
    this.hear.answer({ entry: stored(entry), answer });
    await done;
    this.addClashes(entry.image_id, answer.revision, clashes);
  }

  recovered() {
    this.failures = 0;
    if (this.trouble) this.trouble = null;
  }

  async failed(entry, error) {
    const { status } = error;
    if (status === undefined) throw error;
    if (status === 0 || status === 502 || status === 503 || status === 504) return this.pause("offline", error);
    if (status === 401 || status === 403) return this.pause("auth", error);
    if (status === 408 || status === 429 || status >= 500) return this.hold(entry, error);
    if (status === 409) return this.conflict(entry, error);
    this.recovered();
    return this.refuse(entry, error);
  }

  pause(kind, { message, hint, status }) {
    this.trouble = { kind, message, hint, status };
    const ms = wait(this.failures++);
    this.pausedUntil = this.now() + ms;
    this.later(() => this.drain(), ms);
  }

  hold(entry, { message, hint, status }) {
    this.trouble = { kind: "server", message, hint, status };
    const ms = wait(entry.attempts - 1);
    this.held.set(entry.image_id, this.now() + ms);
    this.later(() => this.drain(), ms);
  }

  async conflict(entry, error) {
    this.recovered();
    const { boxes, revision } = error.body ?? {};
    if (entry.kind !== "edits") {
      await this.drop([entry]);
      return this.hear.nothing(entry);
    }
    entry.conflicts = (entry.conflicts ?? 0) + 1;
    if (!boxes || entry.conflicts > ENDLESS_CONFLICT) return this.refuse(entry, error);
    const chain = [entry, ...this.rest(entry)];
    const named = error.details?.boxes ? new Set(error.details.boxes) : null;
    const { entries, clashes } = reconcile(chain, boxes.map((box) => ({ ...box, id: box.box_id })), revision, named);
    // The refusal may be remembered under the old name of the entry.
    const fresh = entries.map((e) => (e.place === entry.place ? { ...e, client_id: this.uuid() } : e));
    const done = this.replace(chain, fresh);
    this.hear.answer({ entry: { ...stored(entry), edits: [] }, answer: error.body });
    await done;
    await this.addClashes(entry.image_id, revision, clashes);
  }

  async addClashes(image_id, revision, clashes) {
    for (const clash of clashes) {
      const entry = { status: "clash", kind: "edits", image_id, revision, client_id: this.uuid(), edits: [], before: {}, clash };
      await this.add(entry);
      this.hear.clash(this.entries.find((e) => e.client_id === entry.client_id) ?? entry);
    }
  }

  /** Sets an entry aside, and with it those that rest on it; the others go on. */
  async refuse(entry, { status, code, message, hint }) {
    const rest = this.rest(entry);
    const fallen = dependants(rest, keysMade(entry.edits));
    const left = withoutEntries([entry, ...rest], new Set([entry, ...fallen].map((e) => e.client_id)));
    Object.assign(entry, { status: "refused", error: { status, code, message, hint }, edits: [...entry.edits, ...fallen.flatMap((e) => e.edits)] });
    const dropped = rest.filter((e) => !left.some((l) => l.client_id === e.client_id));
    await this.drop(dropped, [entry]);
    this.hear.refused(stored(entry));
  }

  // --- what a person decides about what was set aside ---

  aside() {
    return this.entries.filter((e) => e.status !== "waiting");
  }

  find(client_id) {
    return this.entries.find((e) => e.client_id === client_id);
  }

  retry(entry) {
    Object.assign(entry, { status: "waiting", client_id: this.uuid(), error: undefined, conflicts: 0 });
    this.keep(entry);
    return this.wake();
  }

  announce() {
    const waiting = this.entries.filter((e) => e.status === "waiting");
    this.hear.state({
      unsaved: waiting.length,
      aside: this.aside().length,
      trouble: waiting.length ? this.trouble : null,
      durable: this.queue.durable,
    });
  }
}
