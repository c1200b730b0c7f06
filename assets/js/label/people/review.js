// Accepting an image, and sending it back with a comment. Both are edits: queued, in the history, undone with Ctrl+Z.
import { selectedBoxes } from "../batches.js";
import { byId, element } from "../element.js";

export class Review {
  /** @param parts {app, navigator} */
  constructor(parts) {
    Object.assign(this, parts);
    this.text = element("textarea", { id: "lab-back-text", class: "lab-say", rows: "4", maxlength: "4000", required: true, "aria-label": "What is to be done again", placeholder: "What is to be done again?" });
    this.about = element("p", { class: "lab-dim" });
    const close = element("button", { type: "button", class: "lab-quiet", onclick: () => this.dialog.close() }, "Cancel ", element("kbd", {}, "Esc"));
    const form = element("form", { onsubmit: (event) => { event.preventDefault(); this.send(); } }, this.text, this.about, element("button", { class: "lab-confirm" }, "Send back ", element("kbd", {}, "Enter")));
    this.dialog = element("dialog", { class: "lab-dialog lab-back", id: "lab-back", "aria-labelledby": "lab-back-title" }, element("header", {}, element("h2", { id: "lab-back-title" }, "Send this image back"), element("p", {}), close), form);
    this.text.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.send(); } });
    this.dialog.addEventListener("close", () => this.app.focusCanvas());
    byId("lab").append(this.dialog);
    const button = (id, label) => element("button", { type: "button", class: "lab-quiet", onclick: () => this.app.act(id) }, `${label} `, element("kbd", { "data-key-of": id }));
    this.row = element("div", { class: "lab-review", role: "group", "aria-label": "Review", hidden: true }, button("review-accept", "Accept"), button("review-send-back", "Send back"));
    byId("lab-confirm").closest("section").append(this.row);
  }

  /** Called once a frame: what is labelled waits for a reviewer. */
  frame({ image, imageState }) {
    this.row.hidden = !image || imageState !== "labelled";
  }

  async accept() {
    const { app, navigator } = this;
    if (!app.state.image) return;
    app.dispatch({ type: "image-state", value: "reviewed" });
    app.say("Accepted");
    await navigator.next();
  }

  begin() {
    if (!this.app.state.image) return;
    const [box] = selectedBoxes(this.app.state);
    this.box = box ?? null;
    this.about.textContent = box ? `About the selected ${this.app.classes.get(box.class_id).name}.` : "About the image. Select a box first to speak of that box.";
    this.text.value = "";
    this.dialog.showModal();
    this.text.focus();
  }

  async send() {
    const text = this.text.value.trim();
    if (!text) return this.text.focus();
    const pin = this.box ? { box_id: this.box.id } : {};
    this.dialog.close();
    this.app.dispatch({ type: "edits", edits: [{ op: "comment", kind: "sent_back", text, ...pin }, { op: "state", value: "in_progress" }] });
    this.app.toast({ text: "Sent back.", actions: [{ label: "Undo", run: () => this.app.undo() }] });
    await this.navigator.next();
  }
}
