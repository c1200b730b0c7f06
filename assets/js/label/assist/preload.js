// Tells the server which image is looked at and which come next, and asks how its slots stand while something is in flight.
import { isSuperseded } from "./client.js";
import { Newest, Pause } from "./runs.js";
import { directionOf, wishFor } from "./travel.js";

export const DEBOUNCE_MS = 250;
const POLL_MS = 400;
const SLOW_MS = 5000;

const inFlight = (state) => state === "waiting" || state === "encoding" || state === "running";

export class Preload {
  /** @param parts {desk, walk: the navigator, hidden(): the tab is not in sight, later, never} */
  constructor({ desk, walk, hidden = () => false, later = (work, ms) => setTimeout(work, ms), never = (handle) => clearTimeout(handle) }) {
    Object.assign(this, { desk, walk, hidden, later, never });
    this.pause = new Pause(DEBOUNCE_MS, later, never);
    this.newest = new Newest();
    this.last = null; // the image before this one
    this.here = null;
    this.direction = "forward";
    this.timer = null;
    this.polling = false;
    this.gone = false; // a server without assists is not asked again
    desk.listeners.push(() => { if (desk.runs.active().length) this.soon(); });
  }

  /** Another image is on screen. */
  opened(record) {
    const { image_id } = record.image;
    if (image_id === this.here) return;
    [this.last, this.here] = [this.here, image_id];
    this.newest.cancel();
    this.pause.then(() => this.send(record));
  }

  async send(record) {
    if (this.gone) return;
    await Promise.race([record.around, new Promise((done) => this.later(done, DEBOUNCE_MS))]);
    if (record.image.image_id !== this.here) return;
    if (this.desk.status === null) await this.poll();
    if (this.gone || !this.desk.status?.segmenter) return;
    this.direction = directionOf(this.last, this.here, record.neighbours) ?? this.direction;
    const wish = wishFor(this.here, { neighbours: record.neighbours, ahead: this.walk.ahead, behind: this.walk.behind }, this.direction);
    try {
      const told = await this.newest.run((signal) => this.desk.client.window(wish, signal));
      this.desk.status = { ...this.desk.status, ...told };
      this.desk.changed();
    } catch (error) {
      if (!isSuperseded(error) && error.code !== "no_model") this.desk.app.say(`The next images are not prepared: ${error.message}`);
    }
    this.soon();
  }

  soon(ms = POLL_MS) {
    if (this.timer !== null || this.gone) return;
    this.timer = this.later(() => { this.timer = null; this.poll(); }, ms);
  }

  busy() {
    const { status, runs } = this.desk;
    return runs.active().length > 0 || (status?.slots ?? []).some(({ state }) => inFlight(state)) || (status?.tasks ?? []).some(({ state }) => inFlight(state));
  }

  async poll() {
    if (this.polling || this.gone) return;
    if (this.hidden()) return this.soon(SLOW_MS);
    this.polling = true;
    let wait = POLL_MS;
    try {
      this.desk.status = await this.desk.client.status();
    } catch (error) {
      if (error.status === 404) this.gone = true;
      wait = SLOW_MS;
    }
    this.polling = false;
    this.desk.changed();
    if (this.busy()) this.soon(wait);
  }
}
