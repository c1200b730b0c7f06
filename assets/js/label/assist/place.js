// Where a small panel goes beside a box: never over the box or its handles, always inside the stage. Pure.

const GAP = 12; // CSS pixels: handles and outline need this much
const TAG = 18; // the class name above the box

/**
 * @param box {x, y, w, h} on screen, in CSS pixels
 * @param size of the panel, and of the stage
 * @returns {x, y, over}: `over` when there is no room beside the box, and the panel lies inside its lower edge
 */
export function placeBeside(box, size, stage) {
  const fits = (x, y) => x >= 0 && y >= 0 && x + size.w <= stage.width && y + size.h <= stage.height;
  const slide = (v, length, room) => Math.max(0, Math.min(v, room - length));
  const x = slide(box.x, size.w, stage.width);
  const y = slide(box.y, size.h, stage.height);
  const tries = [
    [x, box.y + box.h + GAP],
    [x, box.y - GAP - TAG - size.h],
    [box.x + box.w + GAP, y],
    [box.x - GAP - size.w, y],
  ];
  const found = tries.find(([tx, ty]) => fits(tx, ty));
  if (found) return { x: Math.round(found[0]), y: Math.round(found[1]), over: false };
  const [ix, iy] = [slide(Math.max(box.x, 0) + GAP, size.w, stage.width), slide(Math.min(box.y + box.h, stage.height) - size.h - GAP, size.h, stage.height)];
  return { x: Math.round(ix), y: Math.round(iy), over: true };
}

/** At the head of the stage: while points are put down, the surroundings of the object must be free for them. */
export const placeApart = (size, stage) => ({ x: Math.round((stage.width - size.w) / 2), y: GAP });

export const onScreen = (view, { x, y, w, h }) => ({ x: x * view.scale + view.tx, y: y * view.scale + view.ty, w: w * view.scale, h: h * view.scale });
