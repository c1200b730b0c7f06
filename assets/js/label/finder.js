// Type to find a class; Enter takes the best one, or makes a new one when none has that name.
import { byId, element, setText } from "./element.js";

const SHOWN = 40;
const ASK_AFTER_MS = 120;

export class Finder {
  constructor(app) {
    this.app = app;
    this.box = byId("lab-finder");
    this.input = byId("lab-finder-input");
    this.list = byId("lab-finder-list");
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(false), 0));
    this.box.addEventListener("mousedown", (event) => {
      if (event.target !== this.input) event.preventDefault(); // the input keeps the focus
    });
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("li");
      if (row) this.take(Number(row.dataset.index));
    });
  }

  /** @param choose called with the class id */
  open(choose, away) {
    this.choose = choose;
    this.box.hidden = false;
    this.box.dataset.side = away;
    this.input.value = "";
    this.typed();
    this.input.focus();
  }

  close(focus = true) {
    if (this.box.hidden) return;
    this.box.hidden = true;
    if (focus) this.app.focusCanvas();
  }

  typed() {
    this.offer();
    clearTimeout(this.timer);
    const { app } = this;
    if (!this.input.value.trim() || !app.config.more_classes) return;
    this.timer = setTimeout(() => this.askServer(this.input.value), ASK_AFTER_MS);
  }

  // Only when the page was not given every class.
  async askServer(text) {
    const answer = await this.app.api.searchClasses(text, SHOWN).catch(() => null);
    if (!answer || this.box.hidden || this.input.value !== text) return;
    this.app.classes.add(answer.classes.filter((item) => !this.app.classes.known.has(item.class_id)));
    this.app.classesChanged();
    this.offer();
  }

  /** A class of this very name that the page was not given. */
  async onServer(name) {
    if (!this.app.config.more_classes) return null;
    const { classes } = await this.app.api.searchClasses(name, SHOWN);
    this.app.classes.add(classes.filter((item) => !this.app.classes.known.has(item.class_id)));
    this.app.classesChanged();
    return this.app.classes.named(name);
  }

  offer() {
    const { classes } = this.app;
    const typed = this.input.value.trim();
    const found = classes.search(typed, SHOWN).map((item) => ({ item }));
    this.offers = typed && !classes.named(typed) ? [...found, { create: typed }] : found;
    this.at = 0;
    this.list.replaceChildren(...this.offers.map((offer, index) => this.row(offer, index)));
    this.mark();
  }

  row({ item, create }, index) {
    const attributes = { role: "option", id: `lab-find-${index}`, "data-index": index };
    if (create) return element("li", { ...attributes, class: "lab-create" }, "Create class ", element("b", {}, create));
    const swatch = element("i", { class: "lab-swatch" });
    swatch.style.backgroundColor = item.colour;
    const digit = this.app.classes.digitOf.get(item.class_id);
    return element("li", attributes, element("kbd", {}, digit ? `${digit}` : ""), swatch, element("span", { class: "lab-name" }, item.name));
  }

  mark() {
    [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", index === this.at));
    this.input.setAttribute("aria-activedescendant", this.offers.length ? `lab-find-${this.at}` : "");
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Tab: event.shiftKey ? -1 : 1 }[event.key];
    if (step && this.offers.length) {
      event.preventDefault();
      this.at = (this.at + step + this.offers.length) % this.offers.length;
      this.mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.take(this.at);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    }
    event.stopPropagation();
  }

  async take(index) {
    const offer = this.offers[index];
    if (!offer) return;
    const choose = this.choose;
    this.close();
    if (offer.item) return choose(offer.item.class_id);
    try {
      const there = await this.onServer(offer.create);
      if (there) return choose(there.class_id);
      const made = await this.app.api.createClass(offer.create);
      this.app.classes.add([{ name: offer.create, colour: "#9aa5b1", ...made }]);
      this.app.classesChanged();
      choose(made.class_id);
      this.app.toast({ text: `Class “${offer.create}” created.` });
    } catch (error) {
      this.app.toast({ kind: "danger", text: `The class “${offer.create}” was not created. ${error.message}`, hint: error.hint });
    }
  }
}
