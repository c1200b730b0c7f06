// The classes of a dataset as the labeller knows them: names, colours, digits, search.

import { searchClasses } from "./class_search.js";

const UNKNOWN = "#9aa5b1";
const RECENT = 9;

/** Perceived brightness of #rrggbb, 0 to 1 (Rec. 709 weights). */
export function brightness(colour) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export class Classes {
  constructor(list, pins = {}, recent = []) {
    this.known = new Map();
    this.pins = pins;
    this.recent = recent;
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

  /** Best fits first; every class when nothing was typed, those used lately before the others. */
  search(typed, limit = 60) {
    return searchClasses(typed.trim() ? this.living : this.ordered, typed, this.recent, limit);
  }

  /** A class was chosen: the search offers it first from now on. */
  use(class_id) {
    this.recent = [class_id, ...this.recent.filter((id) => id !== class_id)].slice(0, RECENT);
    return this.recent;
  }

  named(name) {
    return this.living.find((item) => item.name.toLowerCase() === name.trim().toLowerCase());
  }
}
