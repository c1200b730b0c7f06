// Boxes on the shapes canvas. Each has an outline in the colour of its class on a halo that contrasts with it, so that it
// shows on any photograph. Works in device pixels; thousands of boxes are drawn as filled edges grouped by colour.
import { corners, handlePoints, rectBetween } from "./geometry.js";
import { shownBox } from "./drags.js";
import { brightness } from "./classes.js";

const DARK_HALO = "rgba(0,0,0,0.62)";
const LIGHT_HALO = "rgba(255,255,255,0.72)";
const MANY_TAGS = 250;
const TAG_ROOM = 30; // CSS pixels of width below which a box carries no name

const haloOf = (colour) => (brightness(colour) < 0.2 ? LIGHT_HALO : DARK_HALO);
const inkOn = (colour) => (brightness(colour) < 0.42 ? "#ffffff" : "#0b0d10");

/** @param scene {state, classes, visible: boxes in sight, dpr, tags: TagCache, font} */
export function drawShapes(context, scene) {
  const { state } = scene;
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  if (!state.image || state.hidden) return;
  const chosen = new Set(state.selection);
  const groups = new Map();
  const special = [];
  for (const box of scene.visible) {
    if (chosen.has(box.id)) continue;
    if (box.angle || box.polygon || box.state === "draft") special.push(box);
    const colour = scene.classes.get(box.class_id).colour;
    if (box.angle || box.state === "draft") continue;
    let group = groups.get(colour);
    if (!group) groups.set(colour, (group = []));
    pushEdges(group, box, scene);
  }
  drawGroups(context, groups, scene.dpr);
  for (const box of special) drawSpecial(context, box, scene);
  drawTags(context, scene, chosen);
  for (const box of scene.visible) if (chosen.has(box.id)) drawSelected(context, shownBox(state, box), scene, chosen.size === 1);
  if (state.drag?.kind === "draw") drawDraft(context, scene);
}

function device({ state: { view }, dpr }, x, y) {
  return [Math.round((x * view.scale + view.tx) * dpr), Math.round((y * view.scale + view.ty) * dpr)];
}

function pushEdges(group, box, scene) {
  const { view } = scene.state;
  const { dpr } = scene;
  const s = view.scale * dpr;
  const x0 = Math.round(box.x * s + view.tx * dpr);
  const y0 = Math.round(box.y * s + view.ty * dpr);
  group.push(x0, y0, Math.max(1, Math.round((box.x + box.w) * s + view.tx * dpr) - x0), Math.max(1, Math.round((box.y + box.h) * s + view.ty * dpr) - y0));
}

/** Four edges of thickness t, the outline centred on the rectangle's border. */
function edges(context, x, y, w, h, t) {
  const o = t >> 1;
  context.fillRect(x - o, y - o, w + t, t);
  context.fillRect(x - o, y + h - t + o, w + t, t);
  context.fillRect(x - o, y + t - o, t, h - 2 * (t - o));
  context.fillRect(x + w - t + o, y + t - o, t, h - 2 * (t - o));
}

function drawGroups(context, groups, dpr) {
  const line = Math.max(2, Math.round(2 * dpr));
  const halo = line + 2 * Math.max(1, Math.round(dpr));
  for (const [colour, list] of groups) {
    context.fillStyle = haloOf(colour);
    for (let i = 0; i < list.length; i += 4) {
      if (list[i + 2] > 3 * halo && list[i + 3] > 3 * halo) edges(context, list[i], list[i + 1], list[i + 2], list[i + 3], halo);
    }
  }
  for (const [colour, list] of groups) {
    context.fillStyle = colour;
    for (let i = 0; i < list.length; i += 4) {
      const [w, h] = [list[i + 2], list[i + 3]];
      if (w <= line * 2 || h <= line * 2) context.fillRect(list[i], list[i + 1], Math.max(w, 2), Math.max(h, 2));
      else edges(context, list[i], list[i + 1], w, h, line);
    }
  }
}

function tracePath(context, points, scene) {
  context.beginPath();
  points.forEach(([x, y], i) => {
    const [px, py] = device(scene, x, y);
    i ? context.lineTo(px, py) : context.moveTo(px, py);
  });
  context.closePath();
}

function strokeHalo(context, colour, width, dpr) {
  context.lineJoin = "round";
  context.strokeStyle = haloOf(colour);
  context.lineWidth = width + 2 * dpr;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

/** Turned boxes, proposals (dashed) and outlines of polygons. */
function drawSpecial(context, box, scene) {
  const { colour } = scene.classes.get(box.class_id);
  if (box.angle || box.state === "draft") {
    if (box.state === "draft") context.setLineDash([6 * scene.dpr, 4 * scene.dpr]);
    tracePath(context, corners(box), scene);
    strokeHalo(context, colour, 2 * scene.dpr, scene.dpr);
    context.setLineDash([]);
  }
  drawPolygon(context, box, scene, colour, 0.14);
}

function drawPolygon(context, box, scene, colour, opacity) {
  for (const ring of box.polygon ?? []) {
    tracePath(context, ring, scene);
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
    strokeHalo(context, colour, scene.dpr, scene.dpr / 2);
  }
}

function drawSelected(context, box, scene, alone) {
  const { colour, name } = scene.classes.get(box.class_id);
  const { dpr } = scene;
  tracePath(context, corners(box), scene);
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  if (box.state === "draft") context.setLineDash([6 * dpr, 4 * dpr]);
  strokeHalo(context, colour, 3 * dpr, 1.5 * dpr);
  context.setLineDash([]);
  drawPolygon(context, box, scene, colour, 0.2);
  const room = Math.min(box.w, box.h) * scene.state.view.scale;
  if (alone) drawHandles(context, box, scene, colour, room < 26);
  const [x, y] = device(scene, box.x, box.y);
  if (!scene.state.drag) scene.tags.draw(context, name, colour, x, y, true);
}

function drawHandles(context, box, scene, colour, cornersOnly) {
  const side = Math.round(7 * scene.dpr);
  for (const [handle, [ix, iy]] of Object.entries(handlePoints(box))) {
    if (cornersOnly && handle.length === 1) continue;
    const [x, y] = device(scene, ix, iy);
    context.fillStyle = "#0b0d10";
    context.fillRect(x - (side >> 1) - 1, y - (side >> 1) - 1, side + 2, side + 2);
    context.fillStyle = "#ffffff";
    context.fillRect(x - (side >> 1), y - (side >> 1), side, side);
    context.fillStyle = colour;
    context.fillRect(x - (side >> 1) + 2, y - (side >> 1) + 2, side - 4, side - 4);
  }
}

/** The rectangle being drawn. */
function drawDraft(context, scene) {
  const { drag, image, classId } = scene.state;
  const { colour } = scene.classes.get(classId);
  const rect = rectBetween(drag.start, drag.to, image);
  tracePath(context, corners(rect), scene);
  context.globalAlpha = 0.1;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
  strokeHalo(context, colour, 2 * scene.dpr, scene.dpr);
}

function drawTags(context, scene, chosen) {
  const { state, visible, classes, dpr } = scene;
  if (!state.labels || visible.length > MANY_TAGS) return;
  for (const box of visible) {
    if (chosen.has(box.id) || box.w * state.view.scale < TAG_ROOM) continue;
    const { name, colour } = classes.get(box.class_id);
    const [x, y] = device(scene, box.x, box.y);
    scene.tags.draw(context, name, colour, x, y, false, Math.round(box.w * state.view.scale * dpr));
  }
}

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
