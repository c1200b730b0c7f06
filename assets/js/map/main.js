// The map: points to move about in, to choose from, to colour and to filter.
import { ours } from "../base.js";
import { toast, typing } from "../shell.js";
import { centred, fitted, panned, pointSize, resized, toMap, toScreen, view, zoomed } from "./camera.js";
import { crop, makePackage, showChosen } from "./chosen.js";
import { field, nearest, within } from "./field.js";
import { flatDrawing } from "./flat.js";
import { glDrawing } from "./gl.js";
import { legend } from "./legend.js";
import { pace } from "./pace.js";
import { palette } from "./palette.js";
import { askPoints, askValues, boundsOf, coded, places } from "./points.js";
import { drawOver, pointer } from "./pointer.js";
import { asSql, chosenBy, rectangle } from "./shapes.js";

const page = document.querySelector("[data-map-page]");
const part = (name) => page.querySelector(`[data-${name}]`);
const dataset = document.body.dataset.dataset, { map, version } = page.dataset;
const stage = part("stage"), [dots, over] = stage.querySelectorAll("canvas");
const root = document.documentElement;
const told = (text) => { part("told").textContent = text; };

const state = { camera: null, size: [1, 1], tool: "hand", outlines: [], extra: new Set(), chosen: null, rows: [], hidden: new Set(), codes: null, shown: null, hover: -1, drawing: null };
let points, grid, bounds, drawing, frames;

/** Points that may be seen: not filtered away, their word not hidden. */
const seen = (point) => (state.shown === null || state.shown[point] === 1) && !state.hidden.has(state.codes[point]);

function moods() {
  const values = new Uint8Array(points.count);
  let visible = 0;
  for (let at = 0; at < points.count; at++) {
    if (!seen(at)) continue;
    visible += 1;
    values[at] = state.chosen?.[at] ? 2 : 1;
  }
  drawing.moods(values);
  const all = points.count.toLocaleString("en-US");
  told(visible === points.count ? `${all} points` : `${visible.toLocaleString("en-US")} of ${all} points`);
  frames.again();
}

function draw(from, to) {
  drawing.draw(state.camera, state.size, { size: pointSize(state.camera, points.count), picking: state.rows.length > 0, from, to });
  if (from === 0) drawOver(over, state, points);
}

function resize() {
  const { width, height } = stage.getBoundingClientRect(), pixels = Math.min(devicePixelRatio || 1, 2);
  const size = [Math.max(width, 1), Math.max(height, 1)];
  // A map that was seen whole is seen whole beside the panel too, and as before when the panel goes.
  if (state.camera) state.camera = resized(state.camera, bounds, size);
  state.size = size;
  for (const canvas of [dots, over]) { canvas.width = Math.round(width * pixels); canvas.height = Math.round(height * pixels); }
  frames?.again();
}

function look(camera) {
  state.camera = camera;
  frames.again();
}

function choose() {
  const chosen = chosenBy(state.outlines, grid, points.count, within, seen);
  for (const point of state.extra) if (seen(point)) chosen[point] = 1;
  const rows = [];
  for (let at = 0; at < points.count; at++) if (chosen[at]) rows.push(at);
  Object.assign(state, { chosen: rows.length > 0 ? chosen : null, rows });
  moods();
  const exact = state.shown === null && state.hidden.size === 0 && state.extra.size === 0;
  showChosen(part("chosen"), { dataset, view: `map_${map}`, points, rows, outlines: state.outlines, exact });
  requestAnimationFrame(resize);
}

function clear() {
  state.outlines = [];
  state.extra.clear();
  choose();
}

function drawn(outline, more) {
  if (!more) { state.outlines = []; state.extra.clear(); }
  state.outlines.push(outline);
  choose();
}

function pick(point) {
  if (!state.extra.delete(point)) state.extra.add(point);
  choose();
}

let previewed = -1;
async function hover(point) {
  if (point === state.hover) return;
  state.hover = point;
  frames.again();
  const box = part("preview");
  if (point < 0) { box.hidden = true; previewed = -1; return; }
  previewed = point;
  const [place] = await places({ dataset, points }, [point]).catch(() => [null]);
  if (previewed !== point || !place) return;
  const words = document.createElement("p");
  words.className = "clip";
  words.textContent = [place.class, place.path].filter(Boolean).join(" · ");
  box.replaceChildren(crop(dataset, place), words);
  box.hidden = false;
  const [x, y] = toScreen(state.camera, state.size, points.x[point], points.y[point]);
  box.style.left = `${Math.min(Math.max(x + 14, 4), state.size[0] - 180)}px`;
  box.style.top = `${Math.min(Math.max(y + 14, 4), state.size[1] - 190)}px`;
}

function under([x, y], reach = 9) {
  const [px, py] = toMap(state.camera, state.size, x, y);
  return nearest(grid, px, py, reach / state.camera.scale, seen);
}

