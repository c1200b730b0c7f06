// The tools of the assists, beside those of tools.js.
import { rectBetween } from "../geometry.js";
import { registerTool, toolOf } from "../tools.js";
import { pointAt } from "./points.js";

const REACH = 11; // CSS pixels around a point in which it is taken hold of

const boxIcon = "M2.5 5V2.5H5M11 2.5h2.5V5M13.5 11v2.5H11M5 13.5H2.5V11M8 5.2c1.9 0 3 1.2 3 2.9s-1.3 2.8-3.1 2.8S5 9.7 5 8.1s1.2-2.9 3-2.9z";
const pointIcon = "M8 1.8v3M8 11.2v3M1.8 8h3M11.2 8h3M8 7.2a.8.8 0 1 0 0 1.6.8.8 0 0 0 0-1.6z";
const findIcon = "M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3M7.2 4.8a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2M9.2 9.2l2.4 2.4";
const pointsIcon = "M4.2 1.8v4.4M2 4h4.4M9.6 12h4.4M10.4 5.2h.1M4.6 11.4h.1M8 8h.1";

/** @param parts {pointMode, finds} */
export function registerTools({ pointMode, finds }) {
  registerTool({
    id: "sam",
    action: "sam",
    label: "Box fitted to the object",
    icon: boxIcon,
    hint: "Draw loosely around an object; the model fits the box",
    cursor: (hit, event) => (hit.handle ? toolOf("select").cursor(hit, event) : "crosshair"),
    press: (app, at, hit, event) => toolOf(hit.handle && !event.shiftKey ? "select" : "draw").press(app, at, hit, event),
  });
  registerTool({
    id: "sam-point",
    action: "sam-point",
    label: "Object under a click",
    icon: pointIcon,
    hint: "Click an object; the model finds its box",
    cursor: () => "crosshair",
    press: (app, at, hit, event) => clicking(pointMode, at, !event.altKey, true),
  });
  registerTool({
    id: "multi-point",
    action: "multi-point",
    label: "Object of several points",
    icon: pointsIcon,
    hint: "Click the object; Alt-click or right click beside it; Enter takes it",
    cursor: (_hit, event) => (event.altKey ? "cell" : "crosshair"),
    press(app, at, hit, event) {
      const index = pointAt(pointMode.session, at, REACH / app.state.view.scale);
      return index >= 0 ? holding(pointMode, index) : clicking(pointMode, at, !event.altKey, false);
    },
    /** A right click that did not move the picture. */
    other: (app, at) => pointMode.put(at, false, false),
  });
  registerTool({
    id: "find",
    action: "find-region",
    label: "Propose boxes in a part",
    icon: findIcon,
    hint: "Drag around a part of the picture: boxes are proposed in there",
    cursor: () => "crosshair",
    press: (app, at) => marking(finds, at),
  });
}

function clicking(pointMode, at, on, alone) {
  let last = at;
  const put = () => pointMode.put(last, on, alone);
  return { drag: (_app, to) => { last = to; }, drop: put, click: put };
}

/** A part is marked by dragging; a click means all of the picture. */
function marking(finds, from) {
  const clear = () => { finds.marked = null; finds.desk.changed(); };
  return {
    drag(app, to) {
      finds.marked = rectBetween(from, to, app.state.image);
      finds.desk.changed();
    },
    drop() {
      const { marked } = finds;
      clear();
      if (marked && marked.w >= 8 && marked.h >= 8) finds.within([marked.x, marked.y, marked.w, marked.h]);
    },
    click: () => finds.within(),
  };
}

function holding(pointMode, index) {
  return { drag: (_app, to) => pointMode.move(index, to), drop() {}, click() {} };
}
