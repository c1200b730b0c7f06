// The candidates of a run as a layer over the picture: which run, which of its sources are shown, what the pointer is on.
// Read only: what a person takes of it becomes boxes by the way of all proposals (finds.js), and none is ever changed.
import { toImage } from "../geometry.js";
import { isSuperseded } from "./client.js";
import { findAt, lookOfRun } from "./candidates_rule.js";

export class Candidates {
  /** @param finds the proposals, whose look this fills */
  constructor(finds) {
    this.finds = finds;
    this.runs = null; // names, newest first; null until they were asked for
    this.off = new Set(); // sources that are not shown, on this image and the next
    this.ledAt = null; // where the pointer was when a key chose: until it moves, the key's choice holds
  }

  get desk() {
    return this.finds.desk;
  }

  get run() {
    const kept = this.desk.settings.get("runs")[this.desk.app.config.dataset];
    if (!this.runs) return kept ?? null;
    return this.runs.includes(kept) ? kept : this.runs[0] ?? null;
  }

  /** The layer is on: it comes along to the next image. */
  get on() {
    return this.finds.open && this.finds.how === "run";
  }

  choose(run) {
    const { settings, app } = this.desk;
    settings.set("runs", { ...settings.get("runs"), [app.config.dataset]: run });
  }

  toggle() {
    if (this.on) return this.finds.drop();
    this.runs = null; // one may have been made since
    return this.show();
  }

  /** Shows the chosen run on the image in hand. */
  async show(run) {
    const { finds, desk } = this;
    const { image } = desk.app.state;
    if (run) this.choose(run);
    const controller = finds.begin("run");
    if (!image) return desk.changed();
    desk.changed();
    try {
      this.runs ??= (await desk.client.prepassRuns(controller.signal)).runs.map(({ name }) => name);
      if (!this.run) return this.missing(image, "");
      const asked = { image_id: image.image_id, how: "run", run: this.run };
      const look = lookOfRun(await desk.client.foundOn(asked.run, asked.image_id, controller.signal), asked);
      finds.take({ ...look, off: this.off });
    } catch (error) {
      if (error.status === 404) this.missing(image, this.run);
      else if (!isSuperseded(error)) desk.complain(error, "show the candidates");
    } finally {
      finds.ended(controller);
    }
  }

  /** There is no run, or it did not look at this image, which is no trouble. */
  missing({ image_id }, run) {
    const look = lookOfRun({ candidates: [], sources: [] }, { image_id, how: "run", run });
    this.finds.take({ ...look, note: run ? "not in this run" : "no run yet" });
  }

  /** A source is shown or not. */
  flip(source_run) {
    this.off = new Set(this.off);
    if (!this.off.delete(source_run)) this.off.add(source_run);
    if (this.finds.look?.how === "run") this.finds.look = { ...this.finds.look, off: this.off };
    this.desk.changed();
  }

  /** A key has chosen a candidate: it counts until the pointer moves. */
  led() {
    this.ledAt = this.desk.app.pointed;
  }

  /** The shown candidate under the pointer, or null. */
  under(finds) {
    const { pointed, state } = this.desk.app;
    if (!this.on || !pointed || pointed === this.ledAt) return null;
    return findAt(finds, toImage(state.view, pointed));
  }
}
