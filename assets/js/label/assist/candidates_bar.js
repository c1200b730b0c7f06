// What the bar of the proposals shows of a run: which run, its sources to switch, and what each said of the candidate that
// is looked at.
import { element, setText } from "../element.js";
import { wordsOf } from "./candidates_rule.js";

const badge = (letter, colour) => {
  const made = element("i", { class: "find-badge", "aria-hidden": "true" }, letter);
  made.style.setProperty("--source", colour);
  return made;
};

export class CandidatesBar {
  /** @param parts {app, finds} */
  constructor({ app, finds }) {
    Object.assign(this, { app, finds, layer: finds.candidates });
    this.select = element("select", { "aria-label": "Run", onchange: () => this.layer.show(this.select.value).then(() => app.focusCanvas()) });
    this.make = element("a", { href: `${app.config.base}/d/${app.config.dataset}/prelabel` }, "Make a run");
    this.legend = element("div", { class: "find-legend", role: "group", "aria-label": "Sources" });
    this.detail = element("p", { class: "find-detail", role: "status" });
  }

  /** @param current the candidate that is looked at, or undefined */
  frame(current) {
    const on = this.layer.on;
    const runs = this.layer.runs ?? [];
    this.select.hidden = !on || runs.length === 0;
    this.make.hidden = !on || this.layer.runs === null || runs.length > 0;
    this.legend.hidden = this.detail.hidden = !on || !this.finds.look?.sources?.length;
    if (!on) return;
    this.runs(runs);
    this.sources(this.finds.look?.sources ?? []);
    this.words(current);
  }

  runs(runs) {
    if (this.listed !== runs) {
      this.listed = runs;
      this.select.replaceChildren(...runs.map((run) => element("option", { value: run }, run)));
    }
    const { run } = this.layer;
    if (run && this.select.value !== run) this.select.value = run;
  }

  sources(sources) {
    if (this.drawn !== sources) {
      this.drawn = sources;
      this.legend.replaceChildren(...sources.map((source) => this.source(source)));
    }
    for (const button of this.legend.children) button.setAttribute("aria-pressed", !this.layer.off.has(button.dataset.source));
  }

  source({ source_run, letter, colour, status, error, boxes }) {
    const told = element("span", { class: status === "failed" ? "find-failed" : "find-boxes" }, status === "done" ? String(boxes) : status);
    const flip = () => { this.layer.flip(source_run); this.app.focusCanvas(); };
    return element("button", { type: "button", "data-source": source_run, title: error ?? `Show or hide ${source_run}`, onclick: flip }, badge(letter, colour), element("span", { class: "find-source" }, source_run), told);
  }

  words(find) {
    if (this.told === find) return;
    this.told = find;
    if (!find?.votes) return setText(this.detail, "");
    const scale = { calibrated: "on the common scale", raw: "as the model says", fused: "fused" }[find.score_source] ?? "";
    const words = wordsOf(find).map(({ letter, colour, text }) => element("span", {}, badge(letter, colour), text));
    this.detail.replaceChildren(element("b", {}, `Candidate ${find.candidate_id}${scale && `, score ${scale}`}`), ...words);
  }
}
