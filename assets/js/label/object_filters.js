// The bar above the list of objects: which boxes it shows, and in which order.
import { byId, element } from "./element.js";
import { NO_FILTER } from "./object_filter.js";

const FIELDS = { text: "lab-filter-text", class_id: "lab-filter-class", state: "lab-filter-state", origin: "lab-filter-origin", sort: "lab-sort" };

export class ObjectFilters {
  /** @param changed called when another filter holds */
  constructor(app, changed) {
    Object.assign(this, { app, changed });
    this.now = NO_FILTER;
    this.fields = Object.fromEntries(Object.entries(FIELDS).map(([name, id]) => [name, byId(id)]));
    for (const field of Object.values(this.fields)) field.addEventListener("input", () => this.read());
    this.fields.text.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "Enter") byId("lab-object-list").focus();
    });
    byId("lab-filter-toggle").addEventListener("click", () => this.show(byId("lab-filter").hidden));
    byId("lab-filter-clear").addEventListener("click", () => this.clear());
  }

  show(open) {
    byId("lab-filter").hidden = !open;
    byId("lab-filter-toggle").setAttribute("aria-expanded", open);
    if (open) this.fields.text.focus();
    else this.clear();
  }

  clear() {
    for (const [name, field] of Object.entries(this.fields)) field.value = NO_FILTER[name];
    this.read();
  }

  read() {
    this.now = Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [name, field.value]));
    this.changed();
  }

  /** Offers the classes that are on the image. */
  offer(boxes) {
    const { classes } = this.app;
    const ids = [...new Set(boxes.map((box) => box.class_id))].sort((a, b) => classes.get(a).name.localeCompare(classes.get(b).name));
    const key = ids.map((id) => `${id} ${classes.get(id).name}`).join("\n");
    if (key === this.offered) return;
    this.offered = key;
    const select = this.fields.class_id;
    const kept = ids.includes(Number(this.now.class_id)) ? this.now.class_id : "";
    select.replaceChildren(element("option", { value: "" }, "Every class"), ...ids.map((id) => element("option", { value: id }, classes.get(id).name)));
    select.value = kept;
    if (kept !== this.now.class_id) this.now = { ...this.now, class_id: kept };
  }
}
