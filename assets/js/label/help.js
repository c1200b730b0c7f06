// The live key bindings, and changing them. What is shown is what is in force, never a list written by hand.
import { byId, element } from "./element.js";
import { HelpFiles } from "./help_files.js";
import { ACTIONS, actionOf, checkKey, isReserved, keyNames, problems, rebind } from "./keymap.js";

const SHOWN_AS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Delete: "Del" };
const SCOPE_NOTE = { points: "points placed", path: "outline under way", vertex: "corner held", canvas: "canvas focused", object: "box selected", image: "nothing selected" };

/** A key as people read it: "Ctrl+Shift+ArrowLeft" → ["Ctrl", "Shift", "←"]. */
export const keyParts = (key) => (key === "+" ? ["+"] : key.replace(/\+\+$/, "+Plus").split("+").map((part) => SHOWN_AS[part] ?? part));

const kbds = (key) => element("span", { class: "lab-keys" }, ...key.split(" ").flatMap(keyParts).map((part) => element("kbd", {}, part)));

const MOUSE = [
  ["Drag on the picture", "draw a box"], ["Shift + drag", "draw, even on a selected box"], ["Click", "select the smallest box there"],
  ["Alt + click", "next box underneath"], ["Shift + click", "add to the selection"], ["Drag an outline", "move that box"],
  ["Drag the selected box", "move; its edges and corners resize"], ["Double click", "zoom to the box; on a corner of an outline: delete it"],
  ["Drag a corner or side of an outline", "bend it; a side gets a new corner"], ["Drag the round handle", "turn; with Shift in steps of 15°"],
  ["Two fingers", "move and zoom"], ["Resting finger", "next box underneath"], ["Wheel, pinch", "zoom at the pointer"], ["Space + drag, middle or right drag", "move the picture"],
];

export class Help {
  constructor(app, keys, preferences) {
    Object.assign(this, { app, keys, preferences });
    this.dialog = byId("lab-help");
    this.body = byId("lab-help-body");
    this.message = byId("lab-help-message");
    byId("lab-help-close").addEventListener("click", () => this.dialog.close());
    byId("lab-help-reset").addEventListener("click", () => this.store({}));
    this.files = new HelpFiles(this);
    this.dialog.addEventListener("close", () => { this.waiting = null; app.focusCanvas(); });
    this.dialog.addEventListener("keydown", (event) => this.key(event));
  }

  open() {
    this.waiting = null;
    this.spread = new Set();
    this.say("");
    this.show();
    this.dialog.showModal();
  }

  say(text, ...buttons) {
    this.message.replaceChildren(text, ...buttons);
  }

  show() {
    const groups = [...new Set(ACTIONS.map((action) => action.group))];
    const troubled = new Set(problems(this.keys.keymap).map(({ id }) => id));
    this.files.show();
    this.body.replaceChildren(...groups.map((group) => this.group(group, troubled)), this.mouse());
  }

  group(group, troubled) {
    const rows = [];
    for (const action of ACTIONS.filter((each) => each.group === group)) {
      const { family } = action;
      if (!family || this.spread.has(family) || this.changed(family)) rows.push(this.row(action, troubled.has(action.id)));
      else if (family !== rows.at(-1)?.dataset.family) rows.push(this.familyRow(family));
    }
    return element("section", {}, element("h3", {}, group), element("dl", {}, ...rows));
  }

  changed(family) {
    const own = this.preferences.keys();
    return ACTIONS.some((action) => action.family === family && own[action.id]);
  }

  /** Actions that differ by a digit or a direction, in one line until somebody wants to change one of them. */
  familyRow(family) {
    const members = ACTIONS.filter((action) => action.family === family);
    const [first, last] = [members[0], members.at(-1)].map(({ id }) => kbds(this.keys.keymap[id][0]));
    const keys = members.length === 4 ? kbds(this.keys.keymap[members[0].id][0].replace(/ArrowLeft$/, "arrows")) : element("span", { class: "lab-keys" }, first, " … ", last);
    const spread = () => {
      this.spread.add(family);
      this.show();
    };
    const button = element("button", { type: "button", class: "lab-change", onclick: spread }, element("span", { class: "lab-hidden" }, `${family}, show one by one: `), keys);
    const note = members[0].scope === "object" ? element("small", {}, ` ${SCOPE_NOTE.object}`) : null;
    return element("div", { "data-family": family }, element("dt", {}, family, note), element("dd", {}, button));
  }

  mouse() {
    const rows = MOUSE.map(([what, does]) => element("div", {}, element("dt", {}, what), element("dd", {}, does)));
    return element("section", { class: "lab-help-mouse" }, element("h3", {}, "Pointer"), element("dl", {}, ...rows));
  }

  row({ id, label, scope }, troubled) {
    const keys = this.keys.keymap[id].map(kbds);
    const note = SCOPE_NOTE[scope] && !label.includes("nothing selected") ? element("small", {}, ` ${SCOPE_NOTE[scope]}`) : null;
    const waiting = this.waiting === id;
    const change = element("button", { type: "button", class: "lab-change", "data-action": id, onclick: () => this.wait(id) },
      element("span", { class: "lab-hidden" }, `Change the keys of ${label}: `), ...(waiting ? ["press a key…"] : keys.length ? keys : ["none"]));
    return element("div", { class: troubled ? "lab-troubled" : null }, element("dt", {}, label, note), element("dd", {}, change));
  }

  wait(id) {
    this.waiting = id;
    this.say(`Press the new key for “${actionOf(id).label}”. Esc keeps the old one, Backspace leaves it without a key.`);
    this.show();
    this.body.querySelector(`[data-action="${id}"]`)?.focus();
  }

  key(event) {
    const id = this.waiting;
    if (!id) return;
    const [name] = keyNames(event);
    if (!name) return;
    event.preventDefault();
    event.stopPropagation();
    if (name === "Escape") return this.done("");
    if (name === "Backspace") return this.store(this.rebound(id, []));
    if (isReserved(name)) return this.say(`${keyParts(name).join("+")} belongs to the browser; a page cannot have it. Press another key.`);
    this.offer(id, actionOf(id).double ? `${name} ${name}` : name);
  }

  rebound(id, keys, own = this.preferences.keys()) {
    return rebind(own, id, keys, this.preferences.profile());
  }

  /** Takes the key, or asks first when it is in use. */
  offer(id, name) {
    const { clashes, shadows } = checkKey(this.keys.keymap, id, name);
    if (clashes.length === 0) return this.take(id, name, shadows);
    const names = clashes.map((other) => `“${actionOf(other).label}”`).join(", ");
    this.say(`${keyParts(name).join("+")} is ${names}. `, element("button", { type: "button", onclick: () => this.take(id, name, shadows, clashes) }, "Take it over"));
  }

  take(id, name, shadows, clashes = []) {
    let own = this.rebound(id, [name]);
    for (const other of clashes) own = this.rebound(other, this.keys.keymap[other].filter((key) => key !== name), own);
    const inner = shadows.map((other) => `“${actionOf(other).label}” (${SCOPE_NOTE[actionOf(other).scope] ?? "elsewhere"})`).join(", ");
    this.store(own, inner ? `Also used for ${inner}; the more special one wins.` : "");
  }

  /** These keys hold from now on. */
  store(own, note = "") {
    this.preferences.setKeys(own);
    this.keys.reload();
    this.app.changed();
    this.done(note);
  }

  done(note) {
    this.waiting = null;
    this.say(note);
    this.show();
  }
}
