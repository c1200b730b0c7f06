// Lower left over the picture: everything in flight, with its state and time. Collapses to one line; steps back while a box is drawn.
import { element, setText } from "../element.js";
import { TaskSettings } from "./task_settings.js";
import { headline, isAwaited, rowsOf } from "./rows.js";

const TICK_MS = 200;
const EDGE = 12; // between the list and the edges of the stage

export class TaskPanel {
  /** @param parts {desk, autoClass, refresh(): asks the server how it stands} */
  constructor(stage, parts) {
    Object.assign(this, parts);
    this.rows = new Map();
    this.settings = new TaskSettings(parts);
    this.list = element("ul", { class: "assist-rows" });
    this.summary = element("summary", {}, element("i", { "aria-hidden": "true" }), element("span", {}));
    this.node = element("details", { class: "assist-tasks", "aria-label": "Work of the models", hidden: true }, this.summary, this.list, this.settings.node);
    this.node.open = this.desk.settings.get("open");
    this.node.addEventListener("toggle", () => { this.desk.settings.set("open", this.node.open); this.refresh(); this.desk.changed(); });
    this.line = element("div", { class: "assist-line", "aria-hidden": "true", hidden: true });
    this.summary.addEventListener("click", (event) => event.detail > 0 && setTimeout(() => this.desk.app.focusCanvas(), 0));
    stage.append(this.node, this.line);
  }

  toggle() {
    this.node.open = !this.node.open;
  }

  /** Folds itself up while it would lie over what the person is at. @param rect on screen, or null */
  stepAside(rect, screen) {
    if (this.node.open && !this.node.hidden && !this.aside) this.size = { w: this.node.offsetWidth, h: this.node.offsetHeight };
    const { w, h } = this.size ?? { w: 0, h: 0 };
    const over = rect !== null && rect.x < EDGE + w && rect.y + rect.h > screen.height - EDGE - h && rect.y < screen.height && rect.x + rect.w > 0;
    if (over !== this.aside) this.node.toggleAttribute("data-aside", over);
    this.aside = over;
  }

  frame() {
    const { desk } = this;
    const rows = rowsOf(desk.status, desk.runs.shown(), desk.runs.now(), (id) => desk.app.images.get(id)?.image.path);
    const live = rows.filter((row) => row.live);
    const open = this.node.open;
    this.node.hidden = !open && live.length === 0 && !rows.some((row) => row.state === "failed");
    // What is prepared for later is no reason to look up.
    this.line.hidden = !live.some(isAwaited);
    setText(this.summary.lastElementChild, live.length ? [live[0].label, live[0].time, live.length > 1 ? `${live.length - 1} more` : ""].filter(Boolean).join(" · ") : "Nothing in flight");
    this.summary.dataset.live = live.length > 0;
    if (open) this.settings.frame();
    if (open) this.fill(rows);
    // Times move on while something runs, and what has ended leaves the list.
    if ((live.length || desk.runs.shown().length) && !this.timer) this.timer = setTimeout(() => { this.timer = null; desk.app.changed(); }, TICK_MS);
    return headline(desk.status, rows, desk.latency);
  }

  fill(rows) {
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, row] of this.rows) if (!keys.has(key)) { row.node.remove(); this.rows.delete(key); }
    for (const row of rows) this.row(row);
    const order = rows.map((row) => this.rows.get(row.key).node);
    if (order.some((node, i) => this.list.children[i] !== node)) this.list.replaceChildren(...order);
  }

  row(row) {
    if (!this.rows.has(row.key)) this.rows.set(row.key, this.make());
    const made = this.rows.get(row.key);
    made.node.dataset.state = row.state;
    made.cancel = row.cancel;
    setText(made.label, row.label);
    setText(made.detail, row.detail);
    setText(made.word, row.share === undefined || row.share === null ? row.word : `${Math.round(row.share * 100)} %`);
    setText(made.time, row.time);
    made.node.title = row.note ?? "";
    made.stop.hidden = !row.cancel;
  }

  make() {
    const [label, detail, word, time] = ["assist-what", "assist-detail", "assist-word", "assist-time"].map((name) => element("span", { class: name }));
    const made = { label, detail, word, time };
    made.stop = element("button", { type: "button", "aria-label": "Stop this", onclick: () => made.cancel?.() }, "×");
    made.node = element("li", {}, element("i", { "aria-hidden": "true" }), label, detail, word, time, made.stop);
    return made;
  }
}
