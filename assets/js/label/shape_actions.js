// Actions on outlines, turns, locks and single hidden boxes.
import { closePath } from "./shape_tools.js";
import { heldVertex } from "./reshapes.js";

const counted = (n) => `${n} ${n === 1 ? "box" : "boxes"}`;
const vertexText = ({ box, vertex }) => `Corner ${vertex.at + 1} of ${box.polygon[vertex.ring].length}`;

function hold(app, command) {
  app.dispatch(command);
  const held = heldVertex(app.state);
  if (held) app.say(vertexText(held));
  else if (command.type === "vertex-first") app.toast({ text: "This box has no outline to edit, or it is locked." });
}

function lock(app) {
  const { selection } = app.state;
  app.dispatch({ type: "lock", ids: selection });
  app.say(`${counted(selection.length)} ${app.state.locked.has(selection[0]) ? "locked" : "unlocked"}`);
}

function unlockAll(app) {
  const ids = app.state.boxes.filter((box) => app.state.locked.has(box.id)).map((box) => box.id);
  app.dispatch({ type: "lock", ids, on: false });
  app.toast({ text: ids.length ? `${counted(ids.length)} unlocked.` : "No box is locked." });
}

function hideSelected(app) {
  const { selection, veiled, boxes } = app.state;
  if (selection.length) {
    app.dispatch({ type: "veil", ids: selection, on: true });
    return app.toast({ text: `${counted(selection.length)} hidden.`, actions: [{ label: "Show all", run: () => app.dispatch({ type: "unveil-all" }) }] });
  }
  const count = boxes.filter((box) => veiled.has(box.id)).length;
  app.dispatch({ type: "unveil-all" });
  app.say(count ? `${counted(count)} shown again` : "No box is hidden");
}

/** @returns action id → what carries it out */
export function shapeActions(app) {
  const turn = (degrees) => () => app.dispatch({ type: "keys", turn: degrees });
  return {
    "path-close": () => closePath(app),
    "path-back": () => app.dispatch({ type: "path-back" }),
    "edit-outline": () => hold(app, { type: "vertex-first" }),
    "next-vertex": () => hold(app, { type: "vertex-step", by: 1 }),
    "previous-vertex": () => hold(app, { type: "vertex-step", by: -1 }),
    "vertex-add": () => hold(app, { type: "vertex-add" }),
    "vertex-delete": () => hold(app, { type: "vertex-delete" }),
    "turn-right": turn(1),
    "turn-left": turn(-1),
    "turn-right-15": turn(15),
    "turn-left-15": turn(-15),
    lock: () => lock(app),
    "unlock-all": () => unlockAll(app),
    "hide-selected": () => hideSelected(app),
    "hide-others": () => app.dispatch({ type: "veil-others" }),
  };
}
