// What all assists share: asking the model in order, edits that are known as theirs, and one way to complain.
import { uuid } from "../api.js";
import { isSuperseded, superseded } from "./client.js";
import { Follow } from "./follow.js";
import { masksOf } from "./outline.js";
import { Lane, Runs } from "./runs.js";
import { complaint } from "./words.js";

const TRIES = 3;
const SAME_MS = 15_000; // the same trouble is not shown again within this time

const ASKED = new Set(["points", "sam", "tweak"]); // what Escape gives up

export class Desk {
  /** @param parts {app, client, settings, now()} */
  constructor({ app, client, settings, now = () => performance.now() }) {
    Object.assign(this, { app, client, settings });
    this.follow = new Follow();
    this.lane = new Lane();
    this.runs = new Runs({ now, changed: () => this.changed() });
    this.status = null; // what the server last said of models, slots and tasks
    this.latency = null; // of the newest mask: {ms, encode, decode, cached, provider}
    this.version = 0;
    this.told = new Set();
    this.drawing = new Set(); // boxes just drawn that are being fitted: their class is asked for afterwards
    this.listeners = [];
  }

  /** How the server stands with an image of this dataset; null when it was not asked for it. */
  slotOf(image_id) {
    const { dataset } = this.app.config;
    return this.status?.slots?.find((slot) => slot.image_id === image_id && (slot.dataset ?? dataset) === dataset) ?? null;
  }

  /** Something to draw or to list has changed. */
  changed() {
    this.version += 1;
    for (const listen of this.listeners) listen();
    this.app.changed();
  }

  /** Makes edits that count as the model's doing, not as a person's choice. */
  edit(edits) {
    const id = uuid();
    this.follow.ours.add(id);
    this.app.dispatch({ type: "edits", edits, id });
    return id;
  }

  /** Adds a box; gives its key. */
  add(box) {
    const id = uuid();
    this.follow.ours.add(id);
    this.app.dispatch({ type: "add", box, id });
    return `${id}.0`;
  }

  /**
   * Asks for masks after everything that was asked for before.
   * @param about {kind, label}: the row in the list of tasks
   * @returns {run, done: Promise<masks>}
   */
  segment(image, prompt, about) {
    const controller = new AbortController();
    const run = this.runs.start({ ...about, image_id: image.image_id, state: "waiting", cancel: () => controller.abort() });
    const work = async () => {
      if (controller.signal.aborted) throw superseded();
      this.runs.set(run, { state: "running" });
      return this.take(await this.insist(image.image_id, prompt, controller.signal), image);
    };
    const done = this.lane.add(work).then((masks) => (this.runs.end(run, "done"), masks), (error) => {
      this.runs.end(run, isSuperseded(error) ? "superseded" : "failed", isSuperseded(error) ? "" : error.message);
      throw error;
    });
    return { run, done };
  }

  /** Gives up the newest thing a person is waiting for: a box or an object of points. */
  giveUp() {
    const asked = this.runs.active().filter((run) => ASKED.has(run.kind) && run.cancel);
    const newest = asked.at(-1);
    if (!newest) return false;
    newest.cancel();
    this.app.say("Given up");
    return true;
  }

  /** What a person asked for is not dropped because the server found it stale: it is asked again. */
  async insist(image_id, prompt, signal) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.client.segment(image_id, prompt, signal);
      } catch (error) {
        if (!isSuperseded(error) || signal.aborted || tries === TRIES) throw error;
      }
    }
  }

  take(answer, image) {
    const { encode, decode, total } = answer.ms ?? {};
    this.latency = { ms: total ?? (encode ?? 0) + (decode ?? 0), encode, decode, cached: answer.cached, provider: answer.provider, model: answer.model };
    return masksOf(answer, image);
  }

  /** Tells a person what went wrong; some things are told once. */
  complain(error, doing) {
    if (error.status === undefined) throw error; // ours, not the server's
    const message = complaint(error, doing);
    if (!message || (message.once && this.told.has(message.once + doing))) return;
    if (message.once) this.told.add(message.once + doing);
    const { now } = this.runs;
    const again = message.text === this.complained?.text && now() - this.complained.at < SAME_MS;
    this.complained = { text: message.text, at: now() };
    again ? this.app.say(message.text) : this.app.toast(message);
  }
}
