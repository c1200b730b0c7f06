// A real list box of any length. Up to 200 rows are all in the page; beyond, only those in sight are.
import { element } from "./element.js";

const ALL = 200;
const SPARE = 8;

export class VirtualList {
  /** @param scroller the element that scrolls; @param make() → row contents' holder; @param fill(row, item, index) */
  constructor(scroller, list, { rowHeight, make, fill }) {
    Object.assign(this, { scroller, list, rowHeight, make, fill });
    this.items = [];
    this.rows = new Map(); // index → li
    this.free = [];
    scroller.addEventListener("scroll", () => this.lay(), { passive: true });
    new ResizeObserver(() => this.lay()).observe(scroller);
  }

  set(items) {
    this.items = items;
    this.list.style.height = `${items.length * this.rowHeight}px`;
    this.lay();
  }

  lay() {
    const { items, rowHeight, scroller } = this;
    let [from, to] = [0, items.length];
    if (items.length > ALL) {
      from = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - SPARE);
      to = Math.min(items.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / rowHeight) + SPARE);
    }
    for (const [index, row] of this.rows) if (index < from || index >= to) this.release(index, row);
    for (let index = from; index < to; index++) this.row(index);
  }

  release(index, row) {
    this.rows.delete(index);
    row.remove();
    this.free.push(row);
  }

  row(index) {
    let row = this.rows.get(index);
    if (!row) {
      row = this.free.pop() ?? element("li", { role: "option", class: "lab-row" }, ...this.make());
      row.style.transform = `translateY(${index * this.rowHeight}px)`;
      row.dataset.index = index;
      this.rows.set(index, row);
      this.list.append(row);
    }
    row.setAttribute("aria-setsize", this.items.length);
    row.setAttribute("aria-posinset", index + 1);
    this.fill(row, this.items[index], index);
  }

  /** The item that an event happened on. */
  itemOf(event) {
    const row = event.target.closest("li");
    return row ? this.items[Number(row.dataset.index)] : undefined;
  }

  reveal(index) {
    const { scroller, rowHeight } = this;
    const top = index * rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + rowHeight > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + rowHeight - scroller.clientHeight;
  }
}
