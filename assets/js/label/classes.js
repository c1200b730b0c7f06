// The classes of a dataset as the labeller knows them: names, colours, digits, search.

const UNKNOWN = "#9aa5b1";

/** Perceived brightness of #rrggbb, 0 to 1 (Rec. 709 weights). */
export function brightness(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** How well a name fits what was typed: 0 equal, 1 begins with it, 2 a word begins with it, 3 holds it, null not at all. */
export function fit(name, typed) {
  const [n, t] = [name.toLowerCase(), typed.toLowerCase().trim()];
  if (n === t) return 0;
  if (n.startsWith(t)) return 1;
  const at = n.indexOf(t);
  if (at < 0) return null;
  return /[\s_\-./]/.test(n[at - 1]) ? 2 : 3;
}

export class Classes {
  constructor(list, pins = {}) {
    this.known = new Map();
    this.pins = pins;
    this.add(list);
  }

  add(list) {
    for (const item of list) this.known.set(item.class_id, item);
    this.living = [...this.known.values()].filter((item) => !item.retired);
    this.place();
  }

  /** Digits: first what a person has pinned, then the classes in their order. */
  place() {
    this.digits = new Map();
    const alive = (id) => this.known.has(id) && !this.known.get(id).retired;
    for (const [digit, id] of Object.entries(this.pins)) if (alive(id)) this.digits.set(Number(digit), id);
    const pinned = new Set(this.digits.values());
    const others = this.living.filter((item) => !pinned.has(item.class_id));
    for (let digit = 1; digit <= 9 && others.length; digit++) if (!this.digits.has(digit)) this.digits.set(digit, others.shift().class_id);
    this.digitOf = new Map([...this.digits].map(([digit, id]) => [id, digit]));
    // Those with a digit come first, in the order of the digits.
    const rank = (item) => this.digitOf.get(item.class_id) ?? 10;
    this.ordered = [...this.living].sort((a, b) => rank(a) - rank(b));
  }

  pin(digit, class_id) {
    const pins = Object.fromEntries(Object.entries(this.pins).filter(([, id]) => id !== class_id));
    this.pins = { ...pins, [digit]: class_id };
    this.place();
    return this.pins;
  }

  get(id) {
    return this.known.get(id) ?? { class_id: id, name: `class ${id}`, colour: UNKNOWN };
  }

  /** Best fits first; every class when nothing was typed. */
  search(typed, limit = 60) {
    if (!typed.trim()) return this.ordered.slice(0, limit);
    return this.living.map((item) => [fit(item.name, typed), item]).filter(([rank]) => rank !== null)
      .sort(([a, x], [b, y]) => a - b || x.name.length - y.name.length || x.class_id - y.class_id).slice(0, limit).map(([, item]) => item);
  }

  named(name) {
    return this.living.find((item) => item.name.toLowerCase() === name.trim().toLowerCase());
  }
}
