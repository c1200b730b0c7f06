// Masks, points and the aim, on a canvas of their own under the boxes: handles and outlines always lie above them.
import { tagOf } from "./candidates_rule.js";
import { chosen } from "./points.js";

const HALO = "rgba(0,0,0,0.7)";
const LIGHT = "rgba(255,255,255,0.92)";
const cornersOf = ({ x, y, w, h }) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];

export class Overlay {
  /** @param parts {desk, pointMode, choice, aim, finds} */
  constructor(stage, shapes, parts) {
    Object.assign(this, parts, { stage });
    this.canvas = document.createElement("canvas");
    this.canvas.className = "assist-overlay";
    this.canvas.setAttribute("aria-hidden", "true");
    shapes.before(this.canvas);
    this.context = this.canvas.getContext("2d");
    new ResizeObserver(() => this.measure()).observe(stage);
    this.measure();
  }

  measure() {
    const { width, height } = this.stage.getBoundingClientRect();
    this.dpr = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(width * this.dpr));
    this.canvas.height = Math.max(1, Math.round(height * this.dpr));
    this.drawn = null;
    this.desk.app.changed();
  }

  frame(state) {
    const { desk, aim } = this;
    const now = [state.view, state.image, state.hidden, state.classId, state.selection, state.boxes, desk.version, aim.shown?.join(), this.finds?.candidates?.on && desk.app.pointed];
    if (this.drawn?.every((value, i) => value === now[i])) return;
    this.drawn = now;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!state.image || state.hidden) return;
    this.draw(state);
  }

  draw(state) {
    const { session } = this.pointMode;
    const mask = chosen(session) ?? this.choice.shown;
    const { colour } = classOf(this.desk.app, state, session !== null);
    for (const one of this.finds?.shown ?? []) this.find(one, state);
    if (this.finds?.marked) this.part(this.finds.marked, state);
    if (mask) this.mask(mask, colour, state);
    for (const { image_id, points } of this.pointMode.queued) if (image_id === state.image.image_id) this.points(points, state, true);
    if (session) this.points(session.points, state, false);
    if (this.aim.shown) this.cross(this.aim.shown);
  }

  at({ view }, x, y) {
    return [Math.round(x * view.scale * this.dpr + view.tx * this.dpr), Math.round(y * view.scale * this.dpr + view.ty * this.dpr)];
  }

  /** A proposal is dashed, and the one that is looked at filled; what a box covers already is dotted. */
  find({ find, current, drawn }, state) {
    const { rect, class_id } = find;
    const colour = find.colour ?? (this.desk.app.classes.get(class_id ?? state.classId) ?? { colour: LIGHT }).colour;
    const { context, dpr } = this;
    context.beginPath();
    this.ring(cornersOf(rect), state);
    if (drawn && !current) return this.stroke(colour, 1.5 * dpr, [1.5 * dpr, 4 * dpr]);
    if (current) {
      context.globalAlpha = 0.25;
      context.fillStyle = colour;
      context.fill();
      context.globalAlpha = 1;
    }
    this.stroke(HALO, 4 * dpr, []);
    this.stroke(colour, (current ? 2.5 : 1.5) * dpr, [6 * dpr, 4 * dpr]);
    if (find.votes) this.tag(tagOf(find, this.finds.look.off), colour, this.at(state, rect.x, rect.y));
  }

  /** Sources and score of a candidate, at its upper left corner. */
  tag(text, colour, [x, y]) {
    const { context, dpr } = this;
    context.font = `600 ${11 * dpr}px ${this.font ??= getComputedStyle(document.body).fontFamily}`;
    const [w, h] = [context.measureText(text).width + 8 * dpr, 15 * dpr];
    const top = Math.max(0, y - h);
    context.fillStyle = HALO;
    context.fillRect(x, top, w, h);
    context.fillStyle = colour;
    context.fillRect(x, top, 2.5 * dpr, h);
    context.fillStyle = LIGHT;
    context.textBaseline = "middle";
    context.fillText(text, x + 5 * dpr, top + h / 2 + 0.5 * dpr);
  }

  part(rect, state) {
    this.context.beginPath();
    this.ring(cornersOf(rect), state);
    this.stroke(HALO, 3.5 * this.dpr, []);
    this.stroke(LIGHT, 1.5 * this.dpr, [3 * this.dpr, 3 * this.dpr]);
  }

  mask({ rect, polygon }, colour, state) {
    const { context, dpr } = this;
    const rings = polygon.length ? polygon : [cornersOf(rect)];
    context.beginPath();
    for (const ring of rings) this.ring(ring, state);
    context.globalAlpha = 0.32;
    context.fillStyle = colour;
    context.fill("evenodd");
    context.globalAlpha = 1;
    this.stroke(HALO, 3.5 * dpr, []);
    this.stroke(LIGHT, 1.5 * dpr, [5 * dpr, 4 * dpr]);
    context.beginPath();
    this.ring(cornersOf(rect), state);
    this.stroke(HALO, 3 * dpr, []);
    this.stroke(colour, 1.5 * dpr, []);
  }

  ring(ring, state) {
    ring.forEach(([x, y], i) => {
      const [px, py] = this.at(state, x, y);
      i ? this.context.lineTo(px, py) : this.context.moveTo(px, py);
    });
    this.context.closePath();
  }

  stroke(style, width, dash) {
    const { context } = this;
    Object.assign(context, { strokeStyle: style, lineWidth: width, lineJoin: "round" });
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
  }

  /** A plus on the object, a minus beside it; hollow while they wait for the model. */
  points(list, state, waiting) {
    for (const { x, y, on } of list) this.point(this.at(state, x, y), on, waiting);
  }

  point([x, y], on, waiting) {
    const { context, dpr } = this;
    const r = 7 * dpr;
    context.beginPath();
    context.arc(x, y, r, 0, 2 * Math.PI);
    context.fillStyle = waiting ? HALO : on ? "#0f7a3d" : "#b3202c";
    context.fill();
    this.stroke(HALO, 3.5 * dpr, []);
    this.stroke(LIGHT, 1.5 * dpr, waiting ? [3 * dpr, 2 * dpr] : []);
    context.beginPath();
    context.moveTo(x - r / 2, y);
    context.lineTo(x + r / 2, y);
    if (on) context.moveTo(x, y - r / 2), context.lineTo(x, y + r / 2);
    this.stroke("#ffffff", 2 * dpr, []);
  }

  cross([x, y]) {
    const { context, dpr } = this;
    const [cx, cy, r] = [Math.round(x * dpr), Math.round(y * dpr), 12 * dpr];
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(cx + (dx * r) / 4, cy + (dy * r) / 4);
      context.lineTo(cx + dx * r, cy + dy * r);
    }
    this.stroke(HALO, 4 * dpr, []);
    this.stroke(LIGHT, 2 * dpr, []);
  }
}

/** The class whose colour a mask takes: of new boxes, or of the selected box whose other masks are looked at. */
function classOf(app, state, fresh) {
  const box = !fresh && state.selection.length === 1 ? state.boxes.find(({ id }) => id === state.selection[0]) : null;
  return app.classes.get(box ? box.class_id : state.classId);
}
