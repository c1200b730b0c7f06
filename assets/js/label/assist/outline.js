// What a model answered, in the shapes the labeller works with. Pure.
import { clamp } from "../geometry.js";

const tidy = (value) => Math.round(value * 100) / 100;

/** Rings of [x, y] pairs, whether the answer has pairs or flat lists of numbers. */
export function ringsOf(polygon) {
  const rings = (polygon ?? []).map((ring) => (Array.isArray(ring[0]) ? ring : pairs(ring)));
  return rings.map((ring) => ring.map(([x, y]) => [tidy(x), tidy(y)])).filter((ring) => ring.length >= 3);
}

function pairs(flat) {
  const found = [];
  for (let i = 0; i + 1 < flat.length; i += 2) found.push([flat[i], flat[i + 1]]);
  return found;
}

/** [x, y, w, h] as a rectangle inside the image. */
export function rectOf([x, y, w, h], { width, height }) {
  const [x0, y0] = [clamp(x, 0, width), clamp(y, 0, height)];
  const [x1, y1] = [clamp(x + w, 0, width), clamp(y + h, 0, height)];
  return { x: tidy(x0), y: tidy(y0), w: tidy(x1 - x0), h: tidy(y1 - y0) };
}

export const boxOf = ({ x, y, w, h }) => [x, y, w, h];

/** The masks of an answer, best first, those without an area left out: [{rect, polygon, score}]. */
export function masksOf(answer, image) {
  const list = answer.masks?.length ? answer.masks : [answer];
  return list.map(({ box, polygon, score }) => ({ rect: rectOf(box, image), polygon: ringsOf(polygon), score }))
    .filter(({ rect }) => rect.w >= 1 && rect.h >= 1);
}

/** The fields of an edit that gives a box this mask. */
export const fieldsOfMask = ({ rect, polygon }) => ({ ...rect, ...(polygon.length ? { polygon } : {}) });
