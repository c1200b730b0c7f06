// Decoded pictures: {levels, partial, bytes}. A level is {width, height, tiles: [{x, y, bitmap}]}, the largest first.
import { decode } from "./decoder.js";

let worker = null;
let turns = 0;
const waiting = new Map();

function started() {
  worker = new Worker(new URL("./decoder.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: { turn, levels, error } }) => {
    const { resolve, reject } = waiting.get(turn);
    waiting.delete(turn);
    error === undefined ? resolve(levels) : reject(new Error(error));
  };
  // No worker here (an old browser): the page's own thread does it.
  worker.onerror = () => {
    for (const { resolve, reject, blob, preview } of waiting.values()) decode(blob, preview).then(resolve, reject);
    waiting.clear();
    worker = { postMessage: ({ turn }) => worker.onerror(turn), onerror: worker.onerror };
  };
}

/** @param preview only a copy that fits a screen: enough to begin with, a tenth of the memory */
export async function decodePicture(blob, preview = false) {
  if (!worker) started();
  const turn = ++turns;
  const levels = await new Promise((resolve, reject) => {
    waiting.set(turn, { resolve, reject, blob, preview });
    worker.postMessage({ turn, blob, preview });
  });
  const bytes = levels.reduce((sum, { width, height }) => sum + 4 * width * height, 0);
  return { levels, bytes, partial: preview };
}

export function closePicture(picture) {
  for (const { tiles } of picture?.levels ?? []) for (const { bitmap } of tiles) bitmap.close();
}

/** The smallest level that has at least a pixel for each of the screen's, when the image is `width` device pixels wide. */
export const levelFor = (levels, width) => levels.findLast((level) => level.width >= width) ?? levels[0];

/**
 * Draws the part [sx, sy, ex, ey] of an image of `width` pixels at scale s and origin [ox, oy]. Tiles meet on whole device
 * pixels, so that no seam shows.
 */
export function drawLevel(context, level, width, [sx, sy, ex, ey], s, [ox, oy]) {
  const ratio = level.width / width;
  const edge = (at, o) => Math.round((at / ratio) * s + o);
  for (const { x, y, bitmap } of level.tiles) {
    const [x0, y0] = [Math.max(x, Math.floor(sx * ratio)), Math.max(y, Math.floor(sy * ratio))];
    const [x1, y1] = [Math.min(x + bitmap.width, Math.ceil(ex * ratio)), Math.min(y + bitmap.height, Math.ceil(ey * ratio))];
    if (x1 <= x0 || y1 <= y0) continue;
    const [left, top] = [edge(x0, ox), edge(y0, oy)];
    context.drawImage(bitmap, x0 - x, y0 - y, x1 - x0, y1 - y0, left, top, edge(x1, ox) - left, edge(y1, oy) - top);
  }
}
