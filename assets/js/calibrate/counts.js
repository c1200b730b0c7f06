// What a threshold comes to, out of counts by thousandth of the probability. Pure; the page sends the counts once.

/** A tick that accepts nothing; ticks below mean thousandths. */
export const NOTHING = 1001;

/** The tick a threshold stands in; none accepts nothing. */
export const tickOf = (least) => (least === null || least === undefined ? NOTHING : Math.min(1000, Math.max(0, Math.floor(least * 1000))));

/** What a tick says to people: the threshold in use to four digits where it stands there, the thousandth anywhere else. */
export function lineText(least, tick) {
  if (tick >= NOTHING) return "none";
  return least !== null && tick === tickOf(least) ? least.toFixed(4) : (tick / 1000).toFixed(3);
}

/** Sums from each tick upwards: {right, wrong, open}, each 1,002 long. A bin below 0 is never reached. */
export function sums(bins) {
  const found = { right: new Float64Array(NOTHING + 1), wrong: new Float64Array(NOTHING + 1), open: new Float64Array(NOTHING + 1), all: 0 };
  for (const [bin, right, wrong, open] of bins) {
    found.all += open;
    if (bin < 0) continue;
    const at = Math.min(bin, 1000);
    found.right[at] += right;
    found.wrong[at] += wrong;
    found.open[at] += open;
  }
  for (let at = NOTHING - 1; at >= 0; at--) for (const key of ["right", "wrong", "open"]) found[key][at] += found[key][at + 1];
  return found;
}

/** Counts of one class with its line at `tick` and people's at `queue`. */
export function counts(table, truths, tick, queue) {
  const [right, wrong, accept] = [table.right[tick], table.wrong[tick], table.open[tick]];
  const seen = Math.max(accept, table.open[Math.min(queue, tick)]);
  // What is accepted below the line of people goes past them.
  const past = accept - table.open[Math.max(queue, tick)];
  return { right, wrong, missed: Math.max(0, truths - right), accept, queue: seen - accept, drop: table.all - seen, past };
}

/** Counts of several classes together. */
export function together(list) {
  const whole = { right: 0, wrong: 0, missed: 0, accept: 0, queue: 0, drop: 0, past: 0 };
  for (const one of list) for (const key of Object.keys(whole)) whole[key] += one[key];
  return whole;
}

/** Precision, recall and F1; null where there is nothing to divide by. */
export function shares({ right, wrong, missed }) {
  const share = (part, whole) => (whole > 0 ? part / whole : null);
  return { precision: share(right, right + wrong), recall: share(right, right + missed), f1: share(2 * right, 2 * right + wrong + missed) };
}

/** Wilson's interval of 95 % around a share. */
export function wilson(right, n) {
  if (n === 0) return null;
  const z = 1.959964;
  const share = right / n;
  const reach = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const at = (value) => Math.min(1, Math.max(0, value / (1 + (z * z) / n)));
  return [at(share + (z * z) / (2 * n) - reach), at(share + (z * z) / (2 * n) + reach)];
}

/** Bars of the histogram: `n` of them, each {right, wrong, open}. */
export function bars(bins, n) {
  const found = Array.from({ length: n }, () => ({ right: 0, wrong: 0, open: 0 }));
  for (const [bin, right, wrong, open] of bins) {
    const bar = found[Math.min(n - 1, Math.floor((Math.max(0, bin) * n) / 1000))];
    bar.right += right;
    bar.wrong += wrong;
    bar.open += open;
  }
  return found;
}

/** The class with most candidates: a line is moved where something lies on both sides of it. */
export function fullest(classes) {
  const most = (one) => one.bins.reduce((sum, [, right, wrong, open]) => sum + right + wrong + open, 0);
  return [...classes].sort((a, b) => most(b) - most(a) || a.class_id - b.class_id)[0]?.class_id;
}
