// What a person has set aside while working: locked boxes cannot be hit or changed, veiled ones are not drawn. Both are
// marks of this visit, not edits. Pure.

/** The boxes of a selection that may be changed. */
export const unlocked = (state, boxes) => (state.locked.size ? boxes.filter((box) => !state.locked.has(box.id)) : boxes);

/** The boxes that are drawn. */
export const unveiled = (state, boxes) => (state.veiled.size ? boxes.filter((box) => !state.veiled.has(box.id)) : boxes);

function marked(set, ids, on) {
  const next = new Set(set);
  for (const id of ids) on ? next.add(id) : next.delete(id);
  return next;
}

/** Without `on`: off when all of them have the mark, else on. */
const wanted = (set, ids, on) => on ?? !ids.every((id) => set.has(id));

export const marks = {
  lock: (state, { ids, on }) =>
    ids.length ? { ...state, drag: null, vertex: null, locked: marked(state.locked, ids, wanted(state.locked, ids, on)) } : state,
  /** Hides single boxes; a hidden box is no longer selected. */
  veil(state, { ids, on }) {
    if (ids.length === 0) return state;
    const veiled = marked(state.veiled, ids, wanted(state.veiled, ids, on));
    return { ...state, drag: null, vertex: null, veiled, selection: state.selection.filter((id) => !veiled.has(id)) };
  },
  /** Only the selected boxes are drawn; again: all of them. */
  "veil-others"(state) {
    const chosen = new Set(state.selection);
    const others = state.boxes.filter((box) => !chosen.has(box.id)).map((box) => box.id);
    return chosen.size ? marks.veil({ ...state, selection: state.selection }, { ids: others }) : state;
  },
  "unveil-all": (state) => ({ ...state, veiled: marked(state.veiled, state.boxes.map((box) => box.id), false) }),
};

/** Marks of boxes that the server has numbered go over to the number. */
export const renameMarks = (set, ids) => {
  const gone = Object.keys(ids).filter((key) => set.has(key));
  return gone.length ? new Set([...set].map((id) => ids[id] ?? id)) : set;
};
