// Boxes on the shapes canvas. Each has an outline in the colour of its class on a halo that contrasts with it, so that it
// shows on any photograph. Works in device pixels; boxes are grouped by colour.
import { bounds, corners } from "./geometry.js";
import { shownBox } from "./drags.js";
import { drawCrowd, roomy, thickness, tiny } from "./crowd.js";
import { drawDraft, drawPath, drawSelected, haloOf } from "./shapes.js";

const MANY_TAGS = 250;
const SMALL = 60; // CSS pixels: a name never lies over a box that is smaller
const GRIP = 7;
const TAG_ROOM = 10; // CSS pixels of width below which a box carries no name

const CROWD = 500; // boxes in sight from which they are written as pixels
const CROWDED_POINTS = 1500; // points of outlines in sight from which the same is done
const FILLED = 400; // outlines in sight up to which they are filled
const LARGEST_LAYER = 12e6; // pixels

/** @param scene {state, classes, visible: boxes in sight, dpr, tags, coarse, cache: {}, scale and origin: image to device pixels} */
export function drawShapes(context, scene) {
  const { state } = scene;
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  if (!state.image || state.hidden) return;
  const chosen = new Set(state.selection);
  const groups = sorted(scene, chosen);
  if ((scene.visible.length >= CROWD || groups.points >= CROWDED_POINTS) && width * height <= LARGEST_LAYER) drawCrowd(context, groups, scene);
  else {
    strokeGroups(context, groups.plain, scene.dpr);
    strokeRings(context, groups.lines, scene, []);
    strokeRings(context, groups.dashes, scene, [6 * scene.dpr, 4 * scene.dpr]);
  }
  const picked = scene.visible.filter((box) => chosen.has(box.id)).map((box) => shownBox(state, box));
  drawTags(context, scene, chosen, picked);
  for (const box of picked) drawSelected(context, box, scene, chosen.size === 1);
  if (state.drag?.kind === "draw") drawDraft(context, scene);
  if (state.path) drawPath(context, scene);
}

/** What is in sight, by colour: upright boxes as rectangles, all others as rings; proposals apart, to be dashed. */
function sorted(scene, chosen) {
  const groups = { plain: new Map(), lines: new Map(), dashes: new Map(), points: 0 };
  const into = (map, key) => map.get(key) ?? map.set(key, []).get(key);
  for (const box of scene.visible) {
    if (chosen.has(box.id)) continue;
    const { colour } = scene.classes.get(box.class_id);
    if (!box.angle && !box.polygon && box.state !== "draft") {
      pushEdges(into(groups.plain, colour), box, scene);
      continue;
    }
    const rings = into(box.state === "draft" ? groups.dashes : groups.lines, colour);
    for (const ring of box.polygon ?? [corners(box)]) rings.push(onDevice(ring, scene));
    groups.points += box.polygon?.reduce((sum, ring) => sum + ring.length, 0) ?? 4;
  }
  return groups;
}

/** A ring as [x, y, x, y, …] in whole device pixels, without points that fall on the one before. */
function onDevice(ring, { scale, origin: [ox, oy] }) {
  const flat = [];
  for (const [x, y] of ring) {
    const [px, py] = [Math.round(x * scale + ox), Math.round(y * scale + oy)];
    const n = flat.length;
    if (n && flat[n - 2] === px && flat[n - 1] === py) continue;
    flat.push(px, py);
  }
  return flat;
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

/** Outlines, turned boxes and proposals: one path for all of a colour. */
function strokeRings(context, groups, scene, dash) {
  context.lineJoin = "round";
  context.setLineDash(dash);
  for (const [colour, rings] of groups) {
    context.beginPath();
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) i ? context.lineTo(ring[i], ring[i + 1]) : context.moveTo(ring[i], ring[i + 1]);
      context.closePath();
    }
    if (scene.visible.length <= FILLED) fillSoftly(context, colour);
    context.strokeStyle = haloOf(colour);
    context.lineWidth = 4 * scene.dpr;
    context.stroke();
    context.strokeStyle = colour;
    context.lineWidth = 2 * scene.dpr;
    context.stroke();
  }
  context.setLineDash([]);
}

function fillSoftly(context, colour) {
  context.globalAlpha = 0.13;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}

/** Names of boxes: those of selected boxes first, then as long as there is room beside the others. */
function drawTags(context, scene, chosen, picked) {
  const { state, visible, classes, scale, origin, tags } = scene;
  const onScreen = (box) => bounds(box).map((v, i) => Math.round(v * scale + origin[i % 2]));
  const place = (box, strong) => {
    const { name, colour } = classes.get(box.class_id);
    const gap = strong ? GRIP * scene.dpr : 0; // clear of the corners it can be taken hold of by
    const [x0, y0, x1, y1] = onScreen(box);
    tags.draw(context, name, colour, [x0, y0 - gap, x1, y1 + gap], strong);
  };
  const few = visible.length <= MANY_TAGS;
  tags.begin(few ? visible.map(onScreen).map(([x0, y0, x1, y1]) => [x0, y0, x1 - x0, y1 - y0]).filter(([, , w, h]) => Math.min(w, h) < SMALL * scene.dpr) : []);
  if (!state.drag) for (const box of picked.slice(-MANY_TAGS)) place(box, true);
  if (!state.labels || !few) return;
  for (const box of visible) if (!chosen.has(box.id) && box.w * state.view.scale >= TAG_ROOM) place(box, false);
}
