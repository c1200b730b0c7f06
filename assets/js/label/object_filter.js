// Which boxes the list of objects shows, and in which order. Pure.
import { fit } from "./class_search.js";

export const NO_FILTER = { text: "", class_id: "", state: "", origin: "", sort: "made" };

/** Something is left out. The order alone leaves nothing out. */
export const narrows = ({ text, class_id, state, origin }) => Boolean(text.trim() || class_id || state || origin);

function fitsText(box, typed, classes) {
  const text = typed.trim();
  if (!text) return true;
  if (/^#?\d+$/.test(text) && `${box.box_id ?? ""}`.startsWith(text.replace("#", ""))) return true;
  return fit(classes.get(box.class_id).name, text) !== null;
}

function fitsState(box, state, { locked, veiled }) {
  if (!state) return true;
  if (state === "locked") return locked.has(box.id);
  return state === "hidden" ? veiled.has(box.id) : box.state === state;
}

const fitsOrigin = (box, origin) => !origin || box.origin === origin || box.origin.startsWith(`${origin}:`);

const area = (box) => box.w * box.h;
const score = (box) => box.score ?? 2; // boxes without a score come after those with one

const ORDERS = {
  made: () => 0,
  newest: () => 0,
  place: (a, b) => a.y - b.y || a.x - b.x,
  largest: (a, b) => area(b) - area(a),
  smallest: (a, b) => area(a) - area(b),
  unsure: (a, b) => score(a) - score(b),
};

/** @param marks {locked, veiled}: sets of box ids */
export function filterBoxes(boxes, filter, classes, marks) {
  const { text, class_id, state, origin, sort } = filter;
  const kept = boxes.filter((box) => (!class_id || box.class_id === Number(class_id)) && fitsState(box, state, marks)
    && fitsOrigin(box, origin) && fitsText(box, text, classes));
  if (sort === "made") return kept;
  if (sort === "newest") return kept.reverse();
  if (sort === "class") return kept.sort((a, b) => classes.get(a.class_id).name.localeCompare(classes.get(b.class_id).name));
  return kept.sort(ORDERS[sort] ?? ORDERS.made);
}
