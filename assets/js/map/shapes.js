// What a person draws to choose points: a rectangle or a lasso, on the map's own coordinates, and the same as SQL.

/** Whether a point is inside a closed outline (even-odd). */
export function inside(outline, x, y) {
  let odd = false;
  for (let at = 0, before = outline.length - 1; at < outline.length; before = at++) {
    const [x0, y0] = outline[at], [x1, y1] = outline[before];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) odd = !odd;
  }
  return odd;
}

/** The smallest box around an outline: [left, bottom, right, top]. */
export const around = (outline) => outline.reduce(([l, b, r, t], [x, y]) => [Math.min(l, x), Math.min(b, y), Math.max(r, x), Math.max(t, y)], [Infinity, Infinity, -Infinity, -Infinity]);

export const rectangle = ([x0, y0], [x1, y1]) => [[Math.min(x0, x1), Math.min(y0, y1)], [Math.max(x0, x1), Math.min(y0, y1)], [Math.max(x0, x1), Math.max(y0, y1)], [Math.min(x0, x1), Math.max(y0, y1)]];

/** The outline with fewer points: none of those left out lay farther than `slack` from it (Douglas and Peucker). */
export function simpler(outline, slack) {
  if (outline.length < 4) return outline;
  const keep = new Uint8Array(outline.length);
  keep[0] = keep[outline.length - 1] = 1;
  const parts = [[0, outline.length - 1]];
  while (parts.length > 0) {
    const [from, to] = parts.pop();
    const [[ax, ay], [bx, by]] = [outline[from], outline[to]];
    const length = Math.hypot(bx - ax, by - ay);
    let far = slack, at = -1;
    for (let n = from + 1; n < to; n++) {
      const [x, y] = outline[n];
      const away = length > 0 ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length : Math.hypot(x - ax, y - ay);
      if (away > far) { far = away; at = n; }
    }
    if (at >= 0) { keep[at] = 1; parts.push([from, at], [at, to]); }
  }
  return outline.filter((_, n) => keep[n]);
}

/** As many points as fit a statement, whatever was drawn. */
export function shortened(outline, most = 40) {
  const [left, bottom, right, top] = around(outline);
  let slack = Math.hypot(right - left, top - bottom) / 2000;
  let short = simpler(outline, slack);
  while (short.length > most) { slack *= 1.5; short = simpler(outline, slack); }
  return short;
}

const figure = (value) => String(Math.fround(value)).includes("e") ? Math.fround(value).toFixed(9) : String(Number(value.toPrecision(7)));

/** A condition over x and y that is true inside. */
export function asSql(outline) {
  const [left, bottom, right, top] = around(outline);
  const box = `x BETWEEN ${figure(left)} AND ${figure(right)} AND y BETWEEN ${figure(bottom)} AND ${figure(top)}`;
  const upright = outline.length === 4 && outline.every(([x, y]) => (x === left || x === right) && (y === bottom || y === top));
  if (upright) return box;
  const edges = outline.map(([x, y], at) => { const [u, v] = outline.at(at - 1); return `[${[x, y, u, v].map(figure).join(", ")}]`; });
  return `${box} AND len([e FOR e IN [${edges.join(", ")}] IF (e[2] > y) <> (e[4] > y) AND x < (e[3] - e[1]) * (y - e[2]) / (e[4] - e[2]) + e[1]]) % 2 = 1`;
}

/** Points inside any of the outlines, by number of the point: 1 or 0. */
export function chosenBy(outlines, grid, count, within, may) {
  const chosen = new Uint8Array(count);
  for (const outline of outlines) within(grid, around(outline), (point) => { if (may(point) && inside(outline, grid.x[point], grid.y[point])) chosen[point] = 1; });
  return chosen;
}
