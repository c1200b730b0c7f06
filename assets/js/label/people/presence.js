// Who else has this image in front of them, and fetching it anew when somebody else has changed it.
import { uuid } from "../api.js";
import { element } from "../element.js";

const ALONE_MS = 1500;
const TOGETHER_MS = 1000;
const SHOWN = 3;

/** Whether the image on screen is older than the server's, and may be replaced without hurting what is being done. */
export function isStale({ revision, known, drag, pending }) {
  return revision !== null && revision > known && !drag && pending === 0;
}

const initials = (name) => name.split(/\s+/).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");

export class Presence {
  /** @param parts {app, api, refetch(image_id), place: element, package: number or null} */
  constructor(parts) {
    Object.assign(this, parts);
    this.page = uuid();
    this.others = [];
    this.image = null;
    this.timer = 0;
    this.turn = 0;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.leave() : this.beat()));
    window.addEventListener("pagehide", () => this.leave());
  }

  /** Called once a frame: another image is told at once. */
  frame({ image }) {
    const id = image?.image_id ?? null;
    if (id === this.image) return;
    this.image = id;
    this.show([]);
    this.beat();
  }

  leave() {
    clearTimeout(this.timer);
    if (this.image !== null) this.api.leave(this.image, this.page);
    this.show([]);
  }

  async beat() {
    clearTimeout(this.timer);
    const { image } = this;
    if (image === null || document.hidden) return;
    const turn = ++this.turn;
    const heard = await this.api.beat(image, { page: this.page, package: this.package }).catch(() => null);
    if (turn !== this.turn || image !== this.image || document.hidden) return;
    if (heard) {
      this.show(heard.others);
      this.lookAgain(image, heard.revision);
    }
    this.timer = setTimeout(() => this.beat(), this.others.length ? TOGETHER_MS : ALONE_MS);
  }

  lookAgain(image, revision) {
    const { app } = this;
    if (!app.isOpen(image)) return;
    const pending = app.sync.pendingFor(image).length;
    if (isStale({ revision, known: app.record.revision, drag: app.state.drag, pending })) this.refetch(image);
  }

  show(others) {
    if (others.join("\n") === this.others.join("\n") && this.place.childElementCount === Math.min(others.length, SHOWN + 1)) return;
    const came = others.filter((name) => !this.others.includes(name));
    this.others = others;
    const shown = others.slice(0, SHOWN).map((name) => element("span", { class: "lab-other", title: `${name} has this image open too` }, initials(name)));
    const more = others.length > SHOWN ? [element("span", { class: "lab-other", title: others.slice(SHOWN).join(", ") }, `+${others.length - SHOWN}`)] : [];
    this.place.replaceChildren(...shown, ...more);
    this.place.setAttribute("aria-label", others.length ? `Also here: ${others.join(", ")}` : "Nobody else is here");
    if (came.length) this.app.say(`${came.join(", ")} ${came.length === 1 ? "is" : "are"} here too`);
  }
}
