// Boxes on the shapes canvas. Each has an outline in the colour of its class on a halo that contrasts with it, so that it
// shows on any photograph. Works in device pixels; boxes are grouped by colour.
import { corners, handlePoints, rectBetween } from "./geometry.js";
import { shownBox } from "./drags.js";
import { brightness } from "./classes.js";
import { DARK, drawCrowd, roomy, thickness, tiny } from "./crowd.js";

const DARK_HALO = "rgba(0,0,0,0.62)";
const LIGHT_HALO = "rgba(255,255,255,0.72)";
const MANY_TAGS = 250;
const TAG_ROOM = 30; // CSS pixels of width below which a box carries no name

const CROWD = 500; // boxes in sight from which they are written as pixels
const LARGEST_LAYER = 12e6; // pixels

const haloOf = (colour) => (brightness(colour) < DARK ? LIGHT_HALO : DARK_HALO);

/** @param scene {state, classes, visible: boxes in sight, dpr, tags, cache: {}, scale and origin: image to device pixels} */
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
  if (scene.visible.length >= CROWD && width * height <= LARGEST_LAYER) drawCrowd(context, groups, scene);
  else strokeGroups(context, groups, scene.dpr);
  for (const box of special) drawSpecial(context, box, scene);
  drawTags(context, scene, chosen);
  for (const box of scene.visible) if (chosen.has(box.id)) drawSelected(context, shownBox(state, box), scene, chosen.size === 1);
  if (state.drag?.kind === "draw") drawDraft(context, scene);
}

function device({ scale, origin }, x, y) {
  return [Math.round(x * scale + origin[0]), Math.round(y * scale + origin[1])];
}

function pushEdges(group, box, { scale, origin }) {
  const x0 = Math.round(box.x * scale + origin[0]);
  const y0 = Math.round(box.y * scale + origin[1]);
  const x1 = Math.round((box.x + box.w) * scale + origin[0]);
  const y1 = Math.round((box.y + box.h) * scale + origin[1]);
  group.push(x0, y0, x1 > x0 ? x1 - x0 : 1, y1 > y0 ? y1 - y0 : 1);
}

/** Stroked rectangles: best for some hundred boxes. */
function strokeGroups(context, groups, dpr) {
  const [line, halo] = thickness(dpr);
  const half = (line % 2) / 2;
  context.lineJoin = "miter";
  for (const pass of ["halo", "line"]) {
    context.lineWidth = pass === "halo" ? line + 2 * halo : line;
    for (const [colour, list] of groups) {
      context.strokeStyle = pass === "halo" ? haloOf(colour) : colour;
      context.fillStyle = colour;
      for (let i = 0; i < list.length; i += 4) {
        const [x, y, w, h] = [list[i], list[i + 1], list[i + 2], list[i + 3]];
        if (pass === "halo" ? roomy(w, h, line, halo) : !tiny(w, h, line)) context.strokeRect(x + half, y + half, w, h);
        else if (pass === "line") context.fillRect(x, y, Math.max(w, 2), Math.max(h, 2));
      }
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
  const [x, y] = device(scene, ...corners(box)[0]);
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
    const [x, y] = device(scene, ...corners(box)[0]);
    scene.tags.draw(context, name, colour, x, y, false, Math.round(box.w * state.view.scale * dpr));
  }
}