function setTool(tool) {
  state.tool = stage.dataset.tool = tool;
  for (const button of page.querySelectorAll("[data-tool][aria-pressed]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
}

function remember(key, value) {
  const address = new URL(location.href);
  if (value) address.searchParams.set(key, value);
  else address.searchParams.delete(key);
  if (address.href.length < 4000) history.replaceState(history.state, "", address);
}

function wrong(name, text) {
  const note = part(name);
  note.hidden = !text;
  note.textContent = text;
}

async function colourBy(expression) {
  try {
    const { head, values } = await askValues({ dataset, map }, expression);
    state.codes = head.kind === "numbers" ? coded(values, head.low, head.high) : values;
    state.hidden.clear();
    drawing.colours(palette(head));
    drawing.codes(state.codes);
    legend(part("legend"), head, state.hidden, choose);
    wrong("colour-wrong", "");
    remember("colour", expression);
    choose();
  } catch (error) { wrong("colour-wrong", error.message); }
}

async function showOnly(condition) {
  try {
    if (condition.trim() === "") state.shown = null;
    else {
      const { head, values } = await askValues({ dataset, map }, `(${condition})::BOOLEAN`);
      const yes = head.words.findIndex((word) => word.word === "true");
      state.shown = values.map((code) => (code === yes ? 1 : 0));
    }
    wrong("where-wrong", "");
    remember("where", condition.trim());
    choose();
  } catch (error) { wrong("where-wrong", error.message); }
}

/** The next point by its distance to the middle, so that every point can be reached by key. */
function walk(step) {
  const [cx, cy] = [state.camera.x, state.camera.y], at = [];
  within(grid, view(state.camera, state.size), (point) => { if (seen(point)) at.push(point); });
  if (at.length === 0) return;
  const far = (point) => (points.x[point] - cx) ** 2 + (points.y[point] - cy) ** 2;
  at.sort((a, b) => far(a) - far(b));
  hover(at[(at.indexOf(state.hover) + step + at.length) % at.length]);
}

const PAN = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

function keys(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event) || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const tools = { h: "hand", l: "lasso", r: "rectangle" };
  if (tools[key]) setTool(tools[key]);
  else if (key === "escape") clear();
  else if (key === "0") look(fitted(bounds, ...state.size));
  else if (key === "+" || key === "=") look(zoomed(state.camera, state.size, 1.4));
  else if (key === "-") look(zoomed(state.camera, state.size, 1 / 1.4));
  else if (key === "v") { const [l, b, r, t] = view(state.camera, state.size); drawn(rectangle([l, b], [r, t]), event.shiftKey); }
  else if (key === "n") walk(event.shiftKey ? -1 : 1);
  else if (key === "c" && state.hover >= 0) look(centred(state.camera, points.x[state.hover], points.y[state.hover]));
  else if (document.activeElement === stage && key === "enter" && state.hover >= 0) pick(state.hover);
  else if (document.activeElement === stage && PAN[event.key]) look(panned(state.camera, ...PAN[event.key]));
  else return;
  event.preventDefault();
}

function controls() {
  const colour = part("colour"), expression = part("expression"), address = new URLSearchParams(location.search);
  const choose = () => {
    expression.hidden = colour.value !== "";
    if (colour.value === "") expression.focus();
    else colourBy(colour.value);
  };
  colour.addEventListener("change", choose);
  expression.addEventListener("change", () => { if (expression.value.trim()) colourBy(expression.value.trim()); });
  part("where").addEventListener("change", (event) => showOnly(event.target.value));
  part("fit").addEventListener("click", () => look(fitted(bounds, ...state.size)));
  part("none").addEventListener("click", clear);
  part("to-package").addEventListener("click", () => makePackage({ dataset, points, rows: state.rows }));
  for (const button of page.querySelectorAll("[data-tool][aria-pressed]")) button.addEventListener("click", () => { setTool(button.dataset.tool); stage.focus(); });
  const picker = document.getElementById("map-choice");
  picker.addEventListener("change", () => location.assign(ours(`/d/${dataset}/map?map=${encodeURIComponent(picker.value)}`)));
  part("go").hidden = true;
  const wished = address.get("colour"), listed = [...colour.options].some((option) => option.value === wished);
  if (wished && listed) colour.value = wished;
  else if (wished) { colour.value = ""; expression.hidden = false; expression.value = wished; }
  part("where").value = address.get("where") ?? "";
  return wished || colour.value;
}

async function begin() {
  points = await askPoints({ dataset, map, version });
  bounds = boundsOf(points);
  grid = field(points, bounds);
  state.codes = new Uint8Array(points.count);
  drawing = glDrawing(dots, points) ?? flatDrawing(dots, points);
  part("plain").hidden = !drawing.plain;
  frames = pace(drawing.count, draw);
  resize();
  state.camera = fitted(bounds, ...state.size);
  new ResizeObserver(resize).observe(stage);
  pointer(stage, state, { look, drawn, hover, under, pick });
  document.addEventListener("keydown", keys);
  await colourBy(controls());
  if (part("where").value) await showOnly(part("where").value);
  root.dataset.map = "ready";
}

// What tests and measurements look at.
export const inspect = { state, asSql, get points() { return points; }, draw: (most) => { draw(0, Math.min(most, drawing.count)); drawing.finish(); }, pace: () => frames };
begin().catch((error) => { told(""); toast(error.message, true); });
