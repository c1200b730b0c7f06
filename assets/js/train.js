// The curves of a training: live, out of the job's log, or of a finished one, out of the page.
import { ours } from "./base.js";
import { drawCurves, short } from "./chart.js";

const EVERY_MS = 500;

/** A line of the log as an iteration; null when it is about something else. Pure. */
export function iterationOf(line) {
  if (!line.startsWith("iteration=")) return null;
  const told = Object.fromEntries(line.split(" ").map((pair) => pair.split("=")).map(([key, value]) => [key, Number(value)]));
  const fit = (loss, accuracy) => (told[loss] === undefined ? null : { loss: told[loss], accuracy: told[accuracy] });
  const { iteration, coef_delta, loss_delta } = told;
  return { iteration, train: fit("train_loss", "train_acc"), validation: fit("val_loss", "val_acc"), coef_delta, loss_delta };
}

/** What each figure draws. Pure. */
export function curvesOf(log) {
  const x = { label: "Iteration", values: log.map((one) => one.iteration) };
  const held = log.some((one) => one.validation);
  const pair = (what) => [
    { name: "training", values: log.map((one) => one.train?.[what] ?? null) },
    ...(held ? [{ name: "validation", values: log.map((one) => one.validation?.[what] ?? null) }] : []),
  ];
  const above = (value) => (value > 0 ? value : null);
  return {
    loss: { x, y: { label: "Loss" }, lines: pair("loss") },
    accuracy: { x, y: { label: "Accuracy" }, lines: pair("accuracy") },
    delta: {
      x, y: { label: "Change", log: true },
      lines: [{ name: "coefficients", values: log.map((one) => above(one.coef_delta)) }, { name: "loss", values: log.map((one) => above(one.loss_delta)) }],
    },
  };
}

class Curves {
  constructor(place) {
    this.figures = [...place.querySelectorAll("[data-curve]")].map((node) => ({ node, what: node.dataset.curve, drawn: null }));
  }

  show(log) {
    if (log.length === 0) return;
    const curves = curvesOf(log);
    for (const figure of this.figures) {
      if (figure.drawn) figure.drawn.update(curves[figure.what]);
      else {
        const canvas = document.createElement("div");
        figure.node.prepend(canvas);
        figure.drawn = drawCurves(canvas, curves[figure.what]);
      }
    }
  }
}

async function follow(place) {
  const curves = new Curves(place);
  const [stage, words, bar] = ["[data-stage]", "[data-words]", ".bar rect"].map((name) => place.querySelector(name));
  for (;;) {
    const answer = await fetch(ours(`/api/v1/jobs/${place.dataset.trainJob}`)).catch(() => null);
    const job = answer?.ok ? await answer.json() : null;
    if (job) {
      const log = job.log.map(iterationOf).filter(Boolean);
      curves.show(log);
      const { done, total } = job.progress;
      stage.textContent = job.state === "queued" ? "waits for its turn" : job.progress.stage;
      bar.setAttribute("width", total > 0 ? `${Math.min(100, (100 * done) / total)}%` : "30%");
      const last = log.at(-1);
      words.textContent = last ? tell(last) : total > 0 ? `${short(done)} of ${short(total)}` : "";
      if (!["queued", "running"].includes(job.state)) return ended(place, job);
    }
    await new Promise((done) => setTimeout(done, EVERY_MS));
  }
}

function tell({ iteration, train, validation, coef_delta, loss_delta }) {
  const held = validation ? ` · validation loss ${short(validation.loss)}, accuracy ${short(validation.accuracy)}` : "";
  return `Iteration ${iteration} · training loss ${short(train.loss)}, accuracy ${short(train.accuracy)}${held} · coefficients change by ${short(coef_delta)}, loss by ${short(loss_delta)}`;
}

/** Done: to the head. Otherwise the page says why. */
function ended(place, job) {
  const here = `/d/${document.body.dataset.dataset}/train`;
  if (job.report?.run) location.assign(ours(`${here}/${job.report.run}`));
  else {
    const note = document.createElement("p");
    note.className = "note bad";
    note.setAttribute("role", "alert");
    note.textContent = job.message;
    place.append(note);
    place.querySelector("form")?.remove();
  }
}

if (typeof document !== "undefined") {
  for (const place of document.querySelectorAll("[data-train-job]")) follow(place);
  for (const place of document.querySelectorAll("[data-train-log]")) {
    new Curves(place).show(JSON.parse(document.getElementById("train-log").textContent));
  }
}
