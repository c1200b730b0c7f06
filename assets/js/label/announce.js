// Tells a screen reader what has changed on the canvas: the image, the selection, an edit. What an action says itself wins.
import { selectedBoxes } from "./batches.js";
import { shownBox } from "./drags.js";

const STATES = { unlabelled: "unlabelled", in_progress: "in progress", labelled: "labelled", reviewed: "reviewed", skipped: "skipped" };
const counted = (n) => `${n} ${n === 1 ? "box" : "boxes"}`;
const round = Math.round;

/** A box in words. */
export function boxInWords(box, name, { locked, veiled }) {
  const parts = [
    `${name} at ${round(box.x)}, ${round(box.y)}, ${round(box.w)} by ${round(box.h)}`, box.angle ? `turned by ${round(box.angle)} degrees` : "",
    box.polygon ? `outline of ${box.polygon.flat().length} corners` : "", box.state === "draft" ? "draft" : "",
    locked.has(box.id) ? "locked" : "", veiled.has(box.id) ? "hidden" : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** What to say after a change from one state to the next, or null. @param context {nameOf(class_id), position} */
export function inWords(was, state, { nameOf, position }) {
  const { image, boxes, selection } = state;
  if (!image) return null;
  if (was.image?.image_id !== image.image_id) return `Image ${position}, ${image.path}, ${counted(boxes.length)}, ${STATES[state.imageState]}`;
  const added = boxes.length - was.boxes.length;
  const chosen = selectedBoxes(state).map((box) => shownBox(state, box));
  const told = chosen.length === 1 ? boxInWords(chosen[0], nameOf(chosen[0].class_id), state) : chosen.length ? `${counted(chosen.length)} selected` : "";
  if (added > 0) return `${counted(added)} added${told && `: ${told}`}`;
  if (added < 0) return `${counted(-added)} deleted, ${boxes.length} left`;
  if (was.imageState !== state.imageState) return `Image is ${STATES[state.imageState]}`;
  if (was.selection !== selection) return told || (was.selection.length ? "Nothing selected" : null);
  return was.boxes !== boxes && told && state.pending.length > was.pending.length ? `Changed: ${told}` : null;
}

export class Announcer {
  constructor(app) {
    this.app = app;
    this.was = app.state;
  }

  frame(state) {
    const { app, was } = this;
    if (state.drag) return; // told when it is done
    this.was = state;
    if (app.spoke) {
      app.spoke = false;
      return;
    }
    const around = app.record?.neighbours;
    const position = around?.position ? `${around.position} of ${around.total}` : "";
    const text = inWords(was, state, { nameOf: (id) => app.classes.get(id).name, position });
    if (text) app.announce(text);
  }
}
