// What is under the pointer, and what is in sight: a spatial index over the boxes of one image.
import Flatbush from "../vendor/flatbush/flatbush-4.7.0.js";
import { bounds, contains, handlePoints, HANDLES, onOutline } from "./geometry.js";
import { unlocked, unveiled } from "./marks.js";
import { insideRings, roomForVertices, sideNear, vertexNear } from "./outline.js";
import { turnHandle } from "./turns.js";

/** How far above a box its turning handle is, in CSS pixels. */
export const TURN_GAP = 22;

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
   * @returns {vertex, side, turn, handle, outline, held, inside, all}: a corner or side of the outline of the only
   *   selected box, its turning handle, one of its eight handles; the box whose outline is here; the selected box around
   *   the point; the smallest box around it; every box around it, smallest first. Locked and hidden boxes are not here.
   */
  at(state, point, slack) {
    const [x, y] = point;
    const chosen = new Set(state.selection);
    const free = unlocked(state, unveiled(state, this.within(x - slack, y - slack, x + slack, y + slack)));
    const near = [...free].sort((a, b) => a.w * a.h - b.w * b.h);
    const around = near.filter((box) => covers(box, point));
    const edged = near.filter((box) => onEdge(box, point, Math.min(slack, Math.max(1, Math.min(box.w, box.h) / 4))));
    const only = chosen.size === 1 ? unlocked(state, unveiled(state, this.boxes)).find((box) => chosen.has(box.id)) : null;
    return {
      ...(only ? gripsAt(only, point, slack, state.view.scale) : { vertex: null, side: null, turn: null }),
      handle: only ? handleAt(only, point, slack) : null,
      outline: edged.find((box) => chosen.has(box.id)) ?? edged[0] ?? null,
      held: around.find((box) => chosen.has(box.id)) ?? null,
      inside: around[0] ?? null,
      all: around,
    };
  }
}

/** A box that has an outline is where its outline is. */
const covers = (box, point) => contains(box, point) && (!box.polygon || insideRings(box.polygon, point));
const onEdge = (box, point, slack) => (box.polygon ? sideNear(box.polygon, point, slack) !== null : onOutline(box, point, slack));

function gripsAt(box, point, slack, scale) {
  const free = box.polygon && roomForVertices(box.polygon, scale);
  const [hx, hy] = turnHandle(box, TURN_GAP / scale);
  return {
    vertex: free ? vertexNear(box.polygon, point, slack * 1.2) : null,
    side: free ? sideNear(box.polygon, point, slack * 0.8) : null,
    turn: Math.hypot(point[0] - hx, point[1] - hy) <= slack * 1.4,
  };
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
