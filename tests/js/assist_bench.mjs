// The assists over a labeller without a page: real state, fake server, fake images.
import { reduce, initialState } from "../../assets/js/label/state.js";
import { App } from "../../assets/js/label/app.js";
import { AutoClass } from "../../assets/js/label/assist/auto_class.js";
import { Choice } from "../../assets/js/label/assist/choice.js";
import { createAssistClient } from "../../assets/js/label/assist/client.js";
import { Desk } from "../../assets/js/label/assist/desk.js";
import { PointMode } from "../../assets/js/label/assist/point_mode.js";
import { Refine } from "../../assets/js/label/assist/refine.js";
import { createSettings } from "../../assets/js/label/assist/settings.js";
import { follower } from "../../assets/js/label/assist/start.js";
import { FakeAssist } from "./fake_assist.mjs";

globalThis.requestAnimationFrame ??= (work) => setTimeout(work, 0);

export const settled = async (rounds = 12) => { for (let i = 0; i < rounds; i++) await new Promise((done) => setImmediate(done)); };

const memory = () => ({ text: null, getItem() { return this.text; }, setItem(_key, text) { this.text = text; } });
const names = { 1: "cat", 2: "dog", 3: "bird" };

export function recordOf(image_id, boxes = []) {
  return {
    image: { image_id, width: 1000, height: 800, state: "unlabelled", path: `a/${image_id}.jpg` }, boxes, revision: 1, can_undo: false, can_redo: false,
    neighbours: { next: image_id + 1, previous: image_id - 1, next_unreviewed: null }, around: Promise.resolve(), seen: Promise.resolve(),
  };
}

/** Everything an assist needs, with image 1 open. */
export function assistBench({ boxes = [], later } = {}) {
  const fake = new FakeAssist();
  const said = [];
  const toasts = [];
  const entries = [];
  const records = new Map([[1, recordOf(1, boxes)], [2, recordOf(2)]]);
  const app = new App({
    config: { dataset: "d", base: "" }, api: {}, preferences: {},
    images: { load: async (id) => records.get(id) }, classes: { known: new Map([[1, 1], [2, 1], [3, 1]]), get: (id) => ({ class_id: id, name: names[id], colour: "#336699" }) },
    toast: (message) => toasts.push(message), say: (text) => said.push(text),
  });
  app.sync = { add: (entry) => (entries.push(entry), Promise.resolve()), pendingFor: () => [], cancelLast: () => null };
  const client = createAssistClient({ dataset: "d", client: "tab", fetch: fake.fetch });
  const desk = new Desk({ app, client, settings: createSettings(memory()) });
  const choice = new Choice(desk);
  const autoClass = new AutoClass(desk, later ?? ((work, ms) => setTimeout(work, ms)));
  const refine = new Refine(desk, choice, later);
  const pause = { then(work) { this.work = work; }, drop() { this.work = null; }, now() { const { work } = this; this.work = null; return work?.(); } };
  const pointMode = new PointMode({ desk, choice, autoClass, goTo() {} }, pause);
  const preload = { here: null, opened(record) { this.here = record.image.image_id; } };
  app.followers.push(follower({ desk, choice, autoClass, refine, preload }, app));
  const open = (id) => app.open(records.get(id));
  open(1);
  app.dispatch({ type: "class-current", class_id: 1 });
  const draw = (from, to) => {
    app.dispatch({ type: "drag-begin", kind: "draw", at: from });
    app.dispatch({ type: "drag-to", at: to });
    app.dispatch({ type: "drag-end" });
    return app.state.selection[0];
  };
  const box = (id) => desk.follow.find(app.state, id);
  /** The server gives numbers, as after an acknowledgement. */
  const number = (ids) => {
    app.notify("renamed", ids);
    const rename = (list) => list.map((b) => ({ ...b, id: ids[b.id] ?? b.id, box_id: ids[b.id] ?? b.box_id }));
    app.state = { ...app.state, boxes: rename(app.state.boxes), selection: app.state.selection.map((id) => ids[id] ?? id) };
  };
  return { fake, app, said, toasts, entries, desk, choice, autoClass, refine, pointMode, pause, preload, draw, box, number, open, settled };
}

export { initialState, reduce };
