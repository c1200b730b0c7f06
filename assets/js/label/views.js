// Commands that move the view. Pure.
import { bounds, fitRect, keepInSight, zoomAt } from "./geometry.js";
import { selectedBoxes } from "./batches.js";

const whole = (image) => ({ x: 0, y: 0, w: image.width, h: image.height });
const placed = (state, view) => ({ ...state, view: state.image ? keepInSight(view, state.image, state.screen) : view, fitted: false });

// A small picture is not blown up beyond this when it is fitted.
const FIT_LIMIT = 8;

export const views = {
  fit: (state) =>
    state.image ? { ...state, view: fitRect(whole(state.image), state.screen, 12, FIT_LIMIT), fitted: true } : state,
  pan: (state, { dx, dy }) => placed(state, { ...state.view, tx: state.view.tx + dx, ty: state.view.ty + dy }),
  zoom: (state, { at, factor }) =>
    placed(state, zoomAt(state.view, at ?? [state.screen.width / 2, state.screen.height / 2], factor)),
  "zoom-to": (state, { scale, at }) =>
    placed(state, zoomAt(state.view, at ?? [state.screen.width / 2, state.screen.height / 2], scale / state.view.scale)),
  /** This point of the image in the middle. */
  centre(state, { at }) {
    const { scale } = state.view;
    return placed(state, { scale, tx: state.screen.width / 2 - at[0] * scale, ty: state.screen.height / 2 - at[1] * scale });
  },
  /** The selected boxes, with their surroundings. */
  "zoom-selection"(state) {
    const all = selectedBoxes(state).map(bounds);
    if (all.length === 0) return views.fit(state);
    const [x0, y0] = [Math.min(...all.map((b) => b[0])), Math.min(...all.map((b) => b[1]))];
    const [x1, y1] = [Math.max(...all.map((b) => b[2])), Math.max(...all.map((b) => b[3]))];
    const room = Math.max(x1 - x0, y1 - y0) * 0.35;
    const rect = { x: x0 - room, y: y0 - room, w: x1 - x0 + 2 * room, h: y1 - y0 + 2 * room };
    return { ...state, view: fitRect(rect, state.screen, 0, 16), fitted: false };
  },
  /** Selected boxes outside the view come into it; nothing moves when they can be seen. */
  reveal(state) {
    const box = selectedBoxes(state).at(-1);
    if (!box) return state;
    const [x0, y0, x1, y1] = bounds(box);
    const { scale, tx, ty } = state.view;
    const hidden = x1 * scale + tx < 8 || y1 * scale + ty < 8 || x0 * scale + tx > state.screen.width - 8 || y0 * scale + ty > state.screen.height - 8;
    if (!hidden) return state;
    const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
    return placed(state, { scale, tx: state.screen.width / 2 - cx * scale, ty: state.screen.height / 2 - cy * scale });
  },
  screen(state, { width, height }) {
    const next = { ...state, screen: { width, height } };
    if (state.fitted) return views.fit(next);
    const [dx, dy] = [(width - state.screen.width) / 2, (height - state.screen.height) / 2];
    return { ...next, view: { ...state.view, tx: state.view.tx + dx, ty: state.view.ty + dy } };
  },
};
