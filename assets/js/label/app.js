// The labeller in a browser: holds the state, hands edits to the sync, and redraws once a frame.
import { uuid } from "./api.js";
import { reduce, initialState } from "./state.js";

// Commands that may come while arrow keys are held; any other finishes the nudge first.
const BESIDE_KEYS = new Set(["keys", "vertex-keys", "drag-end", "drag-cancel", "pan", "zoom", "zoom-to", "fit", "reveal", "screen", "hide", "labels", "refresh"]);

export class App {
  /** @param parts {config, api, images, classes, preferences, toast(…), say(text), announce(text)} */
  constructor(parts) {
    Object.assign(this, parts);
    this.state = initialState();
    this.record = null; // of the image on screen
    this.viewers = []; // called once a frame with the state
    this.undone = []; // what redo would bring back: "server", or an edit that was never sent
    this.spoke = false; // an action has said itself what it did, in this frame
    this.coarse = false; // a finger was used last: what can be taken hold of is larger
    this.listed = null; // the boxes that the list of objects shows, in its order, while it is filtered or sorted
    this.pointed = null; // screen pixels under the pointer
    this.classesVersion = 0;
    this.scheduled = false;
    this.asked = new Set(); // unknown classes the server was asked about
    this.followers = []; // {made(entry, command)?, renamed(ids)?, opened(record)?}: told of what happens here
    this.gaveUp = -Infinity; // when Escape gave something up the last time
    this.assist = null; // {cancel(), undo()}: what the model assists would rather take back first
  }

  dispatch(command) {
    if (this.state.drag?.kind === "keys" && !BESIDE_KEYS.has(command.type)) this.finishKeys();
    this.state = reduce(this.state, { id: uuid(), ...command });
    const { made } = this.state;
    if (made) {
      if (made.kind === "edits" && !command.again) this.undone = [];
      this.sync.add(made);
      this.notify("made", made, command);
    }
    this.changed();
  }

  changed() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      for (const view of this.viewers) view(this.state);
    });
  }

  /** Ends a nudge: what held arrow keys have moved becomes one edit. */
  finishKeys() {
    if (this.state.drag?.kind !== "keys") return;
    this.state = reduce(this.state, { type: "drag-end", id: uuid() });
    if (this.state.made) {
      this.undone = [];
      this.sync.add(this.state.made);
      this.notify("made", this.state.made, { type: "drag-end" });
    }
    this.changed();
  }

  /** Those who follow what happens here: an edit was made, boxes got their numbers, an image was opened. */
  notify(what, ...said) {
    for (const follower of this.followers) follower[what]?.(...said);
  }

  hover(screen) {
    this.pointed = screen;
    this.changed();
  }

  /** Puts an image on screen. */
  open(record) {
    this.record = record;
    this.undone = [];
    this.dispatch({ type: "load", record, pending: this.sync.pendingFor(record.image.image_id) });
    this.meetClasses(record.boxes);
    this.notify("opened", record);
    record.seen.then(() => this.changed());
    record.around.then(() => this.changed());
  }

  /** Classes that came up after the page was made: by another person, or in another tab. */
  async meetClasses(boxes) {
    const fresh = [...new Set(boxes.map((box) => box.class_id))].filter((id) => !this.classes.known.has(id) && !this.asked.has(id));
    if (fresh.length === 0) return;
    for (const id of fresh) this.asked.add(id);
    const answer = await this.api.searchClasses("", 10_000).catch(() => null);
    if (!answer) return;
    this.classes.add(answer.classes);
    this.classesChanged();
  }

  /** The image on screen again, from what is known of it now. */
  refresh(ids) {
    if (!this.record) return;
    this.meetClasses(this.record.boxes);
    this.dispatch({ type: "refresh", record: this.record, pending: this.sync.pendingFor(this.record.image.image_id), ids });
  }

  isOpen(image_id) {
    return this.record?.image.image_id === image_id;
  }

  undo() {
    if (!this.state.image || this.assist?.undo()) return;
    this.finishKeys();
    const cancelled = this.sync.cancelLast(this.state.image.image_id);
    if (cancelled) {
      this.undone.push(cancelled);
      this.refresh();
    } else if (this.state.canUndo) {
      this.undone.push("server");
      this.dispatch({ type: "history", kind: "undo" });
    } else return this.toast({ text: "Nothing to undo on this image." });
    this.say("Undone");
  }

  redo() {
    if (!this.state.image) return;
    this.finishKeys();
    const top = this.undone.pop();
    if (top && top !== "server") this.dispatch({ type: "edits", edits: top.edits, again: true });
    else if (top || this.state.canRedo) this.dispatch({ type: "history", kind: "redo" });
    else return this.toast({ text: "Nothing to redo on this image." });
    this.say("Redone");
  }

  chooseClass(class_id) {
    const item = this.classes.get(class_id);
    this.preferences.setLastClass(class_id);
    this.preferences.setRecent(this.classes.use(class_id));
    this.dispatch({ type: "class", class_id });
    this.say(this.state.selection.length ? `${item.name}, ${this.state.selection.length} changed` : `New boxes are ${item.name}`);
  }

  pinClass(digit) {
    if (this.state.classId === null) return;
    this.preferences.setPins(this.classes.pin(digit, this.state.classId));
    this.classesChanged();
    this.toast({ text: `${digit} is now ${this.classes.get(this.state.classId).name}.` });
  }

  classesChanged() {
    this.classesVersion += 1;
    this.changed();
  }
}
