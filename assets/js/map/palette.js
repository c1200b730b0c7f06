// Colours of codes: words have those the server gives them, numbers go from dark blue to yellow.
import { NONE, OTHERS } from "./points.js";

/** Nine steps of viridis (Smith and van der Walt): even to the eye, also for colour-blind eyes. */
const STEPS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"].map(rgb);

export function rgb(text) {
  const number = parseInt(text.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

/** A colour between the steps, for a share from 0 to 1. */
export function between(share) {
  const at = Math.min(Math.max(share, 0), 1) * (STEPS.length - 1);
  const low = Math.min(Math.floor(at), STEPS.length - 2);
  return STEPS[low].map((value, part) => Math.round(value + (STEPS[low + 1][part] - value) * (at - low)));
}

/** 256 colours, four bytes each. */
export function palette(head) {
  const colours = new Uint8Array(256 * 4);
  const put = (code, [r, g, b]) => colours.set([r, g, b, 255], code * 4);
  for (let code = 0; code < 254; code++) {
    if (head.kind === "numbers") put(code, between(code / 253));
    else put(code, rgb(head.words[code]?.colour ?? "#888888"));
  }
  put(OTHERS, [150, 150, 150]);
  put(NONE, [120, 124, 130]);
  return colours;
}
