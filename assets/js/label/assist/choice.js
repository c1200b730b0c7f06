// The other masks of an answer: looked through with a key, taken with another. The box keeps the mask it has until then.
import { fieldsOfMask } from "./outline.js";

export class Choice {
  constructor(desk) {
    this.desk = desk;
    this.now = null; // {mark, masks, at, taken: the one the box has, -1 for none}
  }

  /** Masks for a box, of which it has the first (or `at`) already. */
  offer(id, masks, at = 0) {
    const { app, follow } = this.desk;
    const box = follow.find(app.state, id);
    this.now = box && masks.length > 1 ? { mark: follow.mark(app.state, box), masks, at, taken: at } : null;
    this.desk.changed();
  }

  /** Still about a box that is as it was, and selected. */
  get valid() {
    const { app, follow } = this.desk;
    if (!this.now || follow.standing(app.state, this.now.mark) !== "free") return false;
    return app.state.selection.length === 1 && app.state.selection[0] === follow.now(this.now.mark.id);
  }

  /** Another mask than the box has is being looked at. */
  get looking() {
    return this.valid && this.now.at !== this.now.taken;
  }

  get shown() {
    return this.looking ? this.now.masks[this.now.at] : null;
  }

  next() {
    if (!this.valid) return this.ask();
    const { masks, at } = this.now;
    this.now = { ...this.now, at: (at + 1) % masks.length };
    this.desk.app.say(`Mask ${this.now.at + 1} of ${masks.length}`);
    this.desk.changed();
    return true;
  }

  /** Asks for other masks of the selected box: a model that gives one answer is asked about more and less than the box, too. */
  ask() {
    const { app, follow } = this.desk;
    const [id, another] = app.state.selection;
    const box = another === undefined ? follow.find(app.state, id) : null;
    if (!box || box.angle) return false;
    const mark = follow.mark(app.state, box);
    const prompt = { points: [], box: [box.x, box.y, box.w, box.h], alternatives: true };
    this.desk.segment(app.state.image, prompt, { kind: "points", label: "Other masks of the box" }).done.then(
      (masks) => this.show(mark, masks), (error) => this.desk.complain(error, "find other masks"));
    return true;
  }

  show(mark, masks) {
    const { app, follow } = this.desk;
    if (follow.standing(app.state, mark) !== "free") return;
    this.now = masks.length ? { mark, masks, at: 0, taken: -1 } : null;
    app.say(masks.length ? `Mask 1 of ${masks.length}` : "There is no other mask");
    this.desk.changed();
  }

  accept() {
    if (!this.looking) return false;
    const { mark, masks, at } = this.now;
    const { app, follow } = this.desk;
    this.desk.edit([{ op: "update", box_id: follow.now(mark.id), ...fieldsOfMask(masks[at]) }]);
    app.say(`Mask ${at + 1} taken`);
    this.offer(mark.id, masks, at);
    return true;
  }

  drop() {
    if (!this.looking) return false;
    this.now = this.now.taken < 0 ? null : { ...this.now, at: this.now.taken };
    this.desk.changed();
    return true;
  }
}
