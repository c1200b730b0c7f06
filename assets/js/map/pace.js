// How many points a frame draws: as many as this machine shows in time while the map moves; when it rests, the others follow
// in further frames, over those that are there. Whatever is asked for meanwhile begins anew, so a slow machine never keeps anybody waiting.

const SLOW = 22, QUICK = 18, FEWEST = 10000, FIRST = 200000, AT_REST = 3;

/** `draw(from, to)` draws those points, and clears the map before point 0. */
export function pace(count, draw, now = () => performance.now(), next = requestAnimationFrame) {
  let most = Math.min(count, FIRST), drawn = 0, due = false, waiting = false, begun = 0, load = 1, inTime = 0;
  const learn = (took) => {
    inTime = took <= QUICK ? inTime + 1 : 0;
    if (took > SLOW) most = Math.max(Math.min(FEWEST, count), Math.round(most * Math.min(0.6, Math.max(0.1, SLOW / took))));
    else if (inTime > 1) most = Math.min(count, Math.round(most * 1.25)); // one frame alone may be told before the card has drawn it
  };
  const frame = () => {
    waiting = false;
    if (begun > 0) learn((now() - begun) / load);
    const from = due ? 0 : drawn, to = Math.min(count, from + (due ? most : AT_REST * most));
    begun = from < to || due ? now() : 0;
    if (begun === 0) { inTime = 0; return; }
    due = false;
    drawn = to;
    load = Math.max(1, (to - from) / most);
    draw(from, to);
    ask(); // the frame after tells how long this one took
  };
  const ask = () => { if (!waiting) { waiting = true; next(frame); } };
  return {
    /** Something changed that is to be seen. */
    again() { due = true; ask(); },
    most: () => most,
  };
}
