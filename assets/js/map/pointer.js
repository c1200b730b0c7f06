// Pointer on the map: moving, zooming, drawing a lasso or a rectangle; and what is drawn above the points.
import { panned, toMap, toScreen, zoomed } from "./camera.js";
import { rectangle } from "./shapes.js";

/** A click, not a drag, as long as the pointer stays within so many pixels. */
const STILL = 4;

export function pointer(stage, state, { look, drawn, hover, under, pick }) {
  let drag = null;
  const at = (event) => { const place = stage.getBoundingClientRect(); return [event.clientX - place.x, event.clientY - place.y]; };
  const map = (place) => toMap(state.camera, state.size, ...place);

  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    hover(-1);
    look(zoomed(state.camera, state.size, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)), at(event)));
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    stage.setPointerCapture(event.pointerId);
    stage.focus({ preventScroll: true });
    const draws = state.tool !== "hand" && event.button === 0;
    drag = { from: at(event), last: at(event), far: false, draws };
    if (draws) state.drawing = [map(drag.from)];
  });
  stage.addEventListener("pointermove", (event) => {
    const place = at(event);
    if (!drag) { hover(under(place)); return; }
    drag.far ||= Math.hypot(place[0] - drag.from[0], place[1] - drag.from[1]) > STILL;
    if (!drag.far) return;
    hover(-1);
    if (!drag.draws) {
      stage.dataset.moving = "";
      look(panned(state.camera, place[0] - drag.last[0], place[1] - drag.last[1]));
    } else {
      state.drawing = state.tool === "rectangle" ? rectangle(map(drag.from), map(place)) : [...state.drawing, map(place)];
      look(state.camera);
    }
    drag.last = place;
  });
  const end = (event, kept) => {
    if (!drag) return;
    const { far, draws } = drag, outline = state.drawing;
    drag = state.drawing = null;
    delete stage.dataset.moving;
    if (!kept) return;
    if (draws && far && outline.length > 2) drawn(outline, event.shiftKey);
    else if (!far) { const point = under(at(event)); if (point >= 0) pick(point); }
  };
  stage.addEventListener("pointerup", (event) => end(event, true));
  stage.addEventListener("pointercancel", (event) => end(event, false));
  stage.addEventListener("pointerleave", () => { if (!drag) hover(-1); });
}

/** Outlines and the ring around the point under the pointer. */
export function drawOver(canvas, state, points) {
  const context = canvas.getContext("2d"), pixels = canvas.width / state.size[0], style = getComputedStyle(canvas);
  context.setTransform(pixels, 0, 0, pixels, 0, 0);
  context.clearRect(0, 0, ...state.size);
  const ink = style.getPropertyValue("--accent").trim(), ground = style.getPropertyValue("--bg").trim();
  const outlines = state.drawing ? [...state.outlines, state.drawing] : state.outlines;
  for (const outline of outlines) {
    context.beginPath();
    for (const [x, y] of outline) context.lineTo(...toScreen(state.camera, state.size, x, y));
    context.closePath();
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.stroke();
  }
  if (state.hover < 0) return;
  const place = toScreen(state.camera, state.size, points.x[state.hover], points.y[state.hover]);
  for (const [colour, width] of [[ground, 4], [ink, 2]]) {
    context.beginPath();
    context.arc(...place, 8, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}
