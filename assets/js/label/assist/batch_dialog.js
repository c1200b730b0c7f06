// The dialog of the batch tweak: the question, how far it is, and the grid of before and after.
import { element, setText } from "../element.js";
import { leftOut, taken, thumbSize, windowAround } from "./proposals.js";
import { lasted } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
const WHY = { stale: "edited since", excluded: "left out", moved: "moved far" };

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const button = (text, onclick, more = {}) => element("button", { type: "button", onclick, ...more }, text);

export class BatchDialog {
  constructor(app, client) {
    Object.assign(this, { app, client });
    this.sizes = new Map(); // image id → {width, height}
    this.cards = new Map();
    this.title = element("h2", { id: "assist-batch-title" });
    this.state = element("p", { "aria-live": "polite" });
    this.body = element("div", { class: "assist-batch-body" });
    this.foot = element("footer", { class: "assist-batch-foot" });
    const close = button("Close", () => this.dialog.close(), { class: "lab-quiet" });
    this.dialog = element("dialog", { class: "lab-dialog assist-batch", "aria-labelledby": "assist-batch-title" },
      element("header", {}, this.title, this.state, close), this.body, this.foot);
    this.dialog.addEventListener("close", () => app.focusCanvas());
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    document.getElementById("lab").append(this.dialog);
    this.eye = new IntersectionObserver((seen) => this.seen(seen), { root: this.body, rootMargin: "200px" });
  }

  get isOpen() {
    return this.dialog.open;
  }

  open(batch) {
    this.stage = null;
    this.batch = batch;
    if (!this.isOpen) this.dialog.showModal();
    this.frame(batch);
    this.foot.querySelector("button")?.focus();
  }

  name() {
    return this.app.classes.get(this.batch.class_id).name;
  }

  /** Which of the four pages of the dialog fits now. */
  frame(batch) {
    if (!this.isOpen) return undefined;
    this.batch = batch;
    setText(this.title, `Fit every ${this.name()}`);
    const stage = batch.review ? "review" : !batch.job ? "ask" : ["failed", "cancelled", "interrupted"].includes(batch.job.state) ? "ended" : "progress";
    if (stage !== this.stage) this.begin(stage);
    return this[stage]();
  }

  begin(stage) {
    this.stage = this.dialog.dataset.stage = stage;
    this.cards.clear();
    this.body.replaceChildren();
    this.foot.replaceChildren();
    setText(this.state, "");
    if (stage === "ask") this.beginAsk();
    if (stage === "progress") this.beginProgress();
    if (stage === "ended") this.beginEnded();
    if (stage === "review") this.beginReview();
  }

  beginAsk() {
    this.body.append(
      element("p", {}, "The model looks at every box of the class ", element("b", {}, this.name()), ", on all images of this dataset, and proposes a tighter one."),
      element("p", { class: "lab-hint" }, "Nothing is changed until you have seen the proposals. You can go on labelling meanwhile."));
    this.foot.append(button("Begin", () => this.batch.begin(), { class: "assist-first" }), button("Not now", () => this.dialog.close()));
  }

  ask() {}

  beginProgress() {
    this.bar = element("progress", { max: 1, "aria-label": "Boxes looked at" });
    this.words = element("p", { class: "assist-figures" });
    this.body.append(this.bar, this.words);
    this.foot.append(button("Go on labelling", () => this.dialog.close(), { class: "assist-first" }), button("Stop", () => this.batch.cancel()));
  }

  progress() {
    const { done, total, stage, eta_s, away } = this.batch.job;
    if (total) this.bar.value = done / total;
    else this.bar.removeAttribute("value");
    const left = eta_s ? `, about ${lasted(eta_s * 1000)} left` : "";
    setText(this.words, away ? "The server does not answer; asking again…" : total ? `${done} of ${total} boxes${left}` : stage || "Waiting to begin…");
  }

  beginEnded() {
    const { state, message, resumable } = this.batch.job;
    this.body.append(element("p", { role: "alert" }, `It ended ${state === "cancelled" ? "because it was stopped" : state === "interrupted" ? "because the server stopped" : "badly"}. ${message ?? ""}`), element("p", { class: "lab-hint" }, "No box was changed."));
    if (resumable) this.foot.append(button("Go on where it stopped", () => this.batch.resumeJob(), { class: "assist-first" }));
    this.foot.append(button("Forget it", () => { this.batch.forget(); this.dialog.close(); }));
  }

  ended() {}

