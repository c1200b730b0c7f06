// The boxes a model was asked about, until its answer comes: they get their numbers, and people change or delete them. Pure.

// What comes back from the server may differ in the last digits of a number.
const CLOSE = 0.02;
const close = (a, b) => Math.abs(a - b) <= CLOSE;
const sameRect = (a, b) => close(a.x, b.x) && close(a.y, b.y) && close(a.w, b.w) && close(a.h, b.h);

function sameOutline(a, b) {
  if (!a?.length || !b?.length) return !a?.length && !b?.length;
  const even = (x, y) => x.length === y.length;
  return even(a, b) && a.every((ring, i) => even(ring, b[i]) && ring.every(([x, y], j) => close(x, b[i][j][0]) && close(y, b[i][j][1])));
}

export class Follow {
  names = new Map(); // key of a new box → its number
  ours = new Set(); // entries made by an assist, not by a person
  picked = new Set(); // boxes a person gave a class after they were drawn

  renamed(ids) {
    for (const [key, id] of Object.entries(ids ?? {})) {
      this.names.set(key, id);
      if (this.picked.delete(key)) this.picked.add(id);
    }
  }

  now(id) {
    return this.names.get(id) ?? id;
  }

  /** The box of an id as it is on screen, or null. */
  find(state, id) {
    const now = this.now(id);
    return state.boxes.find((box) => box.id === now) ?? null;
  }

  /** Remembers a box as it is when the model is asked. */
  mark(state, box) {
    return { image_id: state.image.image_id, id: box.id, rect: { x: box.x, y: box.y, w: box.w, h: box.h }, outline: box.polygon };
  }

  /**
   * Whether the answer may still change the box: "free", "elsewhere" (another image is open), "gone", "busy" (being
   * dragged), "locked" or "changed". Only a free box is touched.
   */
  standing(state, mark) {
    if (state.image?.image_id !== mark.image_id) return "elsewhere";
    const box = this.find(state, mark.id);
    if (!box) return "gone";
    if (state.drag?.boxes?.[box.id]) return "busy";
    if (state.locked.has(box.id)) return "locked";
    return sameRect(box, mark.rect) && sameOutline(box.polygon, mark.outline) ? "free" : "changed";
  }

  /** An entry was made: what a person says about the class of a box counts from now on. */
  made(entry) {
    if (this.ours.has(entry.client_id)) return;
    for (const edit of entry.edits) if (edit.op === "update" && edit.class_id !== undefined) this.picked.add(this.now(edit.box_id));
  }
}
