// The labeller without a browser: (state, command) → state. Pure; everything else only shows this or feeds it.
import { boxById, makeEdits, rectEdit, selectedBoxes, show } from "./batches.js";
import { drags } from "./drags.js";
import { project } from "./edits.js";
import { carryPolygon, moveRect, sameRect } from "./geometry.js";
import { marks, renameMarks, unlocked, unveiled } from "./marks.js";
import { paths } from "./paths.js";
import { reshapes } from "./reshapes.js";
import { views } from "./views.js";

export function initialState() {
  return {
    image: null,
    revision: 0,
    server: { boxes: [], state: "unlabelled" }, // as last answered
    pending: [], // entries of this image that the server has not acknowledged
    boxes: [], // what is shown: server + pending
    imageState: "unlabelled",
    canUndo: false,
    canRedo: false,
    selection: [],
    recent: [], // boxes made on this image since it was opened, oldest first
    classId: null,
    tool: "select",
    drag: null,
    path: null, // an outline that is being drawn
    vertex: null, // the corner of an outline that keys work on
    locked: new Set(), // ids of boxes that cannot be hit or changed
    veiled: new Set(), // ids of boxes that are not drawn
    view: { scale: 1, tx: 0, ty: 0 },
    fitted: true,
    screen: { width: 1, height: 1 },
    hidden: false,
    labels: true,
    made: null, // the entry that the last command made, for the queue
  };
}

/** The next state. `command.id` is a UUID made by the caller: the identity of an edit, should the command make one. */
export function reduce(state, command) {
  const handler = commands[command.type];
  if (!handler) throw new Error(`unknown command ${command.type}`);
  return handler({ ...state, made: null }, command);
}

function addBoxes(state, id, drafts) {
  const adds = drafts.map((draft, i) => ({ op: "add", key: `${id}.${i}`, ...draft }));
  const keys = adds.map((edit) => edit.key);
  const next = makeEdits(state, id, adds);
  return keys.length ? { ...next, selection: keys, recent: [...next.recent, ...keys] } : next;
}

const copyOf = ({ class_id, x, y, w, h, polygon, angle, state }) =>
  Object.fromEntries(Object.entries({ class_id, x, y, w, h, polygon, angle, state }).filter(([, v]) => v !== undefined && v !== null));

function remove(state, id, ids) {
  return makeEdits(state, id, ids.map((box_id) => ({ op: "delete", box_id })));
}

function adopt(state, { record, pending }) {
  const server = { boxes: record.boxes, state: record.image.state };
  return show({
    ...state, image: record.image, revision: record.revision, server, pending,
    canUndo: record.can_undo || pending.length > 0, canRedo: record.can_redo,
  }, project(server, pending));
}

const commands = {
  ...views,
  ...drags,
  ...marks,
  ...paths,
  ...reshapes,

  /** Another image: {record: {image, boxes, revision, can_undo, can_redo}, pending}. */
  load(state, command) {
    const fresh = { ...state, selection: [], recent: [], drag: null, path: null, vertex: null, hidden: false, boxes: [], pending: [] };
    return views.fit(adopt(fresh, command), {});
  },
  /** The same image as the server has it now; {ids} when boxes were numbered. The selection stays. */
  refresh(state, command) {
    if (state.image?.image_id !== command.record.image.image_id) return state;
    const ids = command.ids ?? {};
    const name = (list) => list.map((id) => ids[id] ?? id);
    const drag = state.drag?.boxes ? { ...state.drag, ...renameDrag(state.drag, ids) } : state.drag;
    const vertex = state.vertex && { ...state.vertex, id: ids[state.vertex.id] ?? state.vertex.id };
    const kept = { locked: renameMarks(state.locked, ids), veiled: renameMarks(state.veiled, ids), vertex, drag };
    return adopt({ ...state, ...kept, selection: name(state.selection), recent: name(state.recent) }, command);
  },

  select(state, { ids, add }) {
    if (!add) return { ...state, vertex: null, selection: ids };
    const chosen = new Set(state.selection);
    for (const id of ids) chosen.has(id) ? chosen.delete(id) : chosen.add(id);
    return { ...state, selection: [...chosen] };
  },
  "select-all": (state) => ({ ...state, vertex: null, selection: unlocked(state, unveiled(state, state.boxes)).map((box) => box.id) }),
  /** The next box in reading order (top to bottom, left to right), or in the order of `among`. */
  cycle(state, { by, among }) {
    const order = unveiled(state, among ?? [...state.boxes].sort((a, b) => a.y - b.y || a.x - b.x));
    if (order.length === 0) return state;
    const at = order.findIndex((box) => box.id === state.selection.at(-1));
    const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : (at + by + order.length) % order.length;
    return { ...state, vertex: null, selection: [order[next].id] };
  },

  tool: (state, { tool }) => ({ ...state, tool, drag: null, path: null }),
  hide: (state, { on }) => ({ ...state, hidden: on }),
  labels: (state) => ({ ...state, labels: !state.labels }),

  /** The class of new boxes, and of the selected ones. */
  class(state, { class_id, id }) {
    const change = unlocked(state, selectedBoxes(state)).filter((box) => box.class_id !== class_id);
    return makeEdits({ ...state, classId: class_id }, id, change.map((box) => ({ op: "update", box_id: box.id, class_id })));
  },
  /** The class of new boxes only. */
  "class-current": (state, { class_id }) => ({ ...state, classId: class_id }),

  delete: (state, { id }) => remove({ ...state, selection: state.selection.filter((key) => state.locked.has(key)) }, id, unlocked(state, selectedBoxes(state)).map((box) => box.id)),
  "delete-last"(state, { id }) {
    const free = (list) => list.findLast((key) => !state.locked.has(key));
    const last = free(state.recent) ?? free(state.boxes.map((box) => box.id));
    return last === undefined ? state : remove(state, id, [last]);
  },
  rect(state, { box_id, rect, id }) {
    const box = boxById(state, box_id);
    return !box || state.locked.has(box_id) || sameRect(box, rect) ? state : makeEdits(state, id, [rectEdit(box, rect)]);
  },
  add: (state, { box, id }) => addBoxes(state, id, [copyOf(box)]),
  /** Copies of the given boxes, moved by {dx, dy} but inside the image. */
  paste(state, { boxes, id, dx = 0, dy = 0 }) {
    if (!state.image) return state;
    const place = (box) => {
      const rect = moveRect(box, dx, dy, state.image);
      return { ...copyOf(box), ...rect, ...(box.polygon ? { polygon: carryPolygon(box.polygon, box, rect) } : {}), state: "trusted" };
    };
    return addBoxes(state, id, boxes.map(place));
  },
  "image-state": (state, { value, id }) =>
    value === state.imageState || !state.image ? state : makeEdits(state, id, [{ op: "state", value }]),
  /** Edits made elsewhere in the page (keeping my side of a conflict). */
  edits: (state, { edits, id }) => makeEdits(state, id, edits),
  /** An undo or redo that only the server can carry out, or one that cancels what is still waiting. */
  history(state, { kind, id }) {
    const entry = { client_id: id, image_id: state.image.image_id, kind, base_revision: state.revision, edits: [], before: {} };
    const pending = [...state.pending, entry];
    return { ...show({ ...state, pending, drag: null }, project(state.server, pending)), made: entry };
  },
};

function renameDrag(drag, ids) {
  const named = (map) => Object.fromEntries(Object.entries(map).map(([id, box]) => [ids[id] ?? id, { ...box, id: ids[id] ?? box.id }]));
  return { boxes: named(drag.boxes), from: named(drag.from) };
}
