// The keys as data: what each action is called, where it holds, and its default keys. Pure.
//
// Scopes, innermost first; the innermost binding wins:
//   canvas  the canvas has the focus           object  a box is selected
//   image   nothing is selected                always  anywhere but in a field
//
// Reserved for the model assists, not bound here: S (segment), M (several points), X and X X (tighten), P (polygon),
// O (turned box), Enter (accept a mask), Y / N (accept / reject a proposal). F and G are positive and negative point in
// the scope "points", which exists only while points are being collected and so does not clash with zoom and go-to.

import { PEOPLE_ROWS } from "./people/rows.js";

const row = (id, group, label, keys, scope = "always", more = {}) => ({ id, group, label, keys, scope, ...more });

const arrows = [["left", "ArrowLeft"], ["right", "ArrowRight"], ["up", "ArrowUp"], ["down", "ArrowDown"]];
const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export const ACTIONS = [
  row("confirm", "Images", "Confirm and go to the next image", ["Space"], "always", { on: "release" }),
  row("next-image", "Images", "Next image", ["D"], "always", { repeat: true }),
  row("previous-image", "Images", "Previous image", ["A"], "always", { repeat: true }),
  row("next-image-arrow", "Images", "Next image, nothing selected", ["ArrowRight"], "image", { repeat: true }),
  row("previous-image-arrow", "Images", "Previous image, nothing selected", ["ArrowLeft"], "image", { repeat: true }),
  row("next-unreviewed", "Images", "Next image not reviewed", ["Shift+D"]),
  row("previous-unreviewed", "Images", "Previous image not reviewed", ["Shift+A"]),
  row("skip", "Images", "Skip this image and go on", ["K"]),
  row("go-to", "Images", "Go to image number …", ["G"]),

  row("draw", "Boxes", "Draw a box", ["R"]),
  row("select", "Boxes", "Select and edit", ["V"]),
  row("new-box", "Boxes", "New box in the middle, while drawing", ["Enter"], "canvas"),
  row("next-box", "Boxes", "Next box", ["Tab"], "canvas"),
  row("previous-box", "Boxes", "Previous box", ["Shift+Tab"], "canvas"),
  row("select-all", "Boxes", "Select all boxes", ["Ctrl+A"]),
  row("delete", "Boxes", "Delete the selected boxes", ["Delete", "Backspace", "W"]),
  row("delete-last", "Boxes", "Delete the newest box", ["Q"]),
  row("duplicate", "Boxes", "Duplicate the selected boxes", ["C"], "object"),
  row("copy", "Boxes", "Copy boxes", ["Ctrl+C"], "object"),
  row("paste", "Boxes", "Paste boxes at the same place", ["Ctrl+V"]),
  row("copy-previous", "Boxes", "Copy the boxes of the previous image", ["Ctrl+B"]),
  row("undo", "Boxes", "Undo", ["Ctrl+Z"]),
  row("redo", "Boxes", "Redo", ["Ctrl+Shift+Z", "Ctrl+Y"]),
  ...arrows.map(([way, key]) => row(`nudge-${way}`, "Boxes", `Move ${way} by 1 px`, [key], "object", { repeat: true, family: "Move by 1 px" })),
  ...arrows.map(([way, key]) => row(`nudge-${way}-10`, "Boxes", `Move ${way} by 10 px`, [`Shift+${key}`], "object", { repeat: true, family: "Move by 10 px" })),
  ...arrows.map(([way, key]) => row(`grow-${way}`, "Boxes", `Resize ${way} by 1 px`, [`Ctrl+${key}`], "object", { repeat: true, family: "Move the right or bottom edge by 1 px" })),
  ...arrows.map(([way, key]) => row(`grow-${way}-10`, "Boxes", `Resize ${way} by 10 px`, [`Ctrl+Shift+${key}`], "object", { repeat: true, family: "… by 10 px" })),

  ...digits.map((n) => row(`class-${n}`, "Classes", `Class on digit ${n}`, [`${n}`], "always", { family: "Class on a digit" })),
  row("find-class", "Classes", "Find or create a class", ["0", "/"]),
  row("next-class", "Classes", "Next class, nothing selected", ["ArrowDown"], "image"),
  row("previous-class", "Classes", "Previous class, nothing selected", ["ArrowUp"], "image"),
  ...digits.map((n) => row(`pin-${n}`, "Classes", `Put the current class on digit ${n}`, [`Shift+${n}`], "always", { family: "Put the current class on a digit" })),

  ...PEOPLE_ROWS,

  row("fit", "View", "Fit the image", ["E"]),
  row("zoom-selection", "View", "Zoom to the selected boxes", ["F"]),
  row("actual-size", "View", "One image pixel is one screen pixel", ["Z"]),
  row("zoom-in", "View", "Zoom in", ["+", "="], "always", { repeat: true }),
  row("zoom-out", "View", "Zoom out", ["-"], "always", { repeat: true }),
  row("hide", "View", "Hide the boxes while held", ["H"], "always", { on: "hold" }),
  row("labels", "View", "Class names on or off", ["L"]),
  row("panel", "View", "Side panel on or off", ["I"]),
  row("help", "View", "Show and change the keys", ["?"]),
  row("cancel", "View", "Cancel; then deselect; then leave the canvas", ["Escape"]),
];

