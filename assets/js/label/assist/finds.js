// Proposals for the image in hand: by a detector, by words, by likeness to a box, or the candidates of a run. Asked for
// beside everything else; a newer question takes the place of an older one. Taking them makes ordinary edits, all at once or
// one by one.
import { uuid } from "../api.js";
import { Candidates } from "./candidates.js";
import { scoreText } from "./candidates_rule.js";
import { isSuperseded } from "./client.js";
import { draftOf, drawnPlaces, lookOf, nextPlace, placeOf, shownPlaces } from "./finds_rule.js";

const DOING = { detect: "propose boxes", text: "look for words", like: "look for its like" };
const LABEL = { detect: "Boxes of a detector", text: "Boxes by words", like: "More like this box" };

export class Finds {
  constructor(desk) {
    this.desk = desk;
    this.look = null;
    this.open = false; // the bar with the words and the threshold
    this.how = "detect";
    this.waiting = null;
    this.thresholds = {}; // the last one of each way, for the next image
    this.candidates = new Candidates(this);
  }

  get words() {
    return this.desk.settings.get("words") ?? "";
  }

  /** Opens the bar for words; `focus` is called by the bar. */
  say() {
    Object.assign(this, { open: true, how: "text", wantsFocus: true });
    this.desk.changed();
  }

  /** @param asked {how, region?, text?, box?, class_id?} */
  async ask(asked) {
    const { app, client, runs } = this.desk;
    const { image } = app.state;
    if (!image) return;
    const controller = this.begin(asked.how);
    if (asked.how === "text") this.desk.settings.set("words", asked.text ?? "");
    const body = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined && value !== null && value !== ""));
    const row = { kind: "propose", label: LABEL[asked.how], image_id: image.image_id, cancel: () => controller.abort() };
    try {
      const answer = await runs.follow(row, () => client.propose(image.image_id, body, controller.signal));
      this.take(lookOf(answer, { ...asked, image_id: image.image_id }));
    } catch (error) {
      if (!isSuperseded(error)) this.desk.complain(error, DOING[asked.how]);
    } finally {
      this.ended(controller);
    }
  }

  /** A question takes the place of the one before. */
  begin(how) {
    this.waiting?.abort();
    const controller = new AbortController();
    Object.assign(this, { waiting: controller, open: true, how });
    return controller;
  }

  ended(controller) {
    if (this.waiting === controller) this.waiting = null;
    this.desk.changed();
  }

  take(look) {
    if (this.desk.app.state.image?.image_id !== look.image_id) return;
    this.look = { ...look, threshold: this.thresholds[look.how] ?? look.threshold };
    const { length } = this.places;
    const word = look.how === "run" ? "candidate" : "proposal";
    this.desk.app.say(length ? `${length} ${word}${length === 1 ? "" : "s"}` : `No ${word}s`);
  }

  detect(region) {
    return this.ask({ how: "detect", region });
  }

  /** What looks like the selected box. */
  like(region) {
    const { app, follow } = this.desk;
    const [id, another] = app.state.selection;
    const box = another === undefined && id !== undefined ? follow.find(app.state, id) : null;
    if (!box) return app.toast({ text: "Select the one box that the others should be like." });
    return this.ask({ how: "like", box: [box.x, box.y, box.w, box.h], class_id: box.class_id, region });
  }

  text(words, region) {
    return this.ask({ how: "text", text: words, class_id: this.desk.app.state.classId, region });
  }

  /** The same way again, within a region. */
  within(region) {
    if (this.how === "text" && this.words) return this.text(this.words, region);
    if (this.how === "like" && this.desk.app.state.selection.length === 1) return this.like(region);
    return this.detect(region);
  }

  /** There are proposals for the image on screen. */
  get valid() {
    return this.look !== null && this.desk.app.state.image?.image_id === this.look.image_id;
  }

  get places() {
    const { state } = this.desk.app;
    return this.valid ? shownPlaces(this.look, state.boxes, state.classId) : [];
  }

  /** The place that is looked at: under the pointer, where a run is shown, else the one that keys have chosen. */
  placeIn(places) {
    const under = this.candidates.under(places.map((place) => this.look.list[place]));
    return under ? this.look.list.indexOf(under) : placeOf(this.look, places);
  }

  /** What is drawn: [{find, current, drawn}]; of a run also what is drawn already, where it is looked through, not taken. */
  get shown() {
    if (!this.valid) return [];
    const { state } = this.desk.app;
    const { places } = this;
    const current = this.placeIn(places);
    const free = places.map((place) => ({ find: this.look.list[place], current: place === current, drawn: false }));
    if (this.look.how !== "run") return free;
    const there = drawnPlaces(this.look, state.boxes, state.classId).map((place) => this.look.list[place]);
    const under = this.candidates.under(places.length ? [] : there);
    return [...there.map((find) => ({ find, current: find === under, drawn: true })), ...free];
  }

  threshold(value) {
    if (!this.look) return;
    this.thresholds[this.look.how] = value;
    this.look = { ...this.look, threshold: value };
    this.desk.changed();
  }

  next() {
    const { places } = this;
    if (!places.length) return false;
    this.candidates.led();
    this.look = { ...this.look, at: nextPlace(this.look, places) };
    const { name, score } = this.look.list[this.look.at];
    this.desk.app.say(`Proposal ${places.indexOf(this.look.at) + 1} of ${places.length}: ${name} ${scoreText(score)}`);
    this.desk.changed();
    return true;
  }

  /** Takes the proposal that is looked at, or all that are shown. */
  accept(all = false) {
    const { places } = this;
    if (!places.length) return false;
    const chosen = all ? places : [this.placeIn(places)];
    const finds = chosen.map((place) => this.look.list[place]);
    const { app } = this.desk;
    const add = (current) => {
      const id = uuid();
      const model = this.look.model.replaceAll(" ", "");
      const edits = finds.map((find, i) => ({ op: "add", key: `${id}.${i}`, ...draftOf(find, find.class_id ?? current, model) }));
      this.desk.follow.ours.add(id);
      app.dispatch({ type: "edits", edits, id });
      // A candidate of a run is hidden by its box, and comes back with an undo.
      if (this.look.how !== "run") this.look = { ...this.look, left: new Set([...this.look.left, ...chosen]) };
      app.say(edits.length === 1 ? "Taken" : `${edits.length} taken`);
      this.desk.changed();
    };
    if (app.state.classId === null && finds.some((find) => find.class_id === null)) app.askClass(add);
    else add(app.state.classId);
    return true;
  }

  /** The proposal that is looked at goes. */
  leave() {
    const { places } = this;
    if (!places.length) return false;
    this.look = { ...this.look, left: new Set([...this.look.left, this.placeIn(places)]) };
    this.desk.changed();
    return true;
  }

  drop() {
    if (!this.open && !this.valid) return false;
    this.waiting?.abort();
    Object.assign(this, { look: null, open: false, waiting: null });
    this.desk.changed();
    return true;
  }

  /** Another image: its proposals are its own; the layer of a run comes along. */
  opened(image_id) {
    if (this.look && this.look.image_id !== image_id) {
      this.waiting?.abort();
      this.look = null;
    }
    if (this.candidates.on && !this.look) this.candidates.show();
  }
}
