// The whole picture in a corner while only a part of it is in sight; a press or drag in it moves the view.
import { byId } from "./element.js";
import { clamp, toImage } from "./geometry.js";
import { drawLevel } from "./pictures.js";

const LONGEST = 168; // CSS pixels
const MOST_BOXES = 3000;

/** The part of the image in sight as [x0, y0, x1, y1] in shares of it, or null when (nearly) all of it is. */
export function sightOf({ view, screen, image }) {
  const [x0, y0] = toImage(view, [0, 0]);
  const [x1, y1] = toImage(view, [screen.width, screen.height]);
  const part = [x0 / image.width, y0 / image.height, x1 / image.width, y1 / image.height].map((v) => clamp(v, 0, 1));
  return (part[2] - part[0]) * (part[3] - part[1]) > 0.96 ? null : part;
}

export class Minimap {
  constructor(app) {
    this.app = app;
    this.canvas = byId("lab-minimap");
    this.context = this.canvas.getContext("2d", { alpha: false });
    const look = (event) => {
      if (event.buttons & 1) app.dispatch({ type: "centre", at: this.place(event) });
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      look(event);
    });
    this.canvas.addEventListener("pointermove", look);
  }

  place(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const { image } = this.app.state;
    return [((event.clientX - left) / width) * image.width, ((event.clientY - top) / height) * image.height];
  }

  toggle() {
    const { preferences } = this.app;
    preferences.setMinimap(!preferences.minimap());
    this.app.toast({ text: preferences.minimap() ? "The overview shows while a part of the picture is out of sight." : "No overview." });
    this.app.changed();
  }

  frame(state, picture) {
    const source = picture?.levels?.at(-1);
    const sight = source && this.app.preferences.minimap() ? sightOf(state) : null;
    if (this.canvas.hidden !== !sight) this.canvas.hidden = !sight;
    if (!sight) return;
    const key = [source, state.boxes, state.veiled, this.app.classesVersion];
    if (key.some((part, i) => part !== this.key?.[i])) this.paint(state, source);
    else if (this.view === state.view) return;
    Object.assign(this, { key, view: state.view });
    this.show(sight);
  }

  /** Picture and boxes, kept until one of them changes. */
  paint({ image, boxes, veiled }, source) {
    const dpr = window.devicePixelRatio || 1;
    const scale = (LONGEST * dpr) / Math.max(image.width, image.height);
    const [width, height] = [image.width, image.height].map((side) => Math.max(8, Math.round(side * scale)));
    Object.assign(this.canvas, { width, height });
    this.canvas.style.width = `${width / dpr}px`;
    this.kept = new OffscreenCanvas(width, height);
    const context = this.kept.getContext("2d", { alpha: false });
    context.imageSmoothingQuality = "high";
    drawLevel(context, source, image.width, [0, 0, image.width, image.height], scale, [0, 0]);
    for (const box of boxes.slice(0, MOST_BOXES)) {
      if (veiled.has(box.id)) continue;
      context.strokeStyle = this.app.classes.get(box.class_id).colour;
      context.strokeRect(box.x * scale, box.y * scale, Math.max(1, box.w * scale), Math.max(1, box.h * scale));
    }
  }

  show([x0, y0, x1, y1]) {
    const { context, canvas: { width, height } } = this;
    const rect = [x0 * width, y0 * height, Math.max(3, (x1 - x0) * width), Math.max(3, (y1 - y0) * height)];
    context.drawImage(this.kept, 0, 0);
    context.fillStyle = "rgba(0,0,0,0.45)";
    context.beginPath();
    context.rect(0, 0, width, height);
    context.rect(...rect);
    context.fill("evenodd");
    context.lineWidth = 2;
    context.strokeStyle = "#ffffff";
    context.strokeRect(...rect);
  }
}
