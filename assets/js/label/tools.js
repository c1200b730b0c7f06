// The tools: what a press of the pointer on the canvas means. A tool is one entry here:
//   {id, action, label, icon, cursor(hit, event) → CSS cursor, press(app, at, hit, event) → gesture}
// A gesture is {drag(app, at), drop(app), click(app)}: `drag` and `drop` once the pointer has really moved, else `click`.
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
    drag(app, to) {
      if (!begun) {
        before(app);
        app.dispatch({ type: "drag-begin", kind, at, handle });
        begun = true;
      }
      app.dispatch({ type: "drag-to", at: to });
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

registerTool({
  id: "select",
  action: "select",
  label: "Select and edit",
  icon: "M4 2l9 6.2-4.1.7 2.3 4.3-1.7.9-2.3-4.4L4 12.6z",
  cursor(hit, event) {
    if (event.shiftKey) return "crosshair";
    if (hit.handle) return RESIZE[hit.handle];
    if (hit.held) return "move";
    return hit.outline ? "pointer" : "crosshair";
  },
  press(app, at, hit, event) {
    const click = choose(hit, event);
    if (event.shiftKey) return drawing(at, click);
    if (hit.handle) return { ...dragging("resize", at, hit.handle), click };
    if (hit.held) return { ...dragging("move", at), click };
    if (hit.outline) {
      const take = () => app.dispatch({ type: "select", ids: [hit.outline.id] });
      return { ...dragging("move", at, null, take), click: take };
    }
    return drawing(at, click);
  },
});

registerTool({
  id: "draw",
  action: "draw",
  label: "Draw a box",
  icon: "M2.5 2.5h11v11h-11zM8 5.5v5M5.5 8h5",
  cursor: () => "crosshair",
  press: (app, at, hit, event) => drawing(at, choose(hit, event)),
});
