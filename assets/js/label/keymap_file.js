// A key map as a JSON file: every action with its keys, so that a person can read and change it by hand. Pure.
import { ACTIONS, actionOf, effectiveKeymap, isReserved, rebind } from "./keymap.js";
import { PROFILES } from "./key_profiles.js";

const FORMAT = "tator-keys";

/** The text of the file. */
export function keymapFile(own, profile) {
  return `${JSON.stringify({ format: FORMAT, version: 1, profile, keys: effectiveKeymap(own, profile) }, null, 2)}\n`;
}

const NAME = /^(Ctrl\+)?(Alt\+)?(Shift\+)?([^\s+]+|\+)$/;
/** A key as this file writes it: "X", "Ctrl+Shift+Z", and "X X" for a double tap. */
const isKey = (key) => typeof key === "string" && key.length <= 60 && key.split(" ").length <= 2 && key.split(" ").every((part) => NAME.test(part));

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${error.message}`);
  }
}

/**
 * {profile, own, notes}: the keys of a file as changes of its profile, and what of it could not be taken. Throws when the
 * file is not a key map at all.
 */
export function readKeymapFile(text) {
  const file = parsed(text);
  if (file?.format !== FORMAT || typeof file.keys !== "object" || file.keys === null) throw new Error("This file is not a key map of Tator: it was exported by something else.");
  if (file.version !== 1) throw new Error(`This key map has version ${file.version}, known is version 1: export it again with the same Tator.`);
  const profile = PROFILES.some(({ id }) => id === file.profile) ? file.profile : PROFILES[0].id;
  const notes = profile === file.profile ? [] : [`profile “${file.profile}” is not known`];
  let own = {};
  for (const [id, keys] of Object.entries(file.keys)) {
    const fault = faultOf(id, keys);
    if (fault) notes.push(fault);
    else own = rebind(own, id, keys, profile);
  }
  const left = ACTIONS.filter(({ id }) => !(id in file.keys)).length;
  if (left) notes.push(`${left} actions are not in the file and keep the keys of the profile`);
  return { profile, own, notes };
}

function faultOf(id, keys) {
  if (!actionOf(id)) return `action “${id}” is not known`;
  if (!Array.isArray(keys) || !keys.every(isKey)) return `the keys of “${actionOf(id).label}” cannot be read`;
  const reserved = keys.find(isReserved);
  return reserved ? `${reserved} of “${actionOf(id).label}” belongs to the browser` : null;
}
