// Mouse, pen and fingers on the canvas: the left button works the tool, everything else moves the view.
import { toImage } from "./geometry.js";
import { toolOf } from "./tools.js";

const SLOP = { mouse: 3, pen: 4, touch: 8 }; // CSS pixels before a press is a drag
const REACH = { mouse: 6, pen: 8, touch: 16 }; // how near counts as on it
const WHEEL = 0.0016;
const LONG_PRESS_MS = 500; // a finger that rests stands for Alt and click

export class Pointer {
  constructor(app, canvas, hits, crosshair) {
    Object.assign(this, { app, canvas, hits, crosshair });
    this.fingers = new Map();
    this.press = null;
    this.pinch = null;
    this.spaceHeld = false;
    this.last = null;
    const listen = (name, work, options) => canvas.addEventListener(name, (event) => work.call(this, event), options);
    listen("pointerdown", this.down);
    listen("pointermove", this.move);
    listen("pointerup", this.up);
    listen("pointercancel", this.cancel);
    listen("lostpointercapture", this.lost);
    listen("pointerleave", () => this.leave());
    listen("dblclick", this.double);
    listen("wheel", this.wheel, { passive: false });
    listen("contextmenu", (event) => event.preventDefault());
    listen("auxclick", (event) => event.preventDefault());
  }

  place(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  hit(event, screen) {
    const { state } = this.app;
    const slack = (REACH[event.pointerType] ?? REACH.mouse) / state.view.scale;
    this.hits.refresh(state.boxes);
    return this.hits.at(state, toImage(state.view, screen), slack);
  }

  down(event) {
    if (!this.app.state.image) return;
    this.canvas.focus({ preventScroll: true });
    const screen = this.place(event);
    const touch = event.pointerType === "touch";
    if (touch && this.press && this.press.type !== "touch") return; // the hand that holds the pen
    this.app.coarse = touch;
    if (touch) this.fingers.set(event.pointerId, screen);
    this.canvas.setPointerCapture(event.pointerId);
    if (this.fingers.size === 2) return this.beginPinch();
    if (this.press || this.pinch) return;
    const pans = event.button === 1 || event.button === 2 || this.spaceHeld;
    if (!pans && event.button !== 0) return;
    event.preventDefault();
    this.app.finishKeys();
    const at = toImage(this.app.state.view, screen);
    const gesture = pans ? null : toolOf(this.app.state.tool).press(this.app, at, this.hit(event, screen), event);
    this.press = { other: event.button === 2, id: event.pointerId, type: event.pointerType, screen, from: screen, pans, gesture, moved: false, slop: SLOP[event.pointerType] ?? 3 };
    if (touch) this.press.resting = setTimeout(() => this.rest(event, screen), LONG_PRESS_MS);
    if (pans) this.canvas.style.cursor = "grabbing";
  }

  /** A finger has rested: what Alt and click would do. */
  rest(event, screen) {
    if (!this.press || this.press.moved || this.press.id !== event.pointerId) return;
    const { app } = this;
    this.press.gesture = null;
    const alt = { pointerType: "touch", altKey: true, shiftKey: false, ctrlKey: false };
    toolOf(app.state.tool).press(app, toImage(app.state.view, screen), this.hit(event, screen), alt).click(app);
  }

  double(event) {
    if (!this.app.state.image || this.spaceHeld) return;
    const screen = this.place(event);
    toolOf(this.app.state.tool).double?.(this.app, toImage(this.app.state.view, screen), this.hit(event, screen), event);
  }

  move(event) {
    const screen = this.place(event);
    this.last = screen;
    this.app.hover(screen);
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, screen);
    if (this.pinch) return this.movePinch();
    if (!this.press) return this.showCursor(event, screen);
    if (event.pointerId !== this.press.id) return;
    this.dragTo(screen, event);
    const drawing = this.app.state.drag?.kind === "draw" || this.app.state.path;
    this.crosshair.at(this.press.gesture && drawing ? screen : null);
  }

  dragTo(screen, event) {
    const { press, app } = this;
    if (!press.moved && Math.hypot(screen[0] - press.from[0], screen[1] - press.from[1]) < press.slop) return;
    if (!press.moved) this.busy(true);
    press.moved = true;
    if (press.pans) {
      app.dispatch({ type: "pan", dx: screen[0] - press.screen[0], dy: screen[1] - press.screen[1] });
      this.panned = true;
    } else press.gesture?.drag(app, toImage(app.state.view, screen), event);
    press.screen = screen;
  }

  /** Messages over the picture step back while something is being dragged. */
  busy(on) {
    this.canvas.parentElement.toggleAttribute("data-busy", on);
  }

  showCursor(event, screen) {
    const { app } = this;
    if (!app.state.image) return;
    toolOf(app.state.tool).hover?.(app, toImage(app.state.view, screen));
    const cursor = this.spaceHeld ? "grab" : toolOf(app.state.tool).cursor(this.hit(event, screen), event);
    if (this.canvas.style.cursor !== cursor) this.canvas.style.cursor = cursor;
    this.crosshair.at(cursor === "crosshair" && event.pointerType !== "touch" ? screen : null);
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    if (this.pinch) {
      if (this.fingers.size < 2) this.pinch = null;
      return;
    }
    const { press, app } = this;
    if (!press || press.id !== event.pointerId) return;
    this.finish();
    if (press.other && !press.moved) toolOf(app.state.tool).other?.(app, toImage(app.state.view, press.from));
    if (press.gesture) press.moved ? press.gesture.drop(app) : press.gesture.click(app);
    this.showCursor(event, this.place(event));
  }

  cancel(event) {
    this.fingers.delete(event.pointerId);
    this.abort();
  }

  lost(event) {
    if (this.press?.id === event.pointerId) this.cancel(event);
  }

  /** Esc, or a second finger: the drag never was. True when there was one. */
  abort() {
    const active = this.press !== null;
    this.finish();
    if (this.app.state.drag) this.app.dispatch({ type: "drag-cancel" });
    return active;
  }

  finish() {
    clearTimeout(this.press?.resting);
    this.press = null;
    this.busy(false);
  }

  leave() {
    if (this.press) return;
    this.last = null;
    this.app.hover(null);
    this.crosshair.at(null);
  }

  pinchNow() {
    const [a, b] = [...this.fingers.values()];
    return { middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], span: Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1])) };
  }

  beginPinch() {
    this.abort();
    this.pinch = this.pinchNow();
  }

  movePinch() {
    if (this.fingers.size < 2) return;
    const [was, now] = [this.pinch, this.pinchNow()];
    this.app.dispatch({ type: "pan", dx: now.middle[0] - was.middle[0], dy: now.middle[1] - was.middle[1] });
    this.app.dispatch({ type: "zoom", at: now.middle, factor: now.span / was.span });
    this.pinch = now;
  }

  wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      this.app.dispatch({ type: "pan", dx: -(event.deltaX || event.deltaY) * unit, dy: event.deltaX ? -event.deltaY * unit : 0 });
    } else {
      const factor = Math.exp(-event.deltaY * unit * (event.ctrlKey ? WHEEL * 5 : WHEEL));
      this.app.dispatch({ type: "zoom", at: this.place(event), factor: Math.min(4, Math.max(0.25, factor)) });
    }
    if (this.press && !this.press.pans) this.dragTo(this.place(event), event);
  }

  /** Space pressed or let go. On letting go: whether it was used to move the view. */
  space(held) {
    this.spaceHeld = held;
    if (held) this.panned = false;
    if (!this.press) this.canvas.style.cursor = held ? "grab" : "crosshair";
    return this.panned;
  }
}
