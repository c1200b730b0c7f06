// Finding points by where they are: a grid over the map, each cell a run of point numbers.

/** Builds the grid; about four points a cell where they lie evenly. */
export function field({ x, y, count }, [left, bottom, right, top]) {
  const side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(count / 4))));
  const wide = Math.max(right - left, 1e-9) / side, high = Math.max(top - bottom, 1e-9) / side;
  const column = (value) => Math.min(side - 1, Math.max(0, Math.floor((value - left) / wide)));
  const row = (value) => Math.min(side - 1, Math.max(0, Math.floor((value - bottom) / high)));
  const starts = new Uint32Array(side * side + 1), rows = new Uint32Array(count);
  for (let at = 0; at < count; at++) starts[row(y[at]) * side + column(x[at]) + 1] += 1;
  for (let cell = 0; cell < side * side; cell++) starts[cell + 1] += starts[cell];
  const next = starts.slice();
  for (let at = 0; at < count; at++) rows[next[row(y[at]) * side + column(x[at])]++] = at;
  return { x, y, side, column, row, starts, rows };
}

/** Calls `visit` with each point in [left, bottom, right, top]. */
export function within(grid, [left, bottom, right, top], visit) {
  const { x, y, side, column, row, starts, rows } = grid;
  for (let r = row(bottom); r <= row(top); r++) {
    for (let at = starts[r * side + column(left)]; at < starts[r * side + column(right) + 1]; at++) {
      const point = rows[at];
      if (x[point] >= left && x[point] <= right && y[point] >= bottom && y[point] <= top) visit(point);
    }
  }
}

/** The nearest point for which `is` holds, no farther than `most`; -1 when there is none. */
export function nearest(grid, px, py, most, is = () => true) {
  let best = -1, least = most * most;
  within(grid, [px - most, py - most, px + most, py + most], (point) => {
    const distance = (grid.x[point] - px) ** 2 + (grid.y[point] - py) ** 2;
    if ((distance < least || (distance === least && best < 0)) && is(point)) { best = point; least = distance; }
  });
  return best;
}
