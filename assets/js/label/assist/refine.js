// A box fitted to its object: after it was drawn with the box tool, or on one key. The box as drawn is an edit of its own,
// the fitted one a second; whatever a person did to it meanwhile stays.
import { selectedBoxes } from "../batches.js";
import { unlocked } from "../marks.js";
import { isSuperseded } from "./client.js";
import { boxOf, fieldsOfMask } from "./outline.js";
import { lasted } from "./words.js";

const ELSEWHERE = 0.1; // below this overlap the mask is of something else
export const PATIENCE_MS = 8000;

/** Overlap of two rectangles, 0 to 1. */
export function overlap(a, b) {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return w <= 0 || h <= 0 ? 0 : (w * h) / (a.w * a.h + b.w * b.h - w * h);
}

export class Refine {
  /** @param later for waiting, as setTimeout */
  constructor(desk, choice, later = (work, ms) => setTimeout(work, ms)) {
    Object.assign(this, { desk, choice, later });
  }

  /** A box just drawn. Fulfilled when nothing more comes. */
  async drawn(id) {
    const { app, follow } = this.desk;
    const { drawing } = this.desk;
    const box = follow.find(app.state, id);
    if (!box) return;
    drawing.add(id);
    await this.fit([box], { kind: "sam", label: "Fit the box" }).catch((error) => this.desk.complain(error, "fit the box"));
    drawing.delete(id);
  }

  /** The selected boxes (one key). */
  async tweak() {
    const { app } = this.desk;
    const boxes = unlocked(app.state, selectedBoxes(app.state)).filter((box) => !box.angle);
    if (boxes.length === 0) {
      const kept = app.state.selection.length > 0;
      return app.toast({ text: kept ? "Locked and turned boxes are left as they are." : "Select a box first: click it, or press Tab." });
    }
    return this.patiently(boxes);
  }

  async patiently(boxes, patience = PATIENCE_MS) {
    const about = { kind: "tweak", label: boxes.length > 1 ? `Fit ${boxes.length} boxes` : "Fit the selected box" };
    let late = false;
    const runs = [];
    const waiting = this.later(() => {
      late = runs.some((run) => run.ended === undefined) && this.encoding(boxes[0].image_id ?? this.desk.app.state.image.image_id);
      if (late) for (const run of runs) run.cancel();
    }, patience);
    try {
      return await this.fit(boxes, about, runs);
    } catch (error) {
      if (late) return this.tooLate(boxes);
      return this.desk.complain(error, "fit the box");
    } finally {
      clearTimeout(waiting);
    }
  }

  encoding(image_id) {
    const slot = this.desk.slotOf(image_id);
    return !slot || slot.state === "waiting" || slot.state === "encoding";
  }

  tooLate(boxes) {
    const { app, follow } = this.desk;
    const again = () => {
      const now = boxes.map((box) => follow.find(app.state, box.id)).filter(Boolean);
      if (now.length) this.patiently(now, 60_000);
    };
    app.toast({ text: `The model is still reading this image after ${lasted(PATIENCE_MS)}; the box stays as it is.`, hint: "It goes on in the background.", actions: [{ label: "Wait longer", run: again }] });
  }

  /** Asks for each box, and changes those that are still as they were in one edit. */
  async fit(boxes, about, runs = []) {
    const { app, follow } = this.desk;
    const { image } = app.state;
    const asked = boxes.map((box) => {
      const mark = follow.mark(app.state, box);
      const { run, done } = this.desk.segment(image, { box: boxOf(box) }, about);
      runs.push(run);
      return done.then((masks) => ({ mark, masks }), (error) => ({ mark, error }));
    });
    const answers = await Promise.all(asked);
    const failed = answers.find(({ error }) => error && !isSuperseded(error)) ?? answers.find(({ error }) => error);
    const changed = this.apply(answers.filter(({ error }) => !error));
    if (failed && (!isSuperseded(failed.error) || changed.length === 0)) throw failed.error;
    return changed;
  }

  apply(answers) {
    const { app, follow } = this.desk;
    const usable = answers.filter(({ mark, masks }) => masks.length && overlap(mark.rect, masks[0].rect) >= ELSEWHERE);
    const free = usable.filter(({ mark }) => follow.standing(app.state, mark) === "free");
    this.explain(answers, usable, free);
    if (free.length === 0) return [];
    this.desk.edit(free.map(({ mark, masks }) => ({ op: "update", box_id: follow.now(mark.id), ...fieldsOfMask(masks[0]) })));
    if (free.length === 1) this.choice.offer(free[0].mark.id, free[0].masks);
    const { rect, score } = free[0].masks[0];
    app.say(free.length > 1 ? `${free.length} boxes fitted` : `Fitted: ${Math.round(rect.w)} by ${Math.round(rect.h)}, score ${score?.toFixed(2) ?? "unknown"}`);
    return free.map(({ mark }) => mark.id);
  }

  /** Says why a box was left alone, where a person cannot see it. */
  explain(answers, usable, free) {
    const { app, follow } = this.desk;
    if (usable.length < answers.length) app.toast({ text: "The model finds another object there; the box stays as drawn.", hint: "Draw closer around it, or use points (M)." });
    const left = usable.filter((answer) => !free.includes(answer));
    if (left.some(({ mark }) => follow.standing(app.state, mark) === "elsewhere")) app.toast({ text: "The box of the image you left stays as drawn: you had gone on before the model answered." });
    else if (left.length) app.say("A box was changed meanwhile and stays as it is");
  }
}
