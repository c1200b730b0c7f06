// The bar of the proposals, above the picture: how to look, the words, the threshold, and what to do with what was found.
import { element, setText } from "../element.js";
import { keyParts } from "../help.js";
import { CandidatesBar } from "./candidates_bar.js";
import { scoreText } from "./candidates_rule.js";
import { lasted } from "./words.js";

const WAYS = [["detect", "Detector", "find-detect"], ["text", "Words", "find-text"], ["like", "Like this box", "find-like"], ["run", "Run", "find-run"]];

export class FindBar {
  /** @param parts {app, keys, finds} */
  constructor(stage, parts) {
    Object.assign(this, parts);
    this.ways = WAYS.map(([how, label, action]) => element("button", { type: "button", "data-how": how, "aria-pressed": "false", onclick: () => this.press(action) }, label, this.key(action)));
    this.words = element("input", { type: "text", "aria-label": "Words to look for", placeholder: "car, delivery van …", autocomplete: "off", spellcheck: "false", value: this.finds.words });
    this.form = element("form", { onsubmit: (event) => this.submit(event) }, this.words);
    this.slider = element("input", { type: "range", min: "0", max: "1", step: "0.01", "aria-label": "Lowest score that is shown", oninput: () => this.finds.threshold(Number(this.slider.value)) });
    this.level = element("output", { class: "find-level" });
    this.count = element("span", { class: "find-count", role: "status" });
    this.took = element("span", { class: "find-took" });
    const act = (action, ...content) => element("button", { type: "button", onclick: () => this.press(action) }, ...content, this.key(action));
    this.take = [act("accept", "Take"), act("leave-out", "Leave out"), act("accept-all", "Take all")];
    const close = element("button", { type: "button", class: "assist-close", "aria-label": "Close the proposals", onclick: () => { this.finds.drop(); this.app.focusCanvas(); } }, "×");
    this.run = new CandidatesBar(parts);
    this.node = element("div", { class: "find-bar", role: "group", "aria-label": "Proposals", hidden: true },
      ...this.ways, this.form, this.run.select, this.run.make, element("label", { class: "find-score" }, "Score", this.slider, this.level), this.count, ...this.take, this.took, close, this.run.legend, this.run.detail);
    this.words.addEventListener("keydown", (event) => event.key === "Escape" && (event.stopPropagation(), this.leave()));
    stage.before(this.node); // a row of its own: nothing of the picture lies beneath it
  }

  key(action) {
    const [key] = this.keys.keymap[action] ?? [];
    return key ? element("kbd", {}, keyParts(key).join("+")) : null;
  }

  /** Out of the words: to the proposals where there are some; a bar without any goes. */
  leave() {
    if (!this.finds.valid) this.finds.drop();
    this.app.focusCanvas();
  }

  press(action) {
    this.app.act(action);
    if (action !== "find-text") this.app.focusCanvas();
  }

  submit(event) {
    event.preventDefault();
    this.finds.text(this.words.value.trim());
    this.app.focusCanvas();
  }

  /** What the model calls it, and the class it becomes where that is another word. */
  named({ name, class_id }) {
    const id = class_id ?? this.app.state.classId;
    const becomes = id === null ? "" : this.app.classes.get(id).name;
    return name && becomes && name !== becomes ? `${name} → ${becomes}` : name || becomes;
  }

  frame() {
    const { finds } = this;
    // A bar that goes must not take the focus along.
    if (!finds.open && this.node.contains(document.activeElement)) this.app.focusCanvas();
    this.node.hidden = !finds.open;
    if (!finds.open) return;
    for (const button of this.ways) button.setAttribute("aria-pressed", button.dataset.how === finds.how);
    this.form.hidden = finds.how !== "text";
    if (finds.wantsFocus) {
      finds.wantsFocus = false;
      this.words.focus();
      this.words.select();
    }
    const { look } = finds;
    const count = finds.places.length;
    const level = finds.valid ? look.threshold : 0;
    if (finds.valid && Number(this.slider.value) !== level) this.slider.value = level;
    this.slider.disabled = !finds.valid;
    setText(this.level, finds.valid ? level.toFixed(2) : "");
    const first = finds.shown.find(({ current }) => current)?.find;
    const told = first ? ` · ${this.named(first)} ${scoreText(first.score)}` : "";
    setText(this.count, finds.waiting ? "Looking…" : finds.valid ? look.note ?? (count || first ? `${count}${told}` : "none") : "");
    for (const button of this.take) button.disabled = count === 0;
    setText(this.took, finds.valid && look.took ? `${look.model} · ${lasted(look.took.total)}` : "");
    this.run.frame(first);
  }
}
