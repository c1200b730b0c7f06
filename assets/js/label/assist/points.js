// Points being collected for one object: (session, …) → session. Pure.
// A session is {image_id, points: [{x, y, on}], masks, at, asked}; `asked` is the prompt that the masks answer.

export const begin = (image_id) => ({ image_id, points: [], masks: [], at: 0, asked: null });

export const isEmpty = (session) => !session || session.points.length === 0;

const changed = (session, points) => ({ ...session, points });
const tenth = (value) => Math.round(value * 10) / 10;

const inside = ([x, y], { width, height }) => x >= 0 && y >= 0 && x <= width && y <= height;

/** Points beside the picture are not taken. */
export function addPoint(session, at, on, image) {
  return inside(at, image) ? changed(session, [...session.points, { x: tenth(at[0]), y: tenth(at[1]), on }]) : session;
}

export function movePoint(session, index, at, image) {
  if (!inside(at, image)) return session;
  return changed(session, session.points.map((point, i) => (i === index ? { ...point, x: tenth(at[0]), y: tenth(at[1]) } : point)));
}

export const removePoint = (session, index) => changed(session, session.points.filter((_, i) => i !== index));
export const removeLast = (session) => removePoint(session, session.points.length - 1);

/** The point within `reach` image pixels, nearest first, or −1. */
export function pointAt(session, [x, y], reach) {
  if (isEmpty(session)) return -1;
  const away = session.points.map((point) => Math.hypot(point.x - x, point.y - y));
  const least = Math.min(...away);
  return least <= reach ? away.indexOf(least) : -1;
}

/** What the model is asked; null when no point lies on the object. */
export function promptOf(session) {
  if (isEmpty(session) || !session.points.some((point) => point.on)) return null;
  return { points: session.points.map(({ x, y, on }) => [x, y, on ? 1 : 0]) };
}

const nameOf = (prompt) => JSON.stringify(prompt);

/** Masks came back; the choice among them is kept where it can be. */
export function answered(session, prompt, masks) {
  return { ...session, masks, asked: nameOf(prompt), at: Math.min(session.at, Math.max(0, masks.length - 1)) };
}

/** The masks shown answer exactly these points. */
export const isFresh = (session) => session.masks.length > 0 && session.asked === nameOf(promptOf(session));

export const chosen = (session) => session?.masks[session.at] ?? null;

export function nextMask(session) {
  return session.masks.length ? { ...session, at: (session.at + 1) % session.masks.length } : session;
}
