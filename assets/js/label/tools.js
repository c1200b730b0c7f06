// The tools: what a press of the pointer on the canvas means. A tool is one entry here:
//   {id, action, label, icon, cursor(hit, event) → CSS cursor, press(app, at, hit, event) → gesture,
//    hover?(app, at or null), double?(app, at, hit, event)}
// A gesture is {drag(app, at, event), drop(app), click(app)}: `drag` and `drop` once the pointer has really moved, else
// `click`. A double click comes after the two clicks that it is made of.
// `action` names the key that chooses the tool; the toolbar shows the tools in the order of registration.
// Optional: `other(app, at)` for a click of the right button, `hint` for the status line while the tool is in hand.
// The model assists (point, several points, box) register themselves the same way (assist/tools.js).

import { rectBetween } from "./geometry.js";

const registry = new Map();

export function registerTool(tool) {
  registry.set(tool.id, tool);
}

export const tools = () => [...registry.values()];
export const toolOf = (id) => registry.get(id) ?? registry.get("select");

/** A gesture made of state commands. */
function dragging(kind, at, handle, before = () => {}) {
  let begun = false;
  return {
    drag(app, to, event) {
      if (!begun) {
        before(app);
        app.dispatch({ type: "drag-begin", kind, at, handle });
        begun = true;
      }
      app.dispatch({ type: "drag-to", at: to, step: event?.shiftKey ? 15 : 1 });
    },
    drop: (app) => app.dispatch({ type: "drag-end" }),
    click() {},
  };
}

function drawing(at, click) {
  return {
    ...dragging("draw", at, null, (app) => app.dispatch({ type: "select", ids: [] })),
    click,
    drop(app) {
      if (app.state.classId === null) {
        const { start, to } = app.state.drag;
        app.dispatch({ type: "drag-cancel" });
        app.askClass((class_id) => app.dispatch({ type: "add", box: { class_id, ...rectBetween(start, to, app.state.image) } }));
      } else app.dispatch({ type: "drag-end" });
    },
  };
}

function choose(hit, event) {
  return (app) => {
    const target = hit.inside ?? hit.outline;
    if (event.shiftKey) return target && app.dispatch({ type: "select", ids: [target.id], add: true });
    app.dispatch({ type: "select", ids: target ? [next(hit, target, event).id] : [] });
  };
}

// Alt and click goes through the boxes that lie over one another.
function next(hit, target, event) {
  if (!event.altKey || hit.all.length < 2) return target;
  return hit.all[(hit.all.indexOf(hit.held) + 1) % hit.all.length];
}

const RESIZE = { n: "ns-resize", s: "ns-resize", e: "ew-resize", w: "ew-resize", nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize" };

/** What a press on a grip of the selected box begins: turning it, bending its outline, a new corner; or null. */
function gripOf(app, at, hit) {
  const [box_id] = app.state.selection;
  if (hit.turn) return dragging("turn", at);
  if (hit.vertex) {
    const hold = () => app.dispatch({ type: "vertex", box_id, ...hit.vertex });
    return { ...dragging("bend", at, hit.vertex, hold), click: hold };
  }
  if (!hit.side || hit.handle) return null;
  const { ring, at: place } = hit.side;
  const split = () => app.dispatch({ type: "vertex-add", box_id, side: hit.side });
  return { ...dragging("bend", at, { ring, at: place }, split), click() {} };
}

/** A double click: a corner of an outline goes, a box comes near. */
function doubled(app, at, hit) {
  if (hit.vertex) return app.act("vertex-delete");
  if (hit.held) app.dispatch({ type: "zoom-selection" });
}

registerTool({
  id: "select",
  action: "select",
  label: "Select and edit",
  icon: "M4 2l9 6.2-4.1.7 2.3 4.3-1.7.9-2.3-4.4L4 12.6z",
  cursor(hit, event) {
    if (hit.turn) return "grab";
    if (hit.vertex) return "pointer";
    if (event.shiftKey) return "crosshair";
    if (hit.handle) return RESIZE[hit.handle];
    if (hit.side) return "copy";
    if (hit.held) return "move";
    return hit.outline ? "pointer" : "crosshair";
  },
  press(app, at, hit, event) {
    const click = choose(hit, event);
    const grip = gripOf(app, at, hit);
    if (grip) return grip;
    if (event.shiftKey) return drawing(at, click);
    if (hit.handle) return { ...dragging("resize", at, hit.handle), click };
    if (hit.held) return { ...dragging("move", at), click };
    if (hit.outline) {
      const take = () => app.dispatch({ type: "select", ids: [hit.outline.id] });
      return { ...dragging("move", at, null, take), click: take };
    }
    return drawing(at, click);
  },
  double: doubled,
});

registerTool({
  id: "draw",
  action: "draw",
  label: "Draw a box",
  hint: "Drawing",
  icon: "M2.5 2.5h11v11h-11zM8 5.5v5M5.5 8h5",
  cursor: () => "crosshair",
  press: (app, at, hit, event) => drawing(at, choose(hit, event)),
});
