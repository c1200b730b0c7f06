// What an edit does to the boxes of an image. Pure.
// An entry is what the queue holds and the server gets: {client_id, image_id, kind, base_revision, edits, before}.
// kind is "edits", "undo" or "redo"; before maps the id of each touched box to the box as it was.
// A box has `id`: its box_id, or the key it was made with until the server has numbered it.

/** Fields of a box that an edit may set. */
export const FIELDS = ["class_id", "x", "y", "w", "h", "polygon", "angle", "state"];

export const withId = (box) => ({ ...box, id: box.box_id });

/** {boxes, state} after one batch of edits; unknown boxes are passed over. */
export function applyEdits(content, edits) {
  const boxes = new Map(content.boxes.map((box) => [box.id, box]));
  let state = content.state;
  for (const edit of edits) {
    if (edit.op === "state") state = edit.value;
    else if (edit.op === "add") boxes.set(edit.key, addedBox(edit));
    else if (edit.op === "delete") boxes.delete(edit.box_id);
    else if (boxes.has(edit.box_id)) boxes.set(edit.box_id, { ...boxes.get(edit.box_id), ...fieldsOf(edit) });
  }
  return { boxes: [...boxes.values()], state };
}

function addedBox(edit) {
  return { id: edit.key, box_id: null, origin: edit.origin ?? "human", state: "trusted", ...fieldsOf(edit) };
}

export const fieldsOf = (edit) => Object.fromEntries(FIELDS.filter((f) => f in edit).map((f) => [f, edit[f]]));

/** The entries that count once undo and redo entries among them have cancelled their neighbours. */
export function effectiveEntries(entries) {
  const done = [];
  const undone = [];
  for (const entry of entries) {
    if (entry.kind === "undo") { if (done.length) undone.push(done.pop()); }
    else if (entry.kind === "redo") { if (undone.length) done.push(undone.pop()); }
    else { done.push(entry); undone.length = 0; }
  }
  return done;
}

/** What the page shows: what the server said last, and on top of it what it has not yet acknowledged. */
export function project(server, entries) {
  const edits = effectiveEntries(entries).flatMap((entry) => entry.edits);
  return edits.length ? applyEdits(server, edits) : server;
}

/** Boxes that a batch touches, as they are now: what a conflict is later measured against. */
export function beforeOf(boxes, edits) {
  const touched = new Set(edits.filter((e) => "box_id" in e).map((e) => e.box_id));
  return Object.fromEntries(boxes.filter((box) => touched.has(box.id)).map((box) => [box.id, box]));
}

/** Entries with the keys of boxes replaced by the numbers that the server gave them. */
export function renameBoxes(entries, ids) {
  if (!ids || Object.keys(ids).length === 0) return entries;
  const name = (id) => ids[id] ?? id;
  return entries.map((entry) => ({
    ...entry,
    edits: entry.edits.map((edit) => ("box_id" in edit ? { ...edit, box_id: name(edit.box_id) } : edit)),
    before: Object.fromEntries(Object.entries(entry.before ?? {}).map(([id, box]) => [name(id), box])),
  }));
}

/** Entries without those in `gone`, and without the undo and redo entries that would have met them. */
export function withoutEntries(entries, gone) {
  const done = [];
  const undone = [];
  return entries.filter((entry) => {
    if (entry.kind === "undo" || entry.kind === "redo") {
      const [from, to] = entry.kind === "undo" ? [done, undone] : [undone, done];
      const partner = from.pop();
      if (partner) to.push(partner);
      return !(partner && gone.has(partner.client_id));
    }
    done.push(entry);
    undone.length = 0;
    return !gone.has(entry.client_id);
  });
}

/** Keys of boxes that these edits would make. */
export const keysMade = (edits) => edits.filter((e) => e.op === "add").map((e) => e.key);