const BY_ID = new Map(ACTIONS.map((action) => [action.id, action]));
export const actionOf = (id) => BY_ID.get(id);

// Keys a browser keeps for itself, or that leave the page. Ctrl stands for the command key on a Mac too.
const RESERVED = new Set([
  "Ctrl+N", "Ctrl+T", "Ctrl+W", "Ctrl+Tab", "Ctrl+Shift+Tab", "Ctrl+Shift+N", "Ctrl+Shift+T", "Ctrl+Shift+W", "Ctrl+Q", "Ctrl+Shift+Q",
  "Ctrl+L", "Ctrl+R", "Ctrl+PageUp", "Ctrl+PageDown", "Ctrl+F4", "Alt+F4", "Alt+ArrowLeft", "Alt+ArrowRight", "F5", "F6", "F11", "F12",
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((n) => [`Ctrl+${n}`, `Alt+${n}`]),
]);
export const isReserved = (key) => RESERVED.has(key);

const MODIFIERS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Dead", "Unidentified"]);

/** The names a key press may go by, best first: the character typed, then the place of the key on the board. */
export function keyNames({ key, code = "", ctrlKey, metaKey, shiftKey, altKey }) {
  if (MODIFIERS.has(key)) return [];
  const prefix = (ctrlKey || metaKey ? "Ctrl+" : "") + (altKey ? "Alt+" : "");
  const shifted = prefix + (shiftKey ? "Shift+" : "");
  if (key === " ") return [`${shifted}Space`];
  if (key.length > 1) return [shifted + key];
  const names = [];
  if (/^[a-z]$/i.test(key)) names.push(shifted + key.toUpperCase());
  else names.push(prefix + key);
  if (/^Digit[0-9]$/.test(code)) names.push(shifted + code.slice(5));
  // Cyrillic, Greek and other boards: by the place of the Latin letter.
  if (/^Key[A-Z]$/.test(code) && !/^[\x20-\x7e]$/.test(key)) names.push(shifted + code.slice(3));
  return [...new Set(names)];
}

/** action id → keys, with a person's own keys over the defaults. */
export function effectiveKeymap(own = {}) {
  return Object.fromEntries(ACTIONS.map(({ id, keys }) => [id, own[id] ?? keys]));
}

const DEPTH = ["canvas", "object", "image", "always"];

/** The action a key press stands for in the scopes that hold now, or null. */
export function resolve(keymap, names, scopes) {
  for (const scope of DEPTH.filter((s) => scopes.has(s))) {
    for (const name of names) {
      const found = ACTIONS.find((action) => action.scope === scope && keymap[action.id].includes(name));
      if (found) return found;
    }
  }
  return null;
}

// Two scopes that may hold at the same moment; object and image never do.
const meet = (a, b) => a === b || !(new Set([a, b]).has("object") && new Set([a, b]).has("image"));

/**
 * What would be wrong with giving `key` to an action: {reserved, clashes, shadows}.
 * A clash is the same key in the same scope; a shadow the same key in another scope that can hold at the same time, of
 * which the inner one wins.
 */
export function checkKey(keymap, id, key) {
  const action = actionOf(id);
  const others = ACTIONS.filter((other) => other.id !== id && keymap[other.id].includes(key));
  return {
    reserved: isReserved(key),
    clashes: others.filter((other) => other.scope === action.scope).map((other) => other.id),
    shadows: others.filter((other) => other.scope !== action.scope && meet(other.scope, action.scope)).map((other) => other.id),
  };
}

/** All clashes and reserved keys of a keymap: what the help overlay warns of. */
export function problems(keymap) {
  return ACTIONS.flatMap(({ id }) => keymap[id].map((key) => ({ id, key, ...checkKey(keymap, id, key) })))
    .filter(({ reserved, clashes }) => reserved || clashes.length > 0);
}

/** A person's keys with one action changed; the default keys are not stored. */
export function rebind(own, id, keys) {
  const next = { ...own, [id]: keys };
  if (JSON.stringify(keys) === JSON.stringify(actionOf(id).keys)) delete next[id];
  return next;
}
