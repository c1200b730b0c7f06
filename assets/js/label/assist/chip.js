// The small note beside a box: the suggested class with its runner-up, or which of several masks is looked at.
import { element } from "../element.js";
import { keyParts } from "../help.js";
import { leadOf, percent } from "./class_rule.js";
import { onScreen, placeApart, placeBeside } from "./place.js";
import { chosen } from "./points.js";

export class Chip {
  /** @param parts {app, keys, pointMode, choice, autoClass} */
  constructor(stage, parts) {
    Object.assign(this, parts);
    this.node = element("div", { class: "assist-chip", role: "group", "aria-label": "Suggestion of the model", hidden: true });
    stage.append(this.node);
    this.shown = "";
  }

  frame(state) {
    const now = state.drag || state.hidden ? null : this.masks(state) ?? this.classes();
    this.node.hidden = now === null;
    if (!now) return;
    const name = `${now.name}|${this.app.classesVersion}|${JSON.stringify(this.keys.keymap.accept)}`;
    if (name !== this.shown) {
      this.shown = name;
      this.node.replaceChildren(...now.make());
      this.size = null;
    }
    this.size ??= { w: this.node.offsetWidth, h: this.node.offsetHeight };
    const { x, y } = now.apart ? placeApart(this.size, state.screen) : placeBeside(onScreen(state.view, now.rect), this.size, state.screen);
    this.node.style.transform = `translate(${x}px, ${y}px)`;
  }

  key(action) {
    const [key] = this.keys.keymap[action] ?? [];
    return key ? element("kbd", {}, keyParts(key).join("+")) : null;
  }

  button(action, ...content) {
    return element("button", { type: "button", onclick: () => { this.app.act(action); this.app.focusCanvas(); } }, ...content, this.key(action));
  }

  // --- masks ---

  masks() {
    const { session } = this.pointMode;
    const list = session?.masks.length ? session : this.choice.valid ? this.choice.now : null;
    const mask = session?.masks.length ? chosen(session) : list && list.masks[list.at];
    if (!mask || (!session?.masks.length && !this.choice.looking)) return null;
    const { at, masks } = list;
    return { name: `mask ${at} ${masks.length} ${mask.score} ${mask.rect.x}`, rect: mask.rect, apart: list === session, make: () => this.maskNote(at, masks.length, mask.score) };
  }

  maskNote(at, count, score) {
    const text = element("span", {}, `Mask ${at + 1} of ${count}`, typeof score === "number" ? element("b", {}, score.toFixed(2)) : null);
    const take = this.choice.looking && !this.pointMode.session ? "accept" : "submit-points";
    return [text, this.button(take, "Take"), count > 1 ? this.button("next-mask", "Next") : null].filter(Boolean);
  }

  // --- classes ---

  classes() {
    const offer = this.autoClass.current();
    if (!offer) return null;
    const { suggestion, outcome, box } = offer;
    return { name: `class ${box.id} ${outcome} ${JSON.stringify(suggestion)}`, rect: box, make: () => this.classNote(suggestion, outcome) };
  }

  classNote(suggestion, outcome) {
    const { class_id, probability, runner_up, head, model } = suggestion;
    const lead = element("span", { class: "assist-lead", title: head ? `Head ${head} on ${model}` : `Boxes most alike, by ${model}` }, leadOf(outcome, suggestion));
    const first = this.named("accept", class_id, probability, "assist-best");
    const second = runner_up && runner_up.probability > 0 ? this.named("accept-second", runner_up.class_id, runner_up.probability, "assist-second") : null;
    const close = element("button", { type: "button", class: "assist-close", "aria-label": "Dismiss the suggestion", onclick: () => { this.autoClass.dismiss(); this.app.focusCanvas(); } }, "×");
    return [lead, first, second, close].filter(Boolean);
  }

  named(action, class_id, probability, kind) {
    const { name, colour } = this.app.classes.get(class_id);
    const swatch = element("i", { class: "lab-swatch" });
    swatch.style.backgroundColor = colour;
    const made = this.button(action, swatch, element("span", { class: "assist-name" }, name), element("b", {}, percent(probability)));
    made.className = kind;
    return made;
  }
}
