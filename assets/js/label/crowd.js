// Outlines of thousands of boxes. They are kept as pixels: while one pans, the old pixels move and only the strips that
// come into sight are written; while a box is dragged, the others are not written again at all.
import { brightness } from "./classes.js";
import { packed, PixelLayer } from "./pixels.js";

export const DARK = 0.2; // brightness below which a colour gets the light halo

/** Thickness of the coloured line and of the halo on each side of it, in device pixels. */
export const thickness = (dpr) => [Math.max(2, Math.round(2 * dpr)), Math.max(1, Math.round(dpr))];
export const tiny = (w, h, line) => w <= 2 * line || h <= 2 * line;
export const roomy = (w, h, line, halo) => w > 3 * (line + 2 * halo) && h > 3 * (line + 2 * halo);

function writeHalos(layer, list, value, [line, halo]) {
  const out = line >> 1;
  for (let i = 0; i < list.length; i += 4) {
    if (!roomy(list[i + 2], list[i + 3], line, halo)) continue;
    const [x, y, w, h] = [list[i] - out, list[i + 1] - out, list[i + 2] + line, list[i + 3] + line];
    layer.outline(x - halo, y - halo, w + 2 * halo, h + 2 * halo, halo, value);
    layer.outline(x + line, y + line, w - 2 * line, h - 2 * line, halo, value);
  }
}

function writeLines(layer, list, value, [line]) {
  const out = line >> 1;
  for (let i = 0; i < list.length; i += 4) {
    const [x, y, w, h] = [list[i], list[i + 1], list[i + 2], list[i + 3]];
    if (tiny(w, h, line)) layer.fill(x, y, x + Math.max(w, 2), y + Math.max(h, 2), value);
    else layer.outline(x - out, y - out, w + line, h + line, line, value);
  }
}

/** Outlines and turned boxes: rings as [x, y, x, y, …]. */
function writeRings(layer, rings, t, value, dash) {
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) layer.line(ring[j], ring[j + 1], ring[i], ring[i + 1], t, value, dash);
  }
}

function write(layer, { plain, lines, dashes }, [line, halo]) {
  layer.clear();
  const shade = (colour) => (brightness(colour) < DARK ? packed("#ffffff", 0.72) : packed("#000000", 0.62));
  for (const [colour, list] of plain) writeHalos(layer, list, shade(colour), [line, halo]);
  for (const [colour, rings] of lines) writeRings(layer, rings, line + 2 * halo, shade(colour), 0);
  for (const [colour, list] of plain) writeLines(layer, list, packed(colour), [line, halo]);
  for (const [colour, rings] of lines) writeRings(layer, rings, line, packed(colour), 0);
  for (const [colour, rings] of dashes) writeRings(layer, rings, line, packed(colour), 3 * line);
}

/** The layer of the last frame if it shows the same boxes at the same size, else null. */
function reusable({ kept }, { state, scale, classesVersion }, width, height) {
  const same = kept && kept.boxes === state.boxes && kept.veiled === state.veiled && kept.selection === state.selection && kept.scale === scale
    && kept.version === classesVersion && kept.layer.width === width && kept.layer.height === height;
  return same ? kept : null;
}

/** @param groups {plain: colour → [x, y, w, h, …], lines and dashes: colour → rings [x, y, …]}, in device pixels */
export function drawCrowd(context, groups, scene) {
  const { state, scale, origin, cache, classesVersion } = scene;
  const { width, height } = context.canvas;
  const sizes = thickness(scene.dpr);
  const old = reusable(cache, scene, width, height);
  const [dx, dy] = old ? [origin[0] - old.origin[0], origin[1] - old.origin[1]] : [width, height];
  let layer = old?.layer ?? cache.kept?.layer;
  if (layer?.width !== width || layer?.height !== height) layer = new PixelLayer(width, height);
  const moves = Math.abs(dx) < width / 2 && Math.abs(dy) < height / 2;
  const parts = !moves ? [[0, 0, width, height]] : dx || dy ? layer.scroll(dx, dy) : [];
  for (const part of parts) {
    layer.clip(part);
    write(layer, groups, sizes);
  }
  cache.kept = { layer, boxes: state.boxes, veiled: state.veiled, selection: state.selection, scale, origin, version: classesVersion };
  context.putImageData(layer.image, 0, 0);
}
