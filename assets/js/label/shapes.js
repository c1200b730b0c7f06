// Single shapes on the shapes canvas: what is selected, with its handles, and what is being drawn. Device pixels.
import { brightness } from "./classes.js";
import { DARK } from "./crowd.js";
import { centre, corners, handlePoints, rectBetween } from "./geometry.js";
import { TURN_GAP } from "./hits.js";
import { roomForVertices } from "./outline.js";
import { shapeOf } from "./paths.js";
import { turnHandle } from "./turns.js";

const DARK_HALO = "rgba(0,0,0,0.62)";
const LIGHT_HALO = "rgba(255,255,255,0.72)";

export const haloOf = (colour) => (brightness(colour) < DARK ? LIGHT_HALO : DARK_HALO);

export function device({ scale, origin }, [x, y]) {
  return [Math.round(x * scale + origin[0]), Math.round(y * scale + origin[1])];
}

/** Adds a closed ring to the path under way. */
export function traceRing(context, ring, { scale, origin: [ox, oy] }) {
  for (let i = 0; i < ring.length; i++) {
    const [x, y] = [Math.round(ring[i][0] * scale + ox), Math.round(ring[i][1] * scale + oy)];
    i ? context.lineTo(x, y) : context.moveTo(x, y);
  }
  context.closePath();
}

function trace(context, rings, scene) {
  context.beginPath();
  for (const ring of rings) traceRing(context, ring, scene);
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

function fill(context, colour, opacity) {
  context.globalAlpha = opacity;
  context.fillStyle = colour;
  context.fill("evenodd");
  context.globalAlpha = 1;
}

/** A selected box; alone it shows what it can be taken hold of by, unless it is locked. */
export function drawSelected(context, box, scene, alone) {
  const { colour } = scene.classes.get(box.class_id);
  const { dpr, state } = scene;
  const free = alone && !state.locked.has(box.id);
  if (box.polygon) drawBounds(context, box, scene, colour);
  trace(context, box.polygon ?? [corners(box)], scene);
  fill(context, colour, 0.17);
  if (box.state === "draft" || state.locked.has(box.id)) context.setLineDash(box.state === "draft" ? [6 * dpr, 4 * dpr] : [2 * dpr, 3 * dpr]);
  strokeHalo(context, colour, 3 * dpr, 1.5 * dpr);
  context.setLineDash([]);
  if (!free) return;
  const room = Math.min(box.w, box.h) * state.view.scale;
  if (room >= 16) drawTurnHandle(context, box, scene);
  drawHandles(context, box, scene, colour, room < 26 || Boolean(box.polygon));
  if (box.polygon && roomForVertices(box.polygon, state.view.scale)) drawVertices(context, box, scene, colour);
}

function drawBounds(context, box, scene, colour) {
  context.setLineDash([3 * scene.dpr, 3 * scene.dpr]);
  trace(context, [corners(box)], scene);
  strokeHalo(context, colour, scene.dpr, scene.dpr / 2);
  context.setLineDash([]);
}

function drawHandles(context, box, scene, colour, cornersOnly) {
  const side = Math.round((scene.coarse ? 13 : 7) * scene.dpr);
  const half = side >> 1;
  const tight = Math.min(box.w, box.h) * scene.scale < 4 * side; // then outside the corners, so that the object is seen
  const [cx, cy] = device(scene, centre(box));
  for (const [handle, point] of Object.entries(handlePoints(box))) {
    if (cornersOnly && handle.length === 1) continue;
    const [hx, hy] = device(scene, point);
    const [x, y] = tight ? [hx + Math.sign(hx - cx) * half, hy + Math.sign(hy - cy) * half] : [hx, hy];
    context.fillStyle = "#0b0d10";
    context.fillRect(x - half - 1, y - half - 1, side + 2, side + 2);
    context.fillStyle = "#ffffff";
    context.fillRect(x - half, y - half, side, side);
    context.fillStyle = colour;
    context.fillRect(x - half + 2, y - half + 2, side - 4, side - 4);
  }
}

function disc(context, [x, y], radius, colour, ring) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = ring[0];
  context.strokeStyle = ring[1];
  context.stroke();
}

function drawTurnHandle(context, box, scene) {
  const { dpr, state } = scene;
  const [nw, ne] = corners(box);
  const foot = device(scene, [(nw[0] + ne[0]) / 2, (nw[1] + ne[1]) / 2]);
  const at = device(scene, turnHandle(box, TURN_GAP / state.view.scale));
  context.beginPath();
  context.moveTo(...foot);
  context.lineTo(...at);
  strokeHalo(context, "#ffffff", dpr, dpr);
  disc(context, at, (scene.coarse ? 8 : 5) * dpr, "#ffffff", [1.5 * dpr, "#0b0d10"]);
}

function drawVertices(context, box, scene, colour) {
  const { dpr, state: { vertex } } = scene;
  const radius = (scene.coarse ? 7 : 4) * dpr;
  box.polygon.forEach((ring, r) => ring.forEach((point, at) => {
    const held = vertex?.id === box.id && vertex.ring === r && vertex.at === at;
    disc(context, device(scene, point), held ? radius * 1.6 : radius, held ? "#ffffff" : colour, held ? [3 * dpr, colour] : [1.5 * dpr, "#ffffff"]);
  }));
}

/** The rectangle being drawn. */
export function drawDraft(context, scene) {
  const { drag, image, classId } = scene.state;
  const { colour } = scene.classes.get(classId);
  trace(context, [corners(rectBetween(drag.start, drag.to, image))], scene);
  fill(context, colour, 0.1);
  strokeHalo(context, colour, 2 * scene.dpr, scene.dpr);
}

/** The outline or turned box being drawn, with the side that would come next. */
export function drawPath(context, scene) {
  const { path, classId } = scene.state;
  const { colour } = scene.classes.get(classId);
  const shape = path.cursor && shapeOf(path, path.cursor);
  const points = path.cursor ? [...path.points, path.cursor] : path.points;
  if (shape) {
    trace(context, shape.polygon ?? [corners(shape)], scene);
    fill(context, colour, 0.14);
  }
  if (shape && path.kind === "turned") strokeHalo(context, colour, 2 * scene.dpr, scene.dpr);
  context.beginPath();
  (path.kind === "turned" ? points.slice(0, 2) : points).forEach((point, i) => context[i ? "lineTo" : "moveTo"](...device(scene, point)));
  strokeHalo(context, colour, 2 * scene.dpr, scene.dpr);
  path.points.forEach((point, i) => disc(context, device(scene, point), (i ? 3.5 : 5.5) * scene.dpr, i ? colour : "#ffffff", [1.5 * scene.dpr, i ? "#ffffff" : colour]));
}
