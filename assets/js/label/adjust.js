// How the picture is shown: brightness, contrast, gamma. A filter over the canvas; pixels and files stay as they are.
import { byId, setText } from "./element.js";

const SVG = "http://www.w3.org/2000/svg";
const PLAIN = { brightness: 100, contrast: 100, gamma: 100 };
const NAMES = Object.keys(PLAIN);

/** The CSS filter for these settings in percent; empty when nothing is changed. */
export function filterOf({ brightness, contrast, gamma }) {
  const parts = [
    gamma !== 100 && "url(#lab-gamma-filter)", brightness !== 100 && `brightness(${brightness}%)`, contrast !== 100 && `contrast(${contrast}%)`,
  ];
  return parts.filter(Boolean).join(" ");
}

/** An SVG filter for the gamma curve, which CSS has none for; gives its three channels. */
function gammaFilter() {
  const make = (tag, attributes) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const channels = ["R", "G", "B"].map((channel) => make(`feFunc${channel}`, { type: "gamma", exponent: "1" }));
  const transfer = make("feComponentTransfer", {});
  transfer.append(...channels);
  const filter = make("filter", { id: "lab-gamma-filter", "color-interpolation-filters": "sRGB", x: "0", y: "0", width: "1", height: "1" });
  filter.append(transfer);
  const svg = make("svg", { width: "0", height: "0", "aria-hidden": "true", class: "lab-hidden" });
  svg.append(filter);
  byId("lab-stage").append(svg);
  return channels;
}

export class Adjust {
  constructor(app) {
    this.app = app;
    this.box = byId("lab-adjust");
    this.canvas = byId("lab-image");
    this.now = { ...PLAIN };
    this.channels = gammaFilter();
    for (const name of NAMES) byId(`lab-${name}`).addEventListener("input", (event) => this.set({ [name]: event.target.valueAsNumber }));
    byId("lab-adjust-reset").addEventListener("click", () => this.reset());
    byId("lab-adjust-close").addEventListener("click", () => this.close());
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    this.set({});
  }

  set(change) {
    this.now = { ...this.now, ...change };
    for (const channel of this.channels) channel.setAttribute("exponent", (100 / this.now.gamma).toFixed(3));
    this.canvas.style.filter = filterOf(this.now);
    for (const name of NAMES) {
      byId(`lab-${name}`).value = this.now[name];
      setText(byId(`lab-${name}-now`), name === "gamma" ? (this.now.gamma / 100).toFixed(2) : `${this.now[name]} %`);
    }
    byId("lab-stage").toggleAttribute("data-adjusted", filterOf(this.now) !== "");
  }

  reset() {
    this.set(PLAIN);
    this.app.say("The picture is shown as it is");
  }

  toggle() {
    if (!this.box.hidden) return this.close();
    this.box.hidden = false;
    byId("lab-brightness").focus();
  }

  close() {
    this.box.hidden = true;
    this.app.focusCanvas();
  }
}
