// Which images the server should have ready: the one on screen, then those in the direction of travel. Pure.

const clean = (ids, ...without) => [...new Set(ids)].filter((id) => id !== null && id !== undefined && !without.includes(id));

/** Forward or back, from the last two images; null when it cannot be told. */
export function directionOf(previous, current, neighbours) {
  if (previous === null || previous === undefined || !neighbours) return null;
  if (neighbours.previous === previous) return "forward";
  return neighbours.next === previous ? "back" : null;
}

/**
 * @param around {neighbours: {next, previous, next_unreviewed}, ahead: ids left behind by going back, behind: ids walked through}
 * @returns {current, ahead, behind}: nearest first
 */
export function wishFor(current, { neighbours, ahead = [], behind = [] }, direction = "forward") {
  const next = clean([ahead.at(-1), neighbours?.next, neighbours?.next_unreviewed], current);
  const previous = clean([behind.at(-1), neighbours?.previous], current, ...next.slice(0, 1));
  return direction === "back" ? { current, ahead: previous, behind: clean(next, ...previous) } : { current, ahead: next, behind: previous };
}
