// In the top bar: what the models are at, how long the newest mask took, and on which provider it really ran.
import { element, setText } from "../element.js";

export class Head {
  constructor(before, toggle) {
    this.text = element("span", { class: "assist-head-text" });
    this.provider = element("span", { class: "assist-provider" });
    this.node = element("button", { type: "button", id: "assist-head", class: "assist-head", hidden: true, onclick: (event) => toggle(event) }, element("i", { "aria-hidden": "true" }), element("span", { class: "lab-hidden" }, "Models: "), this.text, this.provider);
    before.before(this.node);
  }

  frame({ text, mood, provider, title }) {
    this.node.hidden = mood === "off" && text === "";
    this.node.dataset.mood = mood;
    setText(this.text, text);
    setText(this.provider, provider);
    if (this.node.title !== title) this.node.title = title;
  }
}
