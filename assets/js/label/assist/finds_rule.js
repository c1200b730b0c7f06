// Which of a model's proposals are shown, and which is next. Pure.
// A look is {image_id, how, region, list: [{rect, polygon, score, class_id, name}], at, threshold, left: Set of places, model, took}.
import { isOn } from "./candidates_rule.js";
import { overlap } from "./overlap.js";

const TAKEN = 0.6; // a proposal that overlaps a box of its class by more has been drawn already

/** An answer of the server as a look. */
export function lookOf(answer, asked) {
  const list = answer.proposals.map(({ box: [x, y, w, h], polygon, score, class_id, name }) =>
    ({ rect: { x, y, w, h }, polygon: polygon ?? [], score, class_id: class_id ?? null, name }));
  return { ...asked, list, at: 0, threshold: answer.threshold, left: new Set(), model: answer.model, took: answer.ms, cached: answer.cached };
}

const classOf = (find, current) => find.class_id ?? current;

const isDrawn = (find, boxes, current) =>
  boxes.some((box) => (classOf(find, current) === null || box.class_id === classOf(find, current)) && overlap(box, find.rect) > TAKEN);

function placesOf(look, wanted) {
  const places = [];
  look.list.forEach((find, place) => {
    if ((find.score ?? 0) >= look.threshold && !look.left.has(place) && isOn(find, look.off) && wanted(find)) places.push(place);
  });
  return places;
}

/** Places of the list that are shown: sure enough, not left out, and not drawn already. */
export const shownPlaces = (look, boxes, current) => placesOf(look, (find) => !isDrawn(find, boxes, current));

/** Places that would be shown if there were no box already: what a run says of the boxes that are there. */
export const drawnPlaces = (look, boxes, current) => placesOf(look, (find) => isDrawn(find, boxes, current));

/** The place that is looked at: the wished one if it is shown, else the first shown after it, else the first of all. */
export function placeOf(look, places) {
  return places.find((place) => place >= look.at) ?? places[0] ?? null;
}

export function nextPlace(look, places) {
  const now = placeOf(look, places);
  return places[(places.indexOf(now) + 1) % places.length] ?? null;
}

/** The fields of an edit that adds a proposal. */
export function draftOf({ rect, polygon }, class_id, model) {
  return { class_id, ...rect, ...(polygon.length ? { polygon } : {}), origin: `model:${model}` };
}
