// Objects found by points: one click, or several with a live mask. What was asked for comes in order, also when the person
// is at the next object or the next image by then.
import { isSuperseded } from "./client.js";
import { fieldsOfMask } from "./outline.js";
import * as points from "./points.js";
import { Newest, Pause } from "./runs.js";
import { uuid } from "../api.js";

const PREVIEW_MS = 120;

export class PointMode {
  /** @param parts {desk, choice, autoClass, goTo(image_id)} */
  constructor(parts, pause = new Pause(PREVIEW_MS)) {
    Object.assign(this, parts, { pause });
    this.newest = new Newest();
    this.sessions = new Map(); // image id → points not yet taken: they are there again when the image is
    this.queued = []; // {image_id, points}: asked for, not answered
  }

  get image() {
    return this.desk.app.state.image;
  }

  get session() {
    return (this.image && this.sessions.get(this.image.image_id)) ?? null;
  }

  set session(next) {
    if (points.isEmpty(next)) this.sessions.delete(this.image.image_id);
    else this.sessions.set(this.image.image_id, next);
    this.desk.changed();
  }

  /** A point is put down: with the one-click tool that is all, with the other the mask follows. */
  put(at, on, alone) {
    const { image } = this;
    if (!image) return;
    if (alone && on) return this.submit(points.addPoint(points.begin(image.image_id), at, true, image)) || this.desk.app.toast({ text: "That is beside the picture." });
    const session = this.session ?? points.begin(image.image_id);
    const next = points.addPoint(session, at, on, image);
    if (next === session) return this.desk.app.toast({ text: "That is beside the picture." });
    this.change(next);
    const { length } = next.points;
    this.desk.app.say(`Point ${length}, ${on ? "on the object" : "beside it"}`);
  }

  change(session) {
    this.session = session;
    this.preview();
  }

  move(index, at) {
    if (this.session) this.change(points.movePoint(this.session, index, at, this.image));
  }

  takeBack() {
    if (points.isEmpty(this.session)) return false;
    this.change(points.removeLast(this.session));
    this.desk.app.say("Point taken back");
    return true;
  }

  drop() {
    if (points.isEmpty(this.session)) return false;
    this.newest.cancel();
    this.pause.drop();
    this.session = null;
    this.desk.app.say("Points dropped");
    return true;
  }

  // --- the mask while points are put down ---

  preview() {
    this.newest.cancel();
    const { image } = this;
    const prompt = points.promptOf(this.session);
    if (!prompt) return this.pause.drop();
    return this.pause.then(() => this.look(image, prompt));
  }

  async look(image, prompt) {
    const { desk } = this;
    const ask = () => this.newest.run((signal) => desk.client.preview(image.image_id, prompt, signal));
    try {
      const masks = desk.take(await desk.runs.follow({ kind: "preview", label: "Mask of the points", image_id: image.image_id }, ask), image);
      const session = this.sessions.get(image.image_id);
      if (session) this.sessions.set(image.image_id, points.answered(session, prompt, masks));
      desk.app.say(masks.length ? `Mask found, ${masks.length > 1 ? `best of ${masks.length}, ` : ""}score ${masks[0].score?.toFixed(2) ?? "unknown"}` : "No object found there");
      desk.changed();
    } catch (error) {
      desk.complain(error, "find the object");
    }
  }

  next() {
    if (points.isEmpty(this.session) || this.session.masks.length < 2) return false;
    this.session = points.nextMask(this.session);
    this.desk.app.say(`Mask ${this.session.at + 1} of ${this.session.masks.length}`);
    return true;
  }

  // --- taking the object ---

  submit(session = this.session) {
    const { desk, image } = this;
    if (points.isEmpty(session)) return false;
    if (!points.promptOf(session)) return desk.app.toast({ text: "Put a point on the object first; the others only say what does not belong to it." });
    const { classId } = desk.app.state;
    if (classId === null) return desk.app.askClass((class_id) => this.enqueue(session, image, class_id));
    return this.enqueue(session, image, classId);
  }

  async enqueue(session, image, class_id) {
    const { desk } = this;
    const waiting = { image_id: image.image_id, points: session.points };
    if (this.sessions.get(image.image_id) === session) this.sessions.delete(image.image_id);
    this.newest.cancel();
    this.pause.drop();
    this.queued.push(waiting);
    desk.changed();
    try {
      const at = points.isFresh(session) ? session.at : 0;
      const masks = await this.masks(session, image);
      if (masks.length) await this.commit(image, class_id, masks, at);
      else desk.app.toast({ text: "The model finds no object there.", hint: "Put the point nearer to its middle, or draw the box." });
    } catch (error) {
      this.giveBack(session, error);
    } finally {
      this.queued = this.queued.filter((each) => each !== waiting);
      desk.changed();
    }
    return true;
  }

  /** Masks that are there already keep their place in the row all the same. */
  masks(session, image) {
    if (points.isFresh(session)) return this.desk.lane.add(() => session.masks);
    return this.desk.segment(image, points.promptOf(session), { kind: "points", label: "Object of the points" }).done;
  }

  /** Nothing came: the points are there again, unless others have been put down. */
  giveBack(session, error) {
    const several = session.points.length > 1;
    if (several && !this.sessions.has(session.image_id)) this.sessions.set(session.image_id, session);
    if (!isSuperseded(error)) this.desk.complain(error, "find the object");
  }

  async commit(image, class_id, masks, at) {
    const { app } = this.desk;
    const box = { class_id, ...fieldsOfMask(masks[at]) };
    if (!app.isOpen(image.image_id)) return this.commitElsewhere(image, box);
    const { selection, drag } = app.state;
    const busy = drag !== null || !points.isEmpty(this.session);
    const key = this.desk.add(box);
    if (busy) app.dispatch({ type: "select", ids: selection });
    else this.choice.offer(key, masks, at);
    app.say(`${app.classes.get(class_id).name}, ${Math.round(box.w)} by ${Math.round(box.h)}, found`);
    this.autoClass.look(key, { fresh: true });
  }

  /** The person has gone on: the object is put on the image it was asked for on. */
  async commitElsewhere(image, box) {
    const { app, follow } = this.desk;
    const id = uuid();
    const record = await app.images.load(image.image_id);
    const edits = [{ op: "add", key: `${id}.0`, ...box }];
    if (record.image.state === "unlabelled") edits.push({ op: "state", value: "in_progress" });
    follow.ours.add(id);
    await app.sync.add({ client_id: id, image_id: image.image_id, kind: "edits", base_revision: record.revision, edits, before: {} });
    app.toast({ text: `The object was put on ${image.path}, which you had left.`, actions: [{ label: "Go there", run: () => this.goTo(image.image_id) }] });
  }
}
