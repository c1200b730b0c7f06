// Automatic class: asks what a new or changed box shows. What comes of the answer is decided in class_rule.js.
import { decide, percent, toClassify } from "./class_rule.js";
import { boxOf } from "./outline.js";

const AGAIN_MS = 3000;
const AGREES_MS = 2500; // that nothing is to be done need not be read for long
const MOST_TRIES = 40;

export class AutoClass {
  /** @param later for waiting, as setTimeout */
  constructor(desk, later = (work, ms) => setTimeout(work, ms)) {
    Object.assign(this, { desk, later });
    this.tries = new Map(); // box id → how often its class could not be told yet
    this.asking = new Map(); // box id → AbortController
    this.offers = new Map(); // box id → {suggestion, outcome}
    this.newest = null;
  }

  get on() {
    return this.desk.settings.get("autoClass");
  }

  toggle() {
    this.desk.settings.set("autoClass", !this.on);
    if (!this.on) this.clear();
    this.desk.app.say(`Automatic class ${this.on ? "on" : "off"}`);
    this.desk.changed();
  }

  clear() {
    for (const controller of this.asking.values()) controller.abort();
    this.asking.clear();
    this.offers.clear();
    this.newest = null;
    this.desk.changed();
  }

  /** An entry of a person: what it says about a class ends the offer, what it draws or moves asks for one. */
  made(entry, command) {
    for (const edit of entry.edits) if (edit.box_id !== undefined) this.forget(edit.box_id);
    return toClassify(entry, command);
  }

  forget(id) {
    const now = this.desk.follow.now(id);
    for (const name of [...this.offers.keys()]) if (this.desk.follow.now(name) === now) this.offers.delete(name);
    this.desk.changed();
  }

  async look(id, { fresh }) {
    const { app, client, follow, runs } = this.desk;
    const box = this.on ? follow.find(app.state, id) : null;
    if (!box) return;
    const { image } = app.state;
    const [mark, before] = [follow.mark(app.state, box), box.class_id];
    this.asking.get(id)?.abort();
    const controller = new AbortController();
    this.asking.set(id, controller);
    const about = { kind: "classify", label: "Class of a box", image_id: image.image_id, cancel: () => controller.abort() };
    try {
      const suggestion = await runs.follow(about, () => client.classify(image.image_id, boxOf(box), controller.signal));
      this.answer(mark, { fresh, before }, suggestion);
    } catch (error) {
      this.failed(error, id, fresh);
    } finally {
      if (this.asking.get(id) === controller) this.asking.delete(id);
    }
  }

  failed(error, id, fresh) {
    const { told } = this.desk;
    const learning = error.code === "still_learning";
    if (!learning && error.code !== "no_suggestion") return this.desk.complain(error, "suggest a class");
    if (learning) this.again(id, fresh);
    if (told.has(error.code)) return undefined;
    told.add(error.code);
    return this.desk.app.toast(learning ? { text: "The labelled boxes are still being learnt.", hint: "The suggestion follows by itself." }
      : { text: "There is no class to suggest yet.", hint: error.hint || "Label a few boxes of two classes first." });
  }

  get learning() {
    return (this.desk.status?.tasks ?? []).some(({ kind, state }) => kind === "learn" && state === "running");
  }

  /** The server is still learning: asked again in a while, if the box is still there. */
  again(id, fresh) {
    const tries = (this.tries.get(id) ?? 0) + 1;
    this.tries.set(id, tries);
    if (tries <= MOST_TRIES) this.later(() => (this.learning ? this.again(id, fresh) : this.look(id, { fresh })), AGAIN_MS);
  }

  answer(mark, { fresh, before }, suggestion) {
    const { app, follow, settings } = this.desk;
    if (!this.on || follow.standing(app.state, mark) !== "free") return;
    const box = follow.find(app.state, mark.id);
    app.meetClasses([suggestion, suggestion.runner_up].filter(Boolean));
    const picked = follow.picked.has(box.id) || follow.picked.has(mark.id);
    const outcome = decide({ fresh, picked, before, now: box.class_id }, suggestion, settings.get("threshold"));
    if (outcome === "drop") return;
    if (outcome === "fill") this.desk.edit([{ op: "update", box_id: box.id, class_id: suggestion.class_id }]);
    this.offers.set(mark.id, { id: mark.id, suggestion, outcome });
    this.newest = mark.id;
    if (outcome === "agrees") this.later(() => this.forget(mark.id), AGREES_MS);
    this.tell(outcome, suggestion);
    this.desk.changed();
  }

  tell(outcome, { class_id, probability, runner_up }) {
    const { app } = this.desk;
    const name = (id) => app.classes.get(id).name;
    const other = runner_up ? `, or ${name(runner_up.class_id)} ${percent(runner_up.probability)}` : "";
    const lead = { fill: "Class set to", offer: "Suggested:", agrees: "The model agrees:" }[outcome];
    app.say(`${lead} ${name(class_id)}, ${percent(probability)}${other}`);
  }

  /** The offer for the selected box; with nothing selected the newest one. */
  current() {
    const { app, follow } = this.desk;
    const { selection } = app.state;
    const wanted = selection.length === 1 ? selection[0] : selection.length === 0 && this.newest !== null ? follow.now(this.newest) : null;
    if (wanted === null) return null;
    for (const offer of this.offers.values()) {
      const box = follow.now(offer.id) === wanted ? follow.find(app.state, offer.id) : null;
      if (box) return { ...offer, box };
    }
    return null;
  }

  /** Takes the suggestion, or the runner-up. True when there was one. */
  accept(second = false) {
    const offer = this.current();
    if (!offer) return false;
    const wanted = second ? offer.suggestion.runner_up?.class_id : offer.suggestion.class_id;
    if (wanted === undefined) return false;
    const { app } = this.desk;
    if (offer.box.class_id !== wanted) app.dispatch({ type: "edits", edits: [{ op: "update", box_id: offer.box.id, class_id: wanted }] });
    this.forget(offer.id);
    app.say(`${app.classes.get(wanted).name} it is`);
    return true;
  }

  dismiss() {
    const offer = this.current();
    if (!offer) return false;
    this.forget(offer.id);
    return true;
  }
}
