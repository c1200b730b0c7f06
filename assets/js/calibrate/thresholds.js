// Thresholds that move: every count on the page follows at once, without asking the server; only pictures are fetched.
import { ours } from "../base.js";
import { failure, toast } from "../shell.js";
import { bars, counts, fullest, lineText, shares, sums, tickOf, together, wilson } from "./counts.js";
import { Stage } from "./stage.js";

const form = document.querySelector("form.thresholds");
const { datasetName, calibration, floor } = form.dataset;
const at = `/d/${datasetName}/calibrate/results/${calibration}`;
const queue = document.getElementById("th-queue");
const examples = form.querySelector("[data-examples]");
const rows = new Map();
let chosen = null;
let asked = 0;
let timer = null;

const whole = (n) => Math.round(n).toLocaleString("en");
const percent = (share) => (share === null ? "–" : (share * 100).toFixed(1));

function row(one, node) {
  const cells = Object.fromEntries([...node.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));
  const slider = node.querySelector("input[type=range]");
  const made = { ...one, node, cells, slider, table: sums(one.bins) };
  const found = bars(one.bins, 50);
  const most = Math.max(1, ...found.map((bar) => bar.right + bar.wrong));
  const path = (from, to) => found.map((bar, place) => {
    const [low, high] = [(from(bar) / most) ** 0.5 * 19, (to(bar) / most) ** 0.5 * 19];
    return high > low ? `M${place * 2} ${20 - low}v${low - high}h1.6v${high - low}z` : "";
  }).join("");
  node.querySelector("path.wrong").setAttribute("d", path(() => 0, (bar) => bar.wrong));
  node.querySelector("path.right").setAttribute("d", path((bar) => bar.wrong, (bar) => bar.right + bar.wrong));
  slider.addEventListener("input", () => { choose(made); moved(made); });
  slider.addEventListener("change", settle);
  slider.addEventListener("focus", () => choose(made));
  slider.addEventListener("keydown", (event) => {
    const step = { PageUp: 10, PageDown: -10 }[event.key];
    if (!step) return;
    event.preventDefault();
    slider.value = Number(slider.value) + step;
    moved(made);
    settle();
  });
  return made;
}

/** The cells of one class, then all together. */
function moved(one) {
  fill(one);
  totals();
}

function fill(one) {
  const tick = Number(one.slider.value);
  one.now = counts(one.table, one.truths, tick, Number(queue.value));
  const { precision, recall, f1 } = shares(one.now);
  const sure = wilson(one.now.right, one.now.right + one.now.wrong);
  const line = lineText(one.least, tick);
  const values = { least: line, precision: percent(precision), recall: percent(recall), f1: percent(f1) };
  for (const key of ["right", "wrong", "missed", "accept", "queue", "drop"]) values[key] = whole(one.now[key]);
  for (const [key, text] of Object.entries(values)) if (one.cells[key].textContent !== text) one.cells[key].textContent = text;
  one.cells.precision.title = sure ? `${percent(sure[0])} to ${percent(sure[1])}` : "";
  one.slider.setAttribute("aria-valuetext", line === "none" ? "accepts none" : `from ${line}`);
  one.node.classList.toggle("moved", tick !== Number(one.slider.dataset.own));
  one.node.querySelector("[data-below-mark]").hidden = tick >= Number(queue.value);
  if (one === chosen) {
    form.querySelector("[data-class-least]").textContent = line === "none" ? "accepts none" : `from ${line}`;
    stage.lines({ least: tick, queue: Number(queue.value) });
  }
}

function totals() {
  const now = together([...rows.values()].map((one) => one.now));
  const { precision, recall, f1 } = shares(now);
  const texts = { accept: whole(now.accept), queue: whole(now.queue), drop: whole(now.drop), precision: percent(precision), recall: percent(recall), f1: percent(f1), counts: `${whole(now.right)} / ${whole(now.wrong)} / ${whole(now.missed)}` };
  for (const [key, text] of Object.entries(texts)) form.querySelector(`[data-total=${key}]`).textContent = text;
  const below = [...rows.values()].filter((one) => Number(one.slider.value) < Number(queue.value)).length;
  form.querySelector("[data-below]").hidden = below === 0;
  form.querySelector("[data-below-classes]").textContent = whole(below);
  form.querySelector("[data-past]").textContent = whole(now.past);
  form.querySelector("[data-floor-note]").hidden = recall === null || recall >= Number(floor);
}

function choose(one) {
  if (chosen === one) return;
  chosen?.node.classList.remove("chosen");
  chosen = one;
  one.node.classList.add("chosen");
  form.querySelector("[data-class-name]").textContent = one.name;
  stage.show(one.bins);
  fill(one);
  settle();
}

/** Pictures on both sides of the line, when the line has come to rest. */
function settle() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const mine = ++asked;
    const response = await fetch(ours(`${at}/_examples?class=${chosen.class_id}&tick=${chosen.slider.value}`)).catch(() => null);
    if (mine !== asked) return;
    if (!response?.ok) return toast(response ? await failure(response) : "The server does not answer.", true);
    examples.innerHTML = await response.text();
  }, 250);
}

function queueMoved() {
  form.querySelector("[data-queue]").textContent = (Number(queue.value) / 1000).toFixed(3);
  for (const one of rows.values()) fill(one);
  totals();
}

const stage = new Stage(form.querySelector("svg.stage"), {
  move(which, tick) {
    if (which === "queue") { queue.value = tick; queueMoved(); } else { chosen.slider.value = tick; moved(chosen); }
  },
  settle,
});

async function start() {
  const response = await fetch(ours(`/api/v1/datasets/${datasetName}/calibrations/${calibration}/scores`));
  if (!response.ok) return toast(await failure(response), true);
  const table = await response.json();
  for (const one of table.classes) {
    const node = form.querySelector(`tr[data-class="${one.class_id}"]`);
    if (node) rows.set(one.class_id, row(one, node));
  }
  queue.dataset.own = tickOf(table.queue_from);
  queueMoved();
  const wanted = Number(new URLSearchParams(location.search).get("class"));
  const first = rows.get(wanted) ?? rows.get(fullest(table.classes));
  if (first) choose(first);
  form.dataset.ready = "";
}

queue.addEventListener("input", queueMoved);
form.querySelector("[data-find]").addEventListener("input", (event) => {
  const text = event.target.value.trim().toLowerCase();
  for (const one of rows.values()) one.node.hidden = !one.name.toLowerCase().includes(text);
});
form.querySelector("[data-find]").addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
form.querySelector("[data-reset]").addEventListener("click", () => {
  for (const one of rows.values()) one.slider.value = one.slider.dataset.own;
  queue.value = queue.dataset.own;
  queueMoved();
  settle();
});
// Only what was moved goes into the address.
form.addEventListener("submit", () => {
  for (const slider of form.querySelectorAll("input[type=range]")) slider.disabled = slider.value === slider.dataset.own;
  setTimeout(() => { for (const slider of form.querySelectorAll("input[type=range]")) slider.disabled = false; });
});
start();
