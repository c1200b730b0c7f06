// Tools that draw point by point: the outline of an object, and a box turned to lie along it.
import { complete } from "./paths.js";
import { registerTool } from "./tools.js";

/** Ends a path; asks for the class first when there is none. */
export function closePath(app) {
  if (!app.state.path) return;
  if (app.state.classId !== null) return app.dispatch({ type: "path-close" });
  app.askClass((class_id) => app.dispatch({ type: "path-close", class_id }));
}

function addPoint(app, kind, at) {
  app.dispatch({ type: "path-point", kind, at });
  if (complete(app.state.path)) closePath(app);
}

/** Near enough to the first point of an outline that the click means: close it. */
function atStart({ path, view }, at, reach) {
  if (!path || path.points.length < 3) return false;
  const [x, y] = path.points[0];
  return Math.hypot(x - at[0], y - at[1]) * view.scale <= reach;
}

const hover = (app, at) => app.state.path && app.dispatch({ type: "path-cursor", at });

registerTool({
  id: "polygon",
  action: "polygon",
  label: "Outline, point by point",
  hint: "Click from corner to corner",
  icon: "M8 1.8 14.2 6.4 11.8 13.8H4.2L1.8 6.4z",
  cursor: () => "crosshair",
  hover,
  press(app, at, hit, event) {
    if (atStart(app.state, at, event.pointerType === "touch" ? 22 : 9)) return { drag() {}, drop: closePath, click: closePath };
    return {
      drag: (_, to) => hover(app, to),
      drop: () => addPoint(app, "polygon", app.state.path?.cursor ?? at),
      click: () => addPoint(app, "polygon", at),
    };
  },
  double: (app) => closePath(app),
});

// A drag is the first side; the next click, or the end of the next drag, says how wide the box is.
registerTool({
  id: "turned",
  action: "turned",
  label: "Turned box: one side, then its width",
  hint: "Drag along one side",
  icon: "M6.2 1.9 14.1 6 9.8 14.1 1.9 10z",
  cursor: () => "crosshair",
  hover,
  press(app, at) {
    const begun = app.state.path?.kind === "turned";
    let started = false;
    return {
      drag(_, to) {
        if (!begun && !started) addPoint(app, "turned", at);
        started = true;
        hover(app, to);
      },
      drop: () => addPoint(app, "turned", app.state.path?.cursor ?? at),
      click: () => addPoint(app, "turned", at),
    };
  },
});
