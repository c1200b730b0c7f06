// Images at hand: this one, its neighbours, and the few just left. Pixels are decoded off the main thread.
import { withId } from "./edits.js";
import { closePicture, decodePicture } from "./pictures.js";

const AT_HAND = 6;
const LARGE = 24e6; // pixels of a picture from which a neighbour is kept as a preview only
const BYTES_AT_HAND = 640e6; // of decoded pictures that may be let go

export class Images {
  /** @param pinned ids that must stay at hand, asked for when room is made */
  constructor(api, filter, pinned) {
    Object.assign(this, { api, filter, pinned });
    this.records = new Map(); // id → record, least recently used first
    this.loading = new Map();
    this.acknowledged = new Map(); // id → newest revision that an answer has told
  }

  get(id) {
    return this.records.get(id);
  }

  /** The record of an image, from memory if it is there. `ahead`: it is not shown yet, a preview will do if it is large. */
  load(id, ahead = false) {
    const record = this.records.get(id);
    if (record) {
      this.records.delete(id);
      this.records.set(id, record);
      if (record.picture?.error || (record.previewed && !ahead)) this.see(id, record);
      return Promise.resolve(record);
    }
    if (!this.loading.has(id)) this.loading.set(id, this.fetch(id, ahead).finally(() => this.loading.delete(id)));
    return this.loading.get(id);
  }

  async fetch(id, ahead) {
    const early = ahead ? null : this.pixels(id);
    const neighbours = this.api.neighbours(id, this.filter()).catch(() => null);
    const record = { ...(await this.contents(id)), picture: null, neighbours: null };
    const preview = ahead && record.image.width * record.image.height > LARGE;
    this.see(id, record, early ?? this.pixels(id, preview));
    record.previewed = preview;
    record.around = neighbours.then((found) => (record.neighbours = found));
    this.records.set(id, record);
    this.makeRoom(id);
    return record;
  }

  pixels(id, preview = false) {
    return this.api.pixels(id).then((blob) => decodePicture(blob, preview)).catch((error) => ({ error }));
  }

  /** Brings the pixels of a record; again when they could not be had the last time. A preview stays until they are there. */
  see(id, record, pixels = this.pixels(id)) {
    const before = record.picture;
    record.previewed = false;
    if (before?.error) record.picture = null;
    record.seen = pixels.then((picture) => {
      closePicture(before);
      record.picture = picture;
      this.makeRoom(id);
      return picture;
    });
  }

  /** Boxes and state as the server has them; never older than what it has already acknowledged. */
  async contents(id) {
    for (;;) {
      const { image, boxes, revision, can_undo, can_redo } = await this.api.image(id);
      if (revision >= (this.acknowledged.get(id) ?? 0)) return { image, boxes: boxes.map(withId), revision, can_undo, can_redo };
    }
  }

  /** Looks again at an image that was at hand; gives its record when it has changed. */
  async renew(id) {
    const record = this.records.get(id);
    if (!record) return null;
    record.around = this.api.neighbours(id, this.filter()).then((found) => (record.neighbours = found), () => record.neighbours);
    const fresh = await this.contents(id);
    if (fresh.revision <= record.revision) return null;
    return Object.assign(record, fresh);
  }

  /** Takes over what the server answered to an edit. */
  adopt(entry, answer) {
    const id = entry.image_id;
    this.acknowledged.set(id, Math.max(this.acknowledged.get(id) ?? 0, answer.revision));
    const record = this.records.get(id);
    if (!record || answer.revision < record.revision) return record;
    const said = entry.edits.findLast?.((edit) => edit.op === "state")?.value;
    const state = answer.state ?? answer.image?.state ?? said ?? record.image.state;
    return Object.assign(record, {
      boxes: answer.boxes.map(withId), revision: answer.revision, image: { ...record.image, state },
      can_undo: answer.can_undo ?? (entry.kind !== "undo" || record.can_undo), can_redo: answer.can_redo ?? entry.kind === "undo",
    });
  }

  preload(ids) {
    for (const id of ids) if (id !== null && id !== undefined) this.load(id, true).catch(() => null);
  }

  makeRoom(newest) {
    const keep = new Set([newest, ...this.pinned()]);
    let bytes = [...this.records.values()].reduce((sum, { picture }) => sum + (picture?.bytes ?? 0), 0);
    for (const [id, record] of this.records) {
      if (this.records.size <= AT_HAND && bytes <= BYTES_AT_HAND) return;
      if (keep.has(id)) continue;
      this.records.delete(id);
      bytes -= record.picture?.bytes ?? 0;
      record.seen.then(closePicture);
    }
  }
}
