// What is under the pointer, and what is in sight: a spatial index over the boxes of one image.
import Flatbush from "../vendor/flatbush/flatbush-4.7.0.js";
import { bounds, contains, handlePoints, HANDLES, onOutline } from "./geometry.js";

const FEW = 64; // below this a plain scan is as quick as an index

export class HitIndex {
  boxes = [];
  tree = null;

  refresh(boxes) {
    if (boxes === this.boxes) return;
    this.boxes = boxes;
    this.tree = null;
  }

  // Built when first asked for: an edit that is followed by another edit needs no index.
  index() {
    if (!this.tree) {
      this.tree = new Flatbush(this.boxes.length, 16, Float32Array);
      for (const box of this.boxes) this.tree.add(...bounds(box));
      this.tree.finish();
    }
    return this.tree;
  }

  /** Boxes whose bounds meet a rectangle, in the order of the list. */
  within(x0, y0, x1, y1) {
    const meets = ([a, b, c, d]) => a <= x1 && b <= y1 && c >= x0 && d >= y0;
    if (this.boxes.length < FEW) return this.boxes.filter((box) => meets(bounds(box)));
    const tree = this.index();
    if (x0 <= tree.minX && y0 <= tree.minY && x1 >= tree.maxX && y1 >= tree.maxY) return this.boxes;
    return Array.from(Uint32Array.from(tree.search(x0, y0, x1, y1)).sort(), (i) => this.boxes[i]);
  }

  /**
   * @param point image pixels
   * @param slack how near counts as on it, in image pixels
   * @returns {handle, outline, held, inside, all}: a handle of the only selected box; the box whose outline is here;
   *   the selected box around the point; the smallest box around it; every box around it, smallest first
   */
  at(state, point, slack) {
    const [x, y] = point;
    const chosen = new Set(state.selection);
    const near = this.within(x - slack, y - slack, x + slack, y + slack).sort((a, b) => a.w * a.h - b.w * b.h);
    const around = near.filter((box) => contains(box, point));
    const edged = near.filter((box) => onOutline(box, point, Math.min(slack, Math.max(1, Math.min(box.w, box.h) / 4))));
    const only = chosen.size === 1 ? this.boxes.find((box) => chosen.has(box.id)) : null;
    return {
      handle: only ? handleAt(only, point, slack) : null,
      outline: edged.find((box) => chosen.has(box.id)) ?? edged[0] ?? null,
      held: around.find((box) => chosen.has(box.id)) ?? null,
      inside: around[0] ?? null,
      all: around,
    };
  }
}

function handleAt(box, [x, y], slack) {
  const places = handlePoints(box);
  const near = HANDLES.map((name) => [name, Math.hypot(places[name][0] - x, places[name][1] - y)])
    .filter(([, distance]) => distance <= slack * 1.4).sort((a, b) => a[1] - b[1]);
  if (near.length) return near[0][0];
  return edgeAt(box, [x, y], slack);
}

// The whole edge of the selected box works as its handle.
function edgeAt(box, point, slack) {
  if (box.angle || !onOutline(box, point, slack)) return null;
  const [x, y] = point;
  if (Math.abs(x - box.x) <= slack) return "w";
  if (Math.abs(x - box.x - box.w) <= slack) return "e";
  return Math.abs(y - box.y) <= slack ? "n" : "s";
}
