// The large histogram of one class with its two lines, which can be dragged.
import { bars } from "./counts.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, BARS] = [1000, 180, 100];

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

export class Stage {
  /** @param move(which, tick) is called while a line is dragged, settle() when it is let go */
  constructor(svg, { move, settle }) {
    this.svg = svg;
    this.parts = ["bands", "bars", "lines"].map((name) => svg.querySelector(`[data-${name}]`));
    this.ticks = { least: 0, queue: 0 };
    this.held = null;
    svg.addEventListener("pointerdown", (event) => {
      const tick = this.tickAt(event);
      this.held = Math.abs(tick - this.ticks.queue) < Math.abs(tick - Math.min(this.ticks.least, 1000)) ? "queue" : "least";
      svg.setPointerCapture(event.pointerId);
      move(this.held, tick);
      event.preventDefault();
    });
    svg.addEventListener("pointermove", (event) => { if (this.held) move(this.held, this.tickAt(event)); });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => { if (this.held) { this.held = null; settle(); } });
  }

  tickAt(event) {
    const box = this.svg.getBoundingClientRect();
    return Math.round(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * 1000);
  }

  /** Another class: its bars. */
  show(bins) {
    const found = bars(bins, BARS);
    const most = Math.max(1, ...found.map((bar) => bar.right + bar.wrong));
    const mostOpen = Math.max(1, ...found.map((bar) => bar.open));
    const high = (n, most) => Math.sqrt(n / most) * (HEIGHT - 24);
    const each = WIDTH / BARS;
    const nodes = found.flatMap((bar, at) => {
      const whole = high(bar.right + bar.wrong, most);
      const right = bar.right + bar.wrong ? (whole * bar.right) / (bar.right + bar.wrong) : 0;
      const place = { x: at * each + 1, width: each - 2 };
      return whole ? [shape("rect", { class: "right", ...place, y: HEIGHT - whole, height: right }), shape("rect", { class: "wrong", fill: "url(#hatch)", ...place, y: HEIGHT - whole + right, height: whole - right })] : [];
    });
    const open = found.map((bar, at) => `${at ? "L" : "M"}${at * each} ${(HEIGHT - high(bar.open, mostOpen)).toFixed(1)}h${each}`).join("");
    this.parts[1].replaceChildren(...nodes, shape("path", { class: "open", d: open }));
  }

  /** The lines, and the bands between them. */
  lines({ least, queue }) {
    this.ticks = { least, queue };
    const [x, q] = [Math.min(least, 1000), Math.min(queue, least, 1000)];
    const band = (name, from, to) => shape("rect", { class: `band ${name}`, x: from, y: 0, width: Math.max(0, to - from), height: HEIGHT });
    this.parts[0].replaceChildren(band("drop", 0, q), band("queue", q, x), band("accept", x, WIDTH));
    const line = (name, at) => shape("path", { class: `handle ${name}`, d: `M${at} 0V${HEIGHT}` });
    this.parts[2].replaceChildren(line("queue", Math.min(queue, 1000)), line("least", x));
  }
}
