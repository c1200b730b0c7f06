// Candidates of a run over an image: a slider for the score, sources to switch, and what each candidate is made of.
import { ours } from "./base.js";
import { failure, toast, typing } from "./shell.js";

const root = document.querySelector(".found");
const { datasetName, run, image } = root.dataset;
const classes = JSON.parse(root.dataset.classes);
const svg = root.querySelector("svg");
const slider = document.getElementById("f-score");
const list = root.querySelector("[data-list]");
const off = new Set();
let found = null;
let lit = null;

const nameOf = (id) => classes[id]?.[0] ?? `class ${id}`;
const colourOf = (id) => classes[id]?.[1] ?? "#ffffff";
const scoreText = (score) => (score === null ? "no score" : score.toFixed(2));

/** What is shown: candidates with an atom of a source that is on, or those atoms themselves. */
export function chosen(found, { least, what, off }) {
  const on = (atom) => !off.has(atom.source_run);
  const sure = (score) => (score ?? 0) >= least;
  if (what === "candidates") {
    return found.candidates.filter((one) => sure(one.score) && one.atoms.some(on))
      .map((one) => ({ ...one, key: `c${one.candidate_id}`, atoms: one.atoms.filter(on) }));
  }
  return found.candidates.flatMap((one) => one.atoms.filter((atom) => on(atom) && sure(atom.score)).map((atom) => ({
    key: `a${atom.atom_id}`, class_id: one.class_id, rect: atom.rect, score: atom.score, sources: [atom.source_run], atoms: [atom],
  })));
}

function rectangle([x, y, w, h], attributes) {
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [key, value] of Object.entries({ x, y, width: w, height: h, ...attributes })) rect.setAttribute(key, value);
  return rect;
}

function node(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function light(key, shown) {
  lit = key;
  for (const one of root.querySelectorAll("[data-key]")) one.classList.toggle("lit", one.dataset.key === key);
  for (const one of svg.querySelectorAll(".atom")) one.remove();
  const of = shown.find((one) => one.key === key);
  if (of && of.atoms.length > 1) for (const atom of of.atoms) svg.append(rectangle(atom.rect, { class: "atom", stroke: colourOf(of.class_id) }));
}

function line(one, shown) {
  const button = node("button", "", { type: "button", "data-key": one.key });
  const swatch = node("span", "", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = colourOf(one.class_id);
  const made = one.atoms.map((atom) => `${atom.source_run} ${scoreText(atom.score)}${atom.model_class === nameOf(one.class_id) ? "" : ` (${atom.model_class})`}`);
  button.append(swatch, node("span", nameOf(one.class_id)), node("span", scoreText(one.score), { class: "n" }), node("small", made.join(" · ")));
  for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => light(one.key, shown));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function draw() {
  if (!found) return;
  const least = Number(slider.value);
  root.querySelector("[data-score]").textContent = least.toFixed(2);
  const what = root.querySelector("[name=what]:checked").value;
  const shown = chosen(found, { least, what, off });
  svg.replaceChildren();
  for (const one of shown) {
    const rect = rectangle(one.rect, { stroke: colourOf(one.class_id), "data-key": one.key });
    rect.addEventListener("pointerenter", () => { light(one.key, shown); root.querySelector(`li [data-key="${one.key}"]`)?.scrollIntoView({ block: "nearest" }); });
    svg.append(rectangle(one.rect, { class: "halo" }), rect);
  }
  list.replaceChildren(...shown.slice(0, 300).map((one) => line(one, shown)));
  root.querySelector("[data-count]").textContent = `${shown.length} of ${found.candidates.length} candidates${what === "atoms" ? ", as boxes of models" : ""}`;
  if (lit) light(lit, shown);
}

function sources() {
  const place = root.querySelector("[data-sources]");
  for (const source of found.sources) {
    const label = node("label", "", { class: "tick" });
    const tick = node("input", "", { type: "checkbox", value: source.source_run });
    tick.checked = true;
    tick.addEventListener("change", () => { if (tick.checked) off.delete(source.source_run); else off.add(source.source_run); draw(); });
    label.append(tick, node("span", source.source_run, { class: "mono" }), node("span", source.status === "done" ? String(source.n_atoms) : source.status, { class: source.status === "failed" ? "bad" : "n quiet", title: source.error ?? "" }));
    place.append(label);
  }
}

async function start() {
  const response = await fetch(ours(`/api/v1/datasets/${datasetName}/runs/${run}/images/${image}`));
  if (!response.ok) return toast(await failure(response), true);
  found = await response.json();
  const kept = sessionStorage.getItem("prelabel-score");
  if (kept !== null) slider.value = kept;
  sources();
  draw();
  root.dataset.ready = "";
}

slider.addEventListener("input", () => { sessionStorage.setItem("prelabel-score", slider.value); draw(); });
for (const choice of root.querySelectorAll("[name=what]")) choice.addEventListener("change", draw);
document.addEventListener("keydown", (event) => {
  if (typing(event) || event.altKey || event.ctrlKey || event.metaKey || event.target === slider) return;
  const way = { ArrowLeft: "[data-previous]", ArrowRight: "[data-next]" }[event.key];
  document.querySelector(way ?? "never")?.click();
});
start();
