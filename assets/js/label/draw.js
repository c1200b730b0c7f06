// Boxes on the shapes canvas. Each has an outline in the colour of its class on a halo that contrasts with it, so that it
// shows on any photograph. Works in device pixels; boxes are grouped by colour.
import { bounds } from "./geometry.js";
import { shownBox } from "./drags.js";
import { drawCrowd, roomy, thickness, tiny } from "./crowd.js";
import { drawDraft, drawPath, drawSelected, haloOf, traceRing } from "./shapes.js";
import { corners } from "./geometry.js";

const MANY_TAGS = 250;
const TAG_ROOM = 10; // CSS pixels of width below which a box carries no name

const CROWD = 500; // boxes in sight from which they are written as pixels
const FILLED = 400; // outlines in sight up to which they are filled
const LARGEST_LAYER = 12e6; // pixels

/** @param scene {state, classes, visible: boxes in sight, dpr, tags, coarse, cache: {}, scale and origin: image to device pixels} */
export function drawShapes(context, scene) {
  const { state } = scene;
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  if (!state.image || state.hidden) return;
  const chosen = new Set(state.selection);
  const { plain, special } = sorted(scene, chosen);
  if (scene.visible.length >= CROWD && width * height <= LARGEST_LAYER) drawCrowd(context, plain, scene);
  else strokeGroups(context, plain, scene.dpr);
  drawSpecial(context, special, scene);
  const picked = scene.visible.filter((box) => chosen.has(box.id)).map((box) => shownBox(state, box));
  drawTags(context, scene, chosen, picked);
  for (const box of picked) drawSelected(context, box, scene, chosen.size === 1);
  if (state.drag?.kind === "draw") drawDraft(context, scene);
  if (state.path) drawPath(context, scene);
}

/** Upright boxes as edges by colour, all others as they are, by colour and whether they are proposals. */
function sorted(scene, chosen) {
  const [plain, special] = [new Map(), new Map()];
  const into = (map, key) => map.get(key) ?? map.set(key, []).get(key);
  for (const box of scene.visible) {
    if (chosen.has(box.id)) continue;
    const { colour } = scene.classes.get(box.class_id);
    if (box.angle || box.polygon || box.state === "draft") into(special, `${colour}${box.state === "draft" ? "-" : ""}`).push(box);
    if (!box.angle && box.state !== "draft" && !box.polygon) pushEdges(into(plain, colour), box, scene);
  }
  return { plain, special };
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

/** Outlines, turned boxes and proposals (dashed): one path for all of a colour, so that a thousand stay quick. */
function drawSpecial(context, groups, scene) {
  const filled = scene.visible.length <= FILLED;
  context.lineJoin = "round";
  for (const [key, boxes] of groups) {
    const colour = key.slice(0, 7);
    context.beginPath();
    for (const box of boxes) for (const ring of box.polygon ?? [corners(box)]) traceRing(context, ring, scene);
    if (key.length > 7) context.setLineDash([6 * scene.dpr, 4 * scene.dpr]);
    if (filled && boxes[0].polygon) fillSoftly(context, colour);
    context.strokeStyle = haloOf(colour);
    context.lineWidth = 4 * scene.dpr;
    context.stroke();
    context.strokeStyle = colour;
    context.lineWidth = 2 * scene.dpr;
    context.stroke();
    context.setLineDash([]);
  }
}

function fillSoftly(context, colour) {
  context.globalAlpha = 0.13;
  context.fillStyle = colour;
  context.fill("evenodd");
  context.globalAlpha = 1;
}

/** Names of boxes: those of selected boxes first, then as long as there is room beside the others. */
function drawTags(context, scene, chosen, picked) {
  const { state, visible, classes, scale, origin, tags } = scene;
  const place = (box, strong) => {
    const { name, colour } = classes.get(box.class_id);
    const [x0, y0, x1, y1] = bounds(box);
    const at = [x0 * scale + origin[0], y0 * scale + origin[1], x1 * scale + origin[0], y1 * scale + origin[1]];
    tags.draw(context, name, colour, at.map(Math.round), strong);
  };
  tags.begin();
  if (!state.drag) for (const box of picked.slice(-MANY_TAGS)) place(box, true);
  if (!state.labels || visible.length > MANY_TAGS) return;
  for (const box of visible) if (!chosen.has(box.id) && box.w * state.view.scale >= TAG_ROOM) place(box, false);
}
