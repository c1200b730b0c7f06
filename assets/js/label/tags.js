// The name tags of boxes on the canvas.
import { brightness } from "./classes.js";

const inkOn = (colour) => (brightness(colour) < 0.42 ? "#ffffff" : "#0b0d10");

/** Class names, each rendered once and then copied. */
export class TagCache {
  constructor(font) {
    this.font = font;
    this.made = new Map();
    this.dpr = 1;
    this.taken = [];
  }

  make(name, colour) {
    const { dpr } = this;
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    const font = `600 ${Math.round(11 * dpr)}px ${this.font}`;
    context.font = font;
    const text = name.length > 32 ? `${name.slice(0, 31)}…` : name;
    canvas.width = Math.ceil(context.measureText(text).width) + Math.round(8 * dpr);
    canvas.height = Math.round(15 * dpr);
    context.font = font;
    context.fillStyle = colour;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = inkOn(colour);
    context.textBaseline = "middle";
    context.fillText(text, Math.round(4 * dpr), Math.round(canvas.height / 2) + dpr * 0.5);
    return canvas;
  }

  /** A new picture: every place is free but those given, [x, y, w, h] each. */
  begin(taken) {
    this.taken = taken;
  }

  free(x, y, w, h) {
    return !this.taken.some(([a, b, c, d]) => x < a + c && a < x + w && y < b + d && b < y + h);
  }

  /** A place for the whole tag: above the box, below it, or in its upper corner if it is large; null when there is none. */
  placeFor(tag, [x0, y0, x1, y1], canvas) {
    const [w, h] = [tag.width, tag.height];
    const x = Math.max(0, Math.min(x0 - 1, canvas.width - w));
    const tries = [[x, y0 - h - 2], ...(x1 - x0 > w + 8 && y1 - y0 > 2 * h ? [[Math.max(x0 + 2, 0), Math.max(y0 + 2, 0)]] : []), [x, y1 + 3]];
    return tries.find(([tx, ty]) => ty >= 0 && ty + h <= canvas.height && this.free(tx, ty, w, h)) ?? null;
  }

  /** Whole names only: outside the box or not at all where it is small. @param at [x0, y0, x1, y1] of the box */
  draw(context, name, colour, at, strong) {
    const key = `${colour}${name}`;
    if (!this.made.has(key)) this.made.set(key, this.make(name, colour));
    const tag = this.made.get(key);
    const place = this.placeFor(tag, at, context.canvas);
    if (!place) return;
    this.taken.push([...place, tag.width, tag.height]);
    context.globalAlpha = strong ? 1 : 0.88;
    context.drawImage(tag, ...place);
    context.globalAlpha = 1;
  }

  forRatio(dpr) {
    if (dpr === this.dpr) return this;
    this.dpr = dpr;
    this.made.clear();
    return this;
  }
}
