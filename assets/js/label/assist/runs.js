// Work in flight: what runs, since when, one after the other or only the newest. Knows nothing of the page.
import { isSuperseded, superseded } from "./client.js";

const KEPT_MS = 5000; // how long what has ended stays in the list
const KEPT = 4;

/** The list of what this tab has asked for. */
export class Runs {
  /** @param parts {now(), changed()} */
  constructor({ now, changed }) {
    Object.assign(this, { now, changed });
    this.list = [];
    this.made = 0;
  }

  /** @param what {kind, label, image_id, state?, cancel?} */
  start(what) {
    const run = { id: ++this.made, state: "running", since: this.now(), ms: null, note: "", ...what };
    this.list.push(run);
    this.changed();
    return run;
  }

  set(run, fields) {
    Object.assign(run, fields);
    this.changed();
  }

  end(run, state, note = "") {
    Object.assign(run, { state, note, ms: this.now() - run.since, ended: this.now() });
    const ended = this.list.filter((each) => each.ended !== undefined);
    const drop = new Set(ended.slice(0, Math.max(0, ended.length - KEPT)));
    this.list = this.list.filter((each) => !drop.has(each));
    this.changed();
  }

  /** Follows a promise with a row of the list. */
  async follow(what, work) {
    const run = this.start(what);
    try {
      const answer = await work(run);
      this.end(run, "done");
      return answer;
    } catch (error) {
      this.end(run, isSuperseded(error) ? "superseded" : "failed", isSuperseded(error) ? "" : error.message);
      throw error;
    }
  }

  active() {
    return this.list.filter((run) => run.ended === undefined);
  }

  /** What is worth showing now. */
  shown() {
    const now = this.now();
    return this.list.filter((run) => run.ended === undefined || (run.state !== "superseded" && now - run.ended < KEPT_MS));
  }
}

/** One after the other, in the order they were asked for; a failure does not hold up the next. */
export class Lane {
  last = Promise.resolve();

  add(work) {
    const done = this.last.then(work);
    this.last = done.catch(() => null);
    return done;
  }
}

/** Only the newest counts: beginning one gives up the one before. */
export class Newest {
  controller = null;

  async run(work) {
    this.cancel();
    const mine = (this.controller = new AbortController());
    const answer = await work(mine.signal);
    if (mine.signal.aborted) throw superseded();
    return answer;
  }

  cancel() {
    this.controller?.abort();
    this.controller = null;
  }
}

/** Puts off work until nothing new came for `ms`. @param later (work, ms) → handle, @param never (handle) */
export class Pause {
  constructor(ms, later = (work, wait) => setTimeout(work, wait), never = (handle) => clearTimeout(handle)) {
    Object.assign(this, { ms, later, never });
  }

  then(work) {
    this.never(this.handle);
    this.handle = this.later(work, this.ms);
  }

  drop() {
    this.never(this.handle);
  }
}
