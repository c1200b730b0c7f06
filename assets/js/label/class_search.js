// How well a class name fits what was typed. Pure; a thousand names take well under a millisecond.

const BREAK = /[\s_\-./]/;

// Letters in their order with gaps ("trlt" finds "traffic light"): few gaps and starts of words are better.
function scattered(name, typed) {
  let [cost, from] = [0, 0];
  for (const letter of typed) {
    const at = name.indexOf(letter, from);
    if (at < 0) return null;
    if (at > from && !BREAK.test(name[at - 1])) cost += from === 0 ? 2 : 1;
    from = at + 1;
  }
  return 4 + Math.min(cost, 90) / 100;
}

/**
 * 0 equal, 1 begins with it, 2 a word begins with it, 3 holds it, 4 to 5 holds its letters in their order, null not at all.
 */
export function fit(name, typed) {
  const [n, t] = [name.toLowerCase(), typed.toLowerCase().trim()];
  if (n === t) return 0;
  if (n.startsWith(t)) return 1;
  const at = n.indexOf(t);
  if (at >= 0) return BREAK.test(n[at - 1]) ? 2 : 3;
  return t.length < 2 ? null : scattered(n, t.replace(/[\s_\-./]/g, ""));
}

/**
 * Best fits first; those used lately come first among equals, and first of all when nothing was typed.
 * @param recent class ids, the latest first
 */
export function searchClasses(list, typed, recent = [], limit = 60) {
  const lately = new Map(recent.map((id, at) => [id, at]));
  const age = (item) => lately.get(item.class_id) ?? recent.length;
  if (!typed.trim()) return [...list].sort((a, b) => age(a) - age(b)).slice(0, limit);
  return list.map((item) => [fit(item.name, typed), item]).filter(([rank]) => rank !== null)
    .sort(([a, x], [b, y]) => a - b || age(x) - age(y) || x.name.length - y.name.length || x.class_id - y.class_id)
    .slice(0, limit).map(([, item]) => item);
}
