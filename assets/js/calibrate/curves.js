// The curves of a calibration; the tables beneath say the same without a script.
import { drawCurves } from "../chart.js";

/** Marks on the x axis as lines of their own, from bottom to top: drawn beside the curves. Pure. */
export function marked({ x, y, lines, marks = [] }) {
  if (marks.length === 0) return { x, y, lines };
  const at = marks.map((mark) => mark.x);
  const all = [...x.values.map((value, place) => ({ value, place })), ...at.flatMap((value, mark) => [{ value, mark, end: 0 }, { value, mark, end: 1 }])];
  all.sort((a, b) => a.value - b.value || (a.end ?? -1) - (b.end ?? -1));
  const pick = (line) => (row) => (row.place === undefined ? null : line.values[row.place]);
  const [low, high] = y.range ?? [0, 1];
  const ours = marks.map((mark, number) => ({ name: mark.name, values: all.map((row) => (row.mark === number ? (row.end ? high : low) : null)) }));
  return { x: { ...x, values: all.map((row) => row.value) }, y, lines: [...lines.map((line) => ({ ...line, gaps: true, values: all.map(pick(line)) })), ...ours] };
}

if (typeof document !== "undefined") {
  for (const node of document.querySelectorAll("[data-curve]")) {
    const what = JSON.parse(node.dataset.curve);
    if (what.x.values.length > 1) drawCurves(node, { ...marked(what), height: 220 });
    else node.textContent = "Too few points for a curve.";
  }
}
