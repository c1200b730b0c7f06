// The settings at the foot of the list of tasks: automatic class, what is prepared, which segmenter.
import { element, setText } from "../element.js";

export class TaskSettings {
  /** @param parts {desk, autoClass} */
  constructor(parts) {
    Object.assign(this, parts);
    const { settings, app } = this.desk;
    this.threshold = element("input", { type: "number", min: 0, max: 1, step: 0.05, value: settings.get("threshold"), onchange: () => this.setThreshold() });
    this.auto = element("input", { type: "checkbox", onchange: () => this.autoClass.toggle() });
    this.preload = element("input", { type: "checkbox", onchange: () => this.change({ preload: this.preload.checked }) });
    this.model = element("select", { "aria-label": "Segmenter", onchange: () => this.change({ segmenter: this.model.value }) });
    this.notice = element("p", { class: "assist-notice", hidden: true });
    this.node = element("div", { class: "assist-settings" }, this.notice,
      element("label", {}, this.auto, " Auto class"), element("label", {}, "fills from ", this.threshold),
      element("label", {}, this.preload, " Prepare next images"), this.model,
      element("a", { href: `${app.config.base}/models` }, "Models"));
  }

  setThreshold() {
    const value = Math.min(1, Math.max(0, this.threshold.valueAsNumber));
    if (Number.isFinite(value)) this.desk.settings.set("threshold", value);
    this.threshold.value = this.desk.settings.get("threshold");
  }

  async change(wish) {
    try {
      this.desk.status = { ...this.desk.status, ...(await this.desk.client.change(wish)) };
    } catch (error) {
      this.desk.complain(error, "change the models' settings");
    }
    this.shown = null;
    this.desk.changed();
  }

  frame() {
    const { status } = this.desk;
    if (this.auto.checked !== this.autoClass.on) this.auto.checked = this.autoClass.on;
    if (this.shown === status) return;
    this.shown = status;
    setText(this.notice, status?.notice ?? "");
    this.notice.hidden = !status?.notice;
    this.preload.checked = status?.settings?.preload ?? false;
    this.preload.disabled = !status;
    this.models(status);
  }

  models(status) {
    const usable = (status?.models ?? []).filter(({ task, problem }) => task === "segment" && !problem);
    this.model.hidden = usable.length < 2;
    const names = usable.map(({ name }) => name).join();
    if (names !== this.names) this.model.replaceChildren(...usable.map(({ name }) => element("option", { value: name }, name)));
    this.names = names;
    this.model.value = status?.segmenter ?? "";
  }
}
