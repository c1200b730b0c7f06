// Which action a key press stands for, and what is wrong with a binding. Pure.
import { ACTIONS, SCOPES } from "./action_list.js";
import { keysOf } from "./key_profiles.js";

export { ACTIONS };

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

/** action id → keys: a person's own over those of the profile. */
export function effectiveKeymap(own = {}, profile = "tator") {
  return Object.fromEntries(ACTIONS.map((action) => [action.id, own[action.id] ?? keysOf(profile, action)]));
}

/** A key pressed a second time within this many milliseconds is a double tap. */
export const DOUBLE_TAP_MS = 260;

/** The names of a press that follows `last` ({names, time}): those of a double tap first. */
export function withDoubleTap(names, last, time) {
  const again = last && time - last.time <= DOUBLE_TAP_MS ? names.filter((name) => last.names.includes(name)) : [];
  return [...again.map((name) => `${name} ${name}`), ...names];
}

/** The action a key press stands for in the scopes that hold now, or null. */
export function resolve(keymap, names, scopes) {
  for (const scope of SCOPES.filter((s) => scopes.has(s))) {
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

/** A person's keys with one action changed; the keys of the profile are not stored. */
export function rebind(own, id, keys, profile = "tator") {
  const next = { ...own, [id]: keys };
  if (JSON.stringify(keys) === JSON.stringify(keysOf(profile, actionOf(id)))) delete next[id];
  return next;
}