  beginReview() {
    this.grid = element("ul", { class: "assist-grid", "aria-label": "Proposals" });
    this.more = button("More", () => this.batch.more(), { class: "lab-quiet assist-more" });
    this.body.append(this.grid, this.more);
    this.limit = element("input", { type: "range", min: 0, max: 0.95, step: 0.05, value: this.batch.review.least, "aria-label": "Least overlap with the box as it was", oninput: () => this.batch.least(this.limit.valueAsNumber) });
    this.limitText = element("output", {});
    this.take = button("Apply", () => this.apply(), { class: "assist-first" });
    this.foot.append(this.take, button("Throw away", () => { this.batch.forget(); this.dialog.close(); }),
      element("label", { class: "assist-limit" }, "Only overlaps of at least ", this.limit, this.limitText),
      element("span", { class: "assist-legend" }, element("i", { class: "assist-before" }), "before ", element("i", { class: "assist-after" }), "after"));
  }

  async apply() {
    this.take.disabled = true;
    if (await this.batch.apply()) this.dialog.close();
    else this.take.disabled = false;
  }

  review() {
    const { review } = this.batch;
    for (const proposal of review.proposals) {
      if (!this.cards.has(proposal.box_id)) this.card(proposal);
      this.mark(proposal);
    }
    const n = taken(review).length;
    const more = review.next ? "+" : "";
    setText(this.state, review.proposals.length ? `${n}${more} of ${review.proposals.length}${more} are taken` : "No box of this class needs a change.");
    setText(this.take, `Apply to ${n}${more} ${n === 1 && !more ? "box" : "boxes"}`);
    this.take.disabled = n === 0;
    setText(this.limitText, review.least.toFixed(2));
    this.more.hidden = !review.next;
  }

  card(proposal) {
    const picture = svg("svg", { class: "assist-crop", "aria-hidden": "true", viewBox: "0 0 1 1" });
    const words = element("span", { class: "assist-words" });
    const made = button("", () => this.batch.toggle(proposal.box_id), { class: "assist-card", role: "checkbox" });
    made.append(picture, words);
    this.cards.set(proposal.box_id, { made, picture, words, proposal });
    made.proposal = proposal;
    this.grid.append(element("li", {}, made));
    this.eye.observe(made);
  }

  mark(proposal) {
    const { made, words } = this.cards.get(proposal.box_id);
    const why = leftOut(this.batch.review, proposal);
    made.setAttribute("aria-checked", why === "");
    made.disabled = why === "stale";
    made.setAttribute("aria-label", `Box ${proposal.box_id} on image ${proposal.image_id}, overlap ${proposal.iou.toFixed(2)}${why ? `, ${WHY[why]}` : ""}`);
    setText(words, `${proposal.iou.toFixed(2)}${why ? ` · ${WHY[why]}` : ""}`);
  }

  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.eye.unobserve(target);
      this.show(target.proposal);
    }
  }

  /** Both outlines over the part of the picture they are in. */
  async show(proposal) {
    const size = await this.sizeOf(proposal);
    const card = this.cards.get(proposal.box_id);
    if (!size || !card) return;
    const part = windowAround(proposal.before, proposal.after, size);
    const href = this.client.thumb(proposal.image_id, thumbSize(part, size));
    const rect = ([x, y, width, height], name) => svg("rect", { x, y, width, height, class: name });
    const rings = (proposal.polygon ?? []).map((ring) => svg("polygon", { points: ring.flat().join(" "), class: "assist-outline" }));
    card.picture.setAttribute("viewBox", `${part.x} ${part.y} ${part.w} ${part.h}`);
    card.picture.replaceChildren(svg("image", { href, width: size.width, height: size.height, preserveAspectRatio: "none" }),
      ...rings, rect(proposal.before, "assist-before assist-under"), rect(proposal.before, "assist-before"), rect(proposal.after, "assist-after assist-under"), rect(proposal.after, "assist-after"));
  }

  async sizeOf({ image_id, width, height }) {
    if (width && height) return { width, height };
    if (!this.sizes.has(image_id)) this.sizes.set(image_id, this.client.image(image_id).then(({ image }) => image, () => null));
    return this.sizes.get(image_id);
  }

  /** Arrows walk through the grid. */
  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.perRow(), ArrowUp: -this.perRow() }[event.key];
    const cards = [...this.cards.values()].map(({ made }) => made);
    const at = cards.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    cards[at + step]?.focus();
  }

  perRow() {
    return this.grid ? getComputedStyle(this.grid).gridTemplateColumns.split(" ").length : 1;
  }
}
