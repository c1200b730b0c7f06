// What next: the curves of the last replay, and how far the one under way is.
import { ours } from "./base.js";
import { drawCurves } from "./chart.js";

const EVERY_MS = 700;

async function follow(place) {
  const [stage, words, bar] = ["[data-stage]", "[data-words]", ".bar rect"].map((name) => place.querySelector(name));
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY_MS));
    const answer = await fetch(ours(`/api/v1/jobs/${place.dataset.selectJob}`)).catch(() => null);
    if (!answer?.ok) continue;
    const { state, message, progress } = await answer.json();
    if (state === "done") return location.reload();
    if (!["queued", "running"].includes(state)) return Object.assign(stage, { textContent: message });
    stage.textContent = state === "queued" ? "waits for its turn" : progress.stage;
    words.textContent = progress.total > 0 ? `${progress.done} of ${progress.total} steps` : "";
    if (progress.total > 0) bar.setAttribute("width", `${Math.min(100, (100 * progress.done) / progress.total)}%`);
  }
}

for (const place of document.querySelectorAll("[data-select-job]")) follow(place);

const told = document.getElementById("curves");
if (told) {
  const curves = JSON.parse(told.textContent);
  for (const figure of document.querySelectorAll("[data-curves] [data-curve]")) {
    const canvas = document.createElement("div");
    figure.prepend(canvas);
    const label = figure.dataset.curve === "accuracy" ? "Accuracy" : "Macro F1";
    drawCurves(canvas, { x: { label: "Labelled images", values: curves.images }, y: { label }, lines: curves[figure.dataset.curve], height: 320 });
  }
}
