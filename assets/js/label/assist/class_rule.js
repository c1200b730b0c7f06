// When a suggested class is filled in, offered, or dropped. Pure.
//
// A person's choice always wins. A suggestion is filled in only on a box that was just made, whose class nobody has chosen
// since, and when the model is at least as sure as the setting asks; everything else is an offer beside the box. What a head
// takes for background, or nearly so, is never filled in.

export const DEFAULT_THRESHOLD = 0.5;

/**
 * @param about {fresh: made just now by this person, picked: a class was chosen for this box after it was made,
 *   before: class when asked, now: class when answered}
 * @returns "fill" | "offer" | "agrees" | "drop"
 */
export function decide({ fresh, picked, before, now }, suggestion, threshold = DEFAULT_THRESHOLD) {
  if (suggestion.class_id === now) return "agrees";
  if (before !== now) return "drop";
  if (fresh && !picked && suggestion.probability >= threshold && passed(suggestion)) return "fill";
  return "offer";
}

const passed = ({ guard }) => guard === undefined || guard === "passed";

const DOES = { fill: "set", offer: "suggests", agrees: "agrees:" };

/** Who says so, and whether it looks like anything at all: the words of the chip. */
export function leadOf(outcome, { method, guard }) {
  const who = `Auto class (${method === "head" ? "head" : "look-alikes"})`;
  if (guard === "refused") return `${who} sees background; if anything:`;
  return `${who} ${DOES[outcome]}${guard === "flagged" ? ", near background:" : ""}`;
}

/** Edits that make a box worth a look at its class: new, moved or resized by a person, not pasted or undone. */
const LOOKED_AT = new Set(["drag-end", "add", "rect", "keys"]);

/** Boxes of an entry to classify: [{id, fresh}]. */
export function toClassify(entry, command) {
  if (entry.kind !== "edits" || !LOOKED_AT.has(command.type)) return [];
  return entry.edits.flatMap((edit) => {
    if (edit.op === "add") return [{ id: edit.key, fresh: true }];
    return edit.op === "update" && edit.x !== undefined ? [{ id: edit.box_id, fresh: false }] : [];
  });
}

export const percent = (probability) => `${Math.round(probability * 100)} %`;
