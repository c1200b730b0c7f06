// The name tags of boxes on the canvas.
import { brightness } from "./classes.js";

const inkOn = (colour) => (brightness(colour) < 0.42 ? "#ffffff" : "#0b0d10");

/** Class names, each rendered once and then copied. */
export class TagCache {
  constructor(font) {
    this.font = font;
    this.made = new Map();
    this.dpr = 1;
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

  /** Above the box; inside it where there is no room above. */
  draw(context, name, colour, x, y, strong, room = Infinity) {
    const key = `${colour}${name}`;
    if (!this.made.has(key)) this.made.set(key, this.make(name, colour));
    const tag = this.made.get(key);
    const above = y - tag.height - 1;
    const width = Math.min(tag.width, Math.max(room + 2, 12));
    context.globalAlpha = strong ? 1 : 0.88;
    context.drawImage(tag, 0, 0, width, tag.height, x - 1, above < 0 ? Math.max(y + 2, 0) : above, width, tag.height);
    context.globalAlpha = 1;
  }

  forRatio(dpr) {
    if (dpr === this.dpr) return this;
    this.dpr = dpr;
    this.made.clear();
    return this;
  }
}
