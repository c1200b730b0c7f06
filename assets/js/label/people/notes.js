// The panel with the tags and comments of an image. What is added here is an edit like any other: queued, kept through
// a lost connection, undone with Ctrl+Z.
import { selectedBoxes } from "../batches.js";
import { byId, element, setText } from "../element.js";
import { ago, inOrder, tidyTag, withPending } from "./said.js";

const EMPTY = { comments: [], tags: [] };

export class Notes {
  /** @param parts {app, api} */
  constructor(parts) {
    Object.assign(this, parts);
    this.said = EMPTY;
    this.key = "";
    this.drawn = null;
    this.point = null; // where the pointer was when the comment was begun
    this.build();
  }

  build() {
    this.total = element("span", { class: "lab-total" }, "");
    const ask = (id, label) => element("button", { type: "button", class: "lab-quiet", onclick: () => this.app.act(id) }, `${label} `, element("kbd", { "data-key-of": id }));
    this.chips = element("ul", { class: "lab-tags", "aria-label": "Tags" });
    this.list = element("ul", { class: "lab-comments", "aria-label": "Comments" });
    this.known = element("datalist", { id: "lab-known-tags" });
    this.tagInput = element("input", { type: "text", id: "lab-tag", class: "lab-say", list: "lab-known-tags", maxlength: "60", placeholder: "Tag, then Enter", "aria-label": "Tag to add", autocomplete: "off", spellcheck: "false", oninput: () => this.suggest() });
    this.text = element("textarea", { id: "lab-comment", class: "lab-say", rows: "2", maxlength: "4000", placeholder: "Comment, then Enter", "aria-label": "Comment" });
    this.about = element("select", { id: "lab-about", "aria-label": "What the comment is about" });
    this.tagForm = element("form", { hidden: true, onsubmit: (event) => { event.preventDefault(); this.addTag(); } }, this.tagInput, this.known);
    this.commentForm = element("form", { class: "lab-comment-form", hidden: true, onsubmit: (event) => { event.preventDefault(); this.addComment(); } },
      this.text, element("div", {}, element("label", {}, "About ", this.about), element("button", { class: "lab-quiet" }, "Add ", element("kbd", {}, "Enter"))));
    this.text.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.addComment(); } });
    for (const form of [this.tagForm, this.commentForm]) form.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(form); });
    this.body = element("div", { class: "lab-notes-body" }, this.tagForm, this.chips, this.commentForm, this.list);
    const title = element("h2", { id: "lab-notes-title" }, "Notes");
    this.section = element("section", { class: "lab-notes", "aria-labelledby": "lab-notes-title" }, element("header", {}, title, this.total, ask("tag", "Tag"), ask("comment", "Comment")), this.body);
    byId("lab-objects-title").closest("section").after(this.section);
    this.pins = element("div", { class: "lab-pins" });
    byId("lab-stage").append(this.pins);
  }

  /** Called once a frame. */
  frame(state) {
    const key = state.image ? `${state.image.image_id}:${state.revision}` : "";
    if (key !== this.key) this.load(state, key);
    const shown = [this.said, state.pending, key];
    if (!this.drawn || shown.some((part, i) => part !== this.drawn[i])) {
      this.drawn = shown;
      this.draw(withPending(this.said, state.pending));
    }
    this.place(state);
  }

  async load({ image }, key) {
    if (this.key.split(":")[0] !== key.split(":")[0]) this.said = EMPTY;
    this.key = key;
    if (!image) return;
    const said = await this.api.notes(image.image_id).catch(() => null);
    if (!said || this.key !== key) return;
    this.said = said;
    this.app.changed();
  }

  draw({ comments, tags }) {
    const open = comments.filter((one) => !one.resolved_at);
    setText(this.total, comments.length ? `${open.length} open` : "");
    this.section.dataset.empty = comments.length + tags.length === 0 ? "yes" : "no";
    this.chips.replaceChildren(...tags.map((one) => element("li", { class: one.waiting ? "lab-tag lab-waiting" : "lab-tag", title: one.author ? `by ${one.author}` : null }, one.tag,
      element("button", { type: "button", class: "lab-close", "aria-label": `Take off the tag ${one.tag}`, onclick: () => this.make([{ op: "tag", tag: one.tag, on: false }]) }, "×"))));
    this.list.replaceChildren(...inOrder(comments).map((one) => this.row(one)));
    this.shown = open.filter((one) => one.at || one.box_id !== null);
    this.pins.replaceChildren(...this.shown.map((one) => element("button", { type: "button", class: "lab-pin", "data-kind": one.kind, tabindex: "-1", title: `${one.author}: ${one.text}`, "aria-label": `Comment of ${one.author}: ${one.text}`, onclick: () => this.reveal(one) }, "!")));
  }

  row(one) {
    const by = [one.author, one.waiting ? "on its way" : ago(one.written_at), one.kind === "sent_back" ? "sent back" : null].filter(Boolean).join(" · ");
    const done = Boolean(one.resolved_at);
    const where = one.at || one.box_id !== null ? element("button", { type: "button", class: "lab-quiet", onclick: () => this.reveal(one) }, "Show") : null;
    const settle = one.waiting ? null : element("button", { type: "button", class: "lab-quiet", onclick: () => this.make([{ op: "resolve", comment_id: one.comment_id, resolved: !done }]) }, done ? "Open again" : "Resolve");
    return element("li", { class: `lab-comment${done ? " lab-done" : ""}${one.waiting ? " lab-waiting" : ""}`, "data-kind": one.kind },
      element("p", { class: "lab-by" }, done && one.resolved_by ? `${by} · resolved by ${one.resolved_by}` : by), element("p", { class: "lab-text" }, one.text), element("div", {}, where, settle));
  }

  /** Markers stay on their point or at the corner of their box, wherever the view goes. */
  place({ view, boxes }) {
    [...this.pins.children].forEach((pin, i) => {
      const { at, box_id } = this.shown[i];
      const box = box_id === null ? null : boxes.find((one) => one.id === box_id);
      const point = at ?? (box ? [box.x + box.w, box.y] : null);
      pin.hidden = !point;
      if (point) pin.style.transform = `translate(${Math.round(point[0] * view.scale + view.tx)}px, ${Math.round(point[1] * view.scale + view.ty)}px)`;
    });
  }

  reveal({ box_id, at }) {
    const { app } = this;
    if (app.state.boxes.some((box) => box.id === box_id)) app.dispatch({ type: "select", ids: [box_id] });
    else if (at) app.say(`At ${at.map(Math.round).join(", ")}`);
    if (box_id !== null) app.dispatch({ type: "reveal" });
    this.section.scrollIntoView({ block: "nearest" });
  }

  make(edits) {
    this.app.dispatch({ type: "edits", edits });
  }

  open(form, field) {
    if (!this.app.state.image) return;
    form.hidden = false;
    field.focus();
  }

  close(form) {
    form.hidden = true;
    this.app.focusCanvas();
  }

  beginTag() {
    this.open(this.tagForm, this.tagInput);
    this.suggest();
  }

  async suggest() {
    const found = await this.api.tags(this.tagInput.value).catch(() => null);
    if (found) this.known.replaceChildren(...found.tags.map(({ tag, images }) => element("option", { value: tag, label: `${images}` })));
  }

  addTag() {
    const tag = tidyTag(this.tagInput.value);
    this.tagInput.value = "";
    if (!tag) return this.close(this.tagForm);
    if (!withPending(this.said, this.app.state.pending).tags.some((one) => one.tag === tag)) this.make([{ op: "tag", tag }]);
    this.app.say(`Tagged ${tag}`);
  }

  /** What a comment can be about now: the selected box, the point under the pointer, or the image as a whole. */
  subjects() {
    const [box] = selectedBoxes(this.app.state);
    const { view, image } = this.app.state;
    const pointed = this.app.pointed;
    const point = pointed ? [(pointed[0] - view.tx) / view.scale, (pointed[1] - view.ty) / view.scale].map((v) => Math.round(v * 10) / 10) : null;
    const inside = point && point[0] >= 0 && point[1] >= 0 && point[0] < image.width && point[1] < image.height;
    return [box ? ["box", "the selected box", { box_id: box.id }] : null, ["image", "the image", {}], inside ? ["point", "the point under the pointer", { at: point }] : null].filter(Boolean);
  }

  beginComment() {
    if (!this.app.state.image) return;
    this.choices = this.subjects();
    this.about.replaceChildren(...this.choices.map(([value, label]) => element("option", { value }, label)));
    this.open(this.commentForm, this.text);
  }

  addComment() {
    const text = this.text.value.trim();
    const about = this.choices.find(([value]) => value === this.about.value)?.[2] ?? {};
    this.text.value = "";
    this.close(this.commentForm);
    if (text) this.make([{ op: "comment", text, ...about }]);
  }
}
