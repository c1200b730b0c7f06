// Two stacked canvases, image below and shapes above, each drawn at most once a frame and only when it has changed.
import { drawShapes } from "./draw.js";
import { toImage } from "./geometry.js";
import { unveiled } from "./marks.js";
import { drawLevel, levelFor } from "./pictures.js";
import { TagCache } from "./tags.js";

const CRISP_FROM = 2; // from this zoom on image pixels are shown as the squares they are

const LARGEST_COPY = 10e6; // pixels of a picture kept at the scale it is shown in

function smooth(context, scale) {
  context.imageSmoothingEnabled = scale < CRISP_FROM;
  context.imageSmoothingQuality = "low"; // levels are at most halved, where more would only cost
}

export class Canvas {
  constructor(app, { stage, imageCanvas, shapesCanvas }, hits) {
    Object.assign(this, { app, stage, hits, image: imageCanvas, shapes: shapesCanvas });
    this.imageContext = imageCanvas.getContext("2d", { alpha: false });
    this.shapesContext = shapesCanvas.getContext("2d");
    this.tags = new TagCache(getComputedStyle(document.body).fontFamily);
    this.drawn = {};
    this.cache = {}; // what the drawing keeps between frames
    new ResizeObserver(() => this.measure()).observe(stage);
    this.measure();
  }

  measure() {
    const { width, height } = this.stage.getBoundingClientRect();
    this.dpr = window.devicePixelRatio || 1;
    for (const canvas of [this.image, this.shapes]) {
      canvas.width = Math.max(1, Math.round(width * this.dpr));
      canvas.height = Math.max(1, Math.round(height * this.dpr));
    }
    this.drawn = {};
    this.app.dispatch({ type: "screen", width: Math.max(1, width), height: Math.max(1, height) });
  }

  /** A CSS colour or size has changed (dark, light). */
  restyle() {
    this.drawn = {};
    this.app.changed();
  }

  /** Called once a frame with the state to show. */
  frame(state, picture) {
    const { view, image } = state;
    const was = this.drawn;
    const moved = was.view !== view || was.image !== image;
    if (moved || was.picture !== picture) this.drawImage(state, picture);
    const now = this.looks(state);
    if (moved || now.some((part, i) => part !== was.looks?.[i])) this.drawShapes(state);
    this.drawn = { view, image, picture, looks: now };
  }

  /** All that the shapes depend on beside the view. */
  looks({ boxes, selection, drag, path, vertex, locked, veiled, hidden, labels }) {
    return [boxes, selection, drag, path, vertex, locked, veiled, hidden, labels, this.app.classesVersion, this.app.coarse];
  }

  /** Where the corner of the image is, on whole device pixels: picture and boxes agree, and panning moves whole pixels. */
  origin(view) {
    return [Math.round(view.tx * this.dpr), Math.round(view.ty * this.dpr)];
  }

  drawImage({ view, image }, picture) {
    const context = this.imageContext;
    const { width, height } = this.image;
    context.fillStyle = getComputedStyle(this.stage).backgroundColor;
    context.fillRect(0, 0, width, height);
    if (!image) return;
    const s = view.scale * this.dpr;
    const [ox, oy] = this.origin(view);
    const level = picture?.levels && levelFor(picture.levels, s * image.width);
    const [x0, y0] = toImage(view, [0, 0]);
    const [x1, y1] = toImage(view, [width / this.dpr, height / this.dpr]);
    const [sx, sy] = [Math.max(0, Math.floor(x0)), Math.max(0, Math.floor(y0))];
    const [ex, ey] = [Math.min(image.width, Math.ceil(x1)), Math.min(image.height, Math.ceil(y1))];
    if (ex <= sx || ey <= sy) return;
    const place = [sx * s + ox, sy * s + oy, (ex - sx) * s, (ey - sy) * s];
    if (!level) {
      context.fillStyle = "rgba(128,128,128,0.18)";
      context.fillRect(...place);
      return;
    }
    const whole = this.scaled(level, image, s);
    if (whole) return context.drawImage(whole, Math.round(ox), Math.round(oy));
    smooth(context, level.width < image.width ? 1 : s);
    drawLevel(context, level, image.width, [sx, sy, ex, ey], s, [ox, oy]);
  }

  /** The whole picture at this scale, once it has been drawn at it before: panning then copies instead of resampling. */
  scaled(level, image, s) {
    const { copy } = this.cache;
    if (copy?.level === level && copy.s === s) return copy.canvas;
    const again = this.cache.lastScale === s && this.cache.lastLevel === level;
    Object.assign(this.cache, { lastScale: s, lastLevel: level, copy: null });
    const [width, height] = [Math.round(image.width * s), Math.round(image.height * s)];
    if (!again || width < 1 || height < 1 || width * height > LARGEST_COPY) return null;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { alpha: false });
    smooth(context, level.width < image.width ? 1 : s);
    drawLevel(context, level, image.width, [0, 0, image.width, image.height], s, [0, 0]);
    this.cache.copy = { level, s, canvas };
    return canvas;
  }

  drawShapes(state) {
    const { view, screen } = state;
    this.hits.refresh(state.boxes);
    const [x0, y0] = toImage(view, [-20, -20]);
    const [x1, y1] = toImage(view, [screen.width + 20, screen.height + 20]);
    const near = unveiled(state, this.hits.within(x0, y0, x1, y1));
    const dragged = Object.values(state.drag?.boxes ?? {}).filter((box) => !near.some((n) => n.id === box.id));
    drawShapes(this.shapesContext, {
      state, classes: this.app.classes, classesVersion: this.app.classesVersion,
      scale: view.scale * this.dpr, origin: this.origin(view), visible: dragged.length ? [...near, ...dragged] : near,
      dpr: this.dpr, coarse: this.app.coarse, tags: this.tags.forRatio(this.dpr), cache: this.cache,
    });
  }
}
