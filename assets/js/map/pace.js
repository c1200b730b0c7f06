// How many points a frame may have while the map moves, by how long frames take; all of them when it rests.

const SLOW = 22, QUICK = 13, FEWEST = 20000, RESTS_AFTER = 140;

export function pace(count, draw, now = () => performance.now(), next = requestAnimationFrame, later = setTimeout) {
  let most = Math.max(Math.min(count, 1000000), 1), waiting = false, moving = false, last = 0, rest = 0;
  const frame = () => {
    waiting = false;
    const begun = now();
    if (moving && last > 0) {
      const took = begun - last;
      if (took > SLOW) most = Math.max(Math.min(FEWEST, count), Math.round(most * 0.6));
      else if (took < QUICK + 5) most = Math.min(count, Math.round(most * 1.25));
    }
    last = moving ? begun : 0;
    draw(moving ? most : count);
  };
  const ask = () => { if (!waiting) { waiting = true; next(frame); } };
  return {
    /** Something changed that is to be seen whole. */
    still: ask,
    /** The map moves. */
    move() {
      moving = true;
      clearTimeout(rest);
      rest = later(() => { moving = false; last = 0; ask(); }, RESTS_AFTER);
      ask();
    },
    most: () => most,
  };
}
