// What the keys of the assists do.
import { toImage } from "../geometry.js";
import { openLookAlikes } from "../look_alikes.js";
import { registerAction, registerScope } from "../registry.js";

const STEP = { small: 4, big: 32 }; // CSS pixels
const WAYS = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };
const POINTS = new Set(["sam-point", "multi-point"]);

const toggle = (id) => (app) => {
  const tool = app.state.tool === id ? "select" : id;
  app.dispatch({ type: "tool", tool });
  app.say(tool === id ? `${id.replace("-", " ")} tool` : "Select tool");
};

/** A tool in hand while a key is held; the one before comes back. */
function hold(id) {
  let before = null;
  return (app, on) => {
    if (on && app.state.tool !== id) before = app.state.tool;
    app.dispatch({ type: "tool", tool: on ? id : before ?? "select" });
  };
}

/** Where a point put by key goes: under the pointer, or where the keys have moved the aim. In screen pixels. */
export class Aim {
  constructor(app) {
    this.app = app;
    this.at = null; // moved by keys
    this.seen = null; // where the pointer was when the keys took over
  }

  get place() {
    const { pointed, state } = this.app;
    if (this.at && (!pointed || same(pointed, this.seen))) return this.at;
    return pointed ?? [state.screen.width / 2, state.screen.height / 2];
  }

  /** Shown as a cross only while keys lead it. */
  get shown() {
    const { state, pointed } = this.app;
    return POINTS.has(state.tool) && (!pointed || this.place === this.at) ? this.place : null;
  }

  step(dx, dy) {
    const { width, height } = this.app.state.screen;
    const [x, y] = this.place;
    this.seen = this.app.pointed;
    this.at = [Math.max(0, Math.min(width, x + dx)), Math.max(0, Math.min(height, y + dy))];
    this.app.changed();
  }

  get point() {
    return toImage(this.app.state.view, this.place);
  }
}

const same = (a, b) => a === b || (a && b && a[0] === b[0] && a[1] === b[1]);

/** @param parts {desk, refine, pointMode, choice, autoClass, batch, aim, finds} */
export function registerActions({ desk, refine, pointMode, choice, autoClass, batch, aim, finds }) {
  for (const id of ["sam", "sam-point", "multi-point"]) registerAction(id, toggle(id));
  registerAction("auto-class", () => autoClass.toggle());
  registerAction("tweak", () => refine.tweak());
  registerAction("tweak-class", () => batch.ask());
  registerAction("look-alikes", openLookAlikes);
  const put = (on) => (app) => POINTS.has(app.state.tool) && pointMode.put(aim.point, on, on && app.state.tool === "sam-point");
  registerAction("point-positive", put(true));
  registerAction("point-negative", put(false));
  registerAction("submit-points", (app) => {
    if (choice.accept() || pointMode.submit() || (app.state.tool === "sam-point" && pointMode.put(aim.point, true, true))) return;
    if (app.state.tool === "multi-point") app.toast({ text: "Put a point on the object first: click it, or F." });
  });
  registerAction("next-mask", (app) => pointMode.next() || finds.next() || choice.next() || app.toast({ text: "There is no other mask to look at." }));
  registerAction("accept", (app) => choice.accept() || acceptPoints(pointMode) || finds.accept() || autoClass.accept() || app.toast({ text: "There is nothing to accept." }));
  registerAction("accept-second", (app) => autoClass.accept(true) || app.toast({ text: "There is no second class to take." }));
  registerAction("accept-all", (app) => finds.accept(true) || app.toast({ text: "There are no proposals to take." }));
  registerAction("leave-out", (app) => finds.leave() || app.toast({ text: "There is no proposal to leave out." }));
  registerAction("find-detect", () => finds.detect());
  registerAction("find-text", () => finds.say());
  registerAction("find-like", () => finds.like());
  registerAction("find-run", () => finds.candidates.toggle());
  registerAction("find-region", hold("find"));
  for (const [way, [x, y]] of Object.entries(WAYS)) {
    registerAction(`aim-${way}`, () => aim.step(x * STEP.small, y * STEP.small));
    registerAction(`aim-${way}-far`, () => aim.step(x * STEP.big, y * STEP.big));
  }
  registerScope("points", (app) => POINTS.has(app.state.tool) || choice.looking);
  desk.app.assist = {
    /** Escape: the newest thing first. */
    cancel: () => choice.drop() || pointMode.drop() || finds.drop() || autoClass.dismiss() || desk.giveUp(),
    /** Undo while points are put down takes back a point. */
    undo: () => POINTS.has(desk.app.state.tool) && pointMode.takeBack(),
  };
}

function acceptPoints(pointMode) {
  return pointMode.session?.points.length > 0 && (pointMode.submit(), true);
}
