// Two people, one image: what becomes of edits that the server would not take because it has moved on. Pure.
import { applyEdits, FIELDS, withoutEntries } from "./edits.js";

const part = (box, field) => JSON.stringify(box[field] ?? null);

/** Both versions say the same about everything a person can change. */
export function sameBox(a, b) {
  if (!a || !b) return !a && !b;
  return FIELDS.every((field) => part(a, field) === part(b, field));
}

const touches = (edit) => edit.op === "update" || edit.op === "delete";

/** The boxes as they were when the first unacknowledged edit met them. */
function firstSeen(entries) {
  const seen = new Map();
  for (const { edits, before } of entries) {
    for (const edit of edits ?? []) {
      if (touches(edit) && typeof edit.box_id === "number" && !seen.has(edit.box_id)) {
        seen.set(edit.box_id, before?.[edit.box_id] ?? null);
      }
    }
  }
  return seen;
}

function mineAfter(entries, id, before) {
  const edits = entries.flatMap((entry) => entry.edits ?? []).filter((e) => touches(e) && e.box_id === id);
  return applyEdits({ boxes: [{ ...before, id }], state: null }, edits).boxes[0] ?? null;
}

/**
 * Lays unacknowledged entries over the boxes that the server has now.
 * Edits to boxes nobody else touched are kept, with the new base revision; where both sides changed a box, the edit is
 * taken out and both versions come back as a clash {box_id, mine, theirs}, null standing for "deleted".
 * @param entries entries of one image, in order
 * @param boxes boxes of the server's answer, with ids
 * @param suspects box ids the server named as clashing, or null when it did not say
 */
export function reconcile(entries, boxes, revision, suspects = null) {
  const theirs = new Map(boxes.map((box) => [box.id, box]));
  const clashes = [];
  const settled = new Set();
  for (const [id, before] of firstSeen(entries)) {
    const now = theirs.get(id) ?? null;
    if (sameBox(before, now) && !suspects?.has(id)) continue;
    settled.add(id);
    const mine = mineAfter(entries, id, before ?? now);
    if (!sameBox(mine, now)) clashes.push({ box_id: id, mine, theirs: now });
  }
  const gone = new Set();
  const kept = entries.map((entry) => {
    if (entry.kind !== "edits") return { ...entry, base_revision: revision };
    const edits = entry.edits.filter((edit) => !(touches(edit) && settled.has(edit.box_id)));
    if (edits.length === 0) gone.add(entry.client_id);
    return { ...entry, edits, base_revision: revision };
  });
  return { entries: withoutEntries(kept, gone), clashes };
}

/** Entries that rest on one that was refused: they edit a box which it would have made. */
export function dependants(entries, keys) {
  const made = new Set(keys);
  return entries.filter((entry) => (entry.edits ?? []).some((edit) => touches(edit) && made.has(edit.box_id)));
}

/** The edits that put my version of a box over theirs. */
export function keepMine({ box_id, mine, theirs }, key) {
  if (!mine) return theirs ? [{ op: "delete", box_id }] : [];
  const fields = Object.fromEntries(FIELDS.filter((f) => mine[f] !== undefined && mine[f] !== null).map((f) => [f, mine[f]]));
  return theirs ? [{ op: "update", box_id, ...fields }] : [{ op: "add", key, ...fields }];
}
