// Key presses to actions. Off while a person types; buttons, lists and dialogs keep the keys that are theirs.
import { effectiveKeymap, keyNames, resolve, withDoubleTap } from "./keymap.js";
import { heldVertex } from "./reshapes.js";
import { heldScopes } from "./registry.js";

const QUICK_MS = 600; // a longer hold of Space was for moving the view
const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=range]), textarea, select, [contenteditable]";
const OWN = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Enter", " ", "Tab"]);

export class Keys {
  /** @param parts {app, actions, pointer, canvas, preferences} */
  constructor(parts) {
    Object.assign(this, parts);
    this.reload();
    this.held = new Map(); // code of a key → {action, since}
    // Before the keys of the shell: what the labeller takes, the shell does not get.
    window.addEventListener("keydown", (event) => this.down(event), true);
    window.addEventListener("keyup", (event) => this.up(event));
    window.addEventListener("blur", () => this.letGo());
  }

  reload() {
    this.keymap = effectiveKeymap(this.preferences.keys(), this.preferences.profile());
  }

  scopes() {
    const { state } = this.app;
    const scopes = new Set(["always", ...heldScopes(this.app)]);
    if (state.path) scopes.add("path");
    else scopes.add(state.selection.length ? "object" : "image");
    if (document.activeElement !== this.canvas) return scopes;
    if (heldVertex(state)) scopes.add("vertex");
    return scopes.add("canvas");
  }

  /** The focus is somewhere that wants this key itself. */
  belongsElsewhere(event) {
    const { target, key } = event;
    if (event.isComposing || target.closest?.("dialog, [data-keys=all]")) return true;
    if (target.matches?.(TYPING)) {
      if (key === "Escape") {
        this.app.gaveUp = performance.now();
        this.canvas.focus();
      }
      return true;
    }
    if (target.closest?.("[data-keys=own]") && OWN.has(key) && !event.ctrlKey && !event.metaKey) return true;
    return (key === " " || key === "Enter") && target.matches?.("button, a[href], summary, input");
  }

  down(event) {
    if (event.defaultPrevented || this.belongsElsewhere(event)) return;
    const action = resolve(this.keymap, this.namesOf(event), this.scopes());
    if (event.code === "Space" && !event.repeat) this.pointer.space(true);
    if (!action) return;
    if (action.id === "next-box" || action.id === "previous-box") if (this.app.state.boxes.length === 0) return;
    event.preventDefault();
    if (this.pointer.press?.moved && action.id !== "cancel") return; // not while something is being dragged
    if (action.on) return this.hold(event, action);
    if (event.repeat && !action.repeat) return;
    this.held.set(event.code, { action, since: event.timeStamp });
    this.actions[action.id]();
  }

  /** The names of this press; a key hit twice in quick succession has names of its own. */
  namesOf(event) {
    const names = keyNames(event);
    const all = event.repeat ? names : withDoubleTap(names, this.tapped, event.timeStamp);
    if (names.length && !event.repeat) this.tapped = all.length > names.length ? null : { names, time: event.timeStamp };
    return all;
  }

  hold(event, action) {
    if (event.repeat || this.held.has(event.code)) return;
    this.held.set(event.code, { action, since: event.timeStamp });
    if (action.on === "hold") this.actions[action.id](true);
  }

  up(event) {
    const panned = event.code === "Space" ? this.pointer.space(false) : false;
    const held = this.held.get(event.code);
    this.held.delete(event.code);
    if (this.app.state.drag?.kind === "keys" && ![...this.held.values()].some(({ action }) => action.repeat)) this.app.finishKeys();
    if (!held) return;
    if (held.action.on === "hold") this.actions[held.action.id](false);
    if (held.action.on === "release" && !panned && event.timeStamp - held.since < QUICK_MS) this.actions[held.action.id]();
  }

  /** The window lost the focus: nothing is held any more. */
  letGo() {
    for (const { action } of this.held.values()) if (action.on === "hold") this.actions[action.id](false);
    this.held.clear();
    this.pointer.space(false);
    this.app.finishKeys();
  }
}
