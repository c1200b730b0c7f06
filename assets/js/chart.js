// Curves with bands, in the colours of the theme. Each line has its own dash as well, so that colour is never the only sign.
import UPlot from "./vendor/uplot/uplot-1.6.32.js";

const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4], [14, 5], [4, 2]];
const HEIGHT = 260;

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A number as short as it may be read: 0.034, 12.5, 1,200, 2e-7. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(1);
  return value.toLocaleString("en", { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : 3 });
}

/** Rows for uPlot: x, then each line, then the two edges of each line that has a band. Pure. */
export function columns({ x, lines }) {
  const edges = lines.flatMap((line) => (line.low && line.high ? [line.high, line.low] : []));
  return [x.values, ...lines.map((line) => line.values), ...edges];
}

/** Which columns are the edges of which line: [{line, high, low}], numbered as in `columns`. Pure. */
export function bandsOf(lines) {
  let next = lines.length + 1;
  return lines.flatMap((line, at) => {
    if (!line.low || !line.high) return [];
    next += 2;
    return [{ line: at, high: next - 2, low: next - 1 }];
  });
}

/**
 * Draws curves into a node and keeps them in its width and in the theme.
 * @param what {x: {label, values, log}, y: {label, range, log}, lines: [{name, values, low?, high?, gaps?}], height}; gaps: points that are null are passed over
 * @returns {update(what), close()}
 */
export function drawCurves(node, what) {
  let now = what;
  let plot = null;
  const draw = () => {
    plot?.destroy();
    plot = new UPlot(options(node, now), columns(now), node);
  };
  const resized = new ResizeObserver(() => plot?.setSize({ width: widthOf(node), height: now.height ?? HEIGHT }));
  const themed = new MutationObserver(draw);
  const system = matchMedia("(prefers-color-scheme: dark)");
  draw();
  resized.observe(node);
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  system.addEventListener("change", draw);
  return {
    update(next) {
      const same = next.lines.length === now.lines.length;
      now = next;
      if (same) plot.setData(columns(now));
      else draw();
    },
    close() {
      resized.disconnect();
      themed.disconnect();
      system.removeEventListener("change", draw);
      plot?.destroy();
    },
  };
}

const widthOf = (node) => Math.max(240, node.clientWidth);

function options(node, { x, y, lines, height }) {
  const colour = (at) => token(`--chart-${(at % 6) + 1}`);
  const axis = (label, values) => ({
    label, labelSize: 22, labelFont: `12px ${token("--font")}`, font: `11px ${token("--font")}`, values, size: 46,
    stroke: token("--muted"), grid: { stroke: token("--line"), width: 1 }, ticks: { stroke: token("--line"), width: 1 },
  });
  const line = (one, at) => ({
    label: one.name, stroke: colour(at), width: 2, dash: DASHES[at % DASHES.length], spanGaps: one.gaps === true, value: (_, value) => short(value), points: { show: one.values.length < 40, size: 5 },
  });
  const edge = () => ({ stroke: "transparent", width: 0, points: { show: false }, label: "" });
  const bands = bandsOf(lines);
  const labels = (_, ticks) => ticks.map((tick) => (tick === null ? "" : short(tick)));
  return {
    width: widthOf(node), height: height ?? HEIGHT,
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: { x: { time: false, distr: x.log ? 3 : 1 }, y: { distr: y.log ? 3 : 1, range: y.range } },
    axes: [{ ...axis(x.label, labels), size: 34 }, axis(y.label, labels)],
    series: [{ label: x.label, value: (_, value) => short(value) }, ...lines.map(line), ...bands.flatMap(() => [edge(), edge()])],
    bands: bands.map(({ line: at, high, low }) => ({ series: [high, low], fill: `${colour(at)}22` })),
    legend: { markers: { fill: (u, at) => u.series[at].stroke(u, at) }, isolate: false },
    hooks: { init: [(u) => [...u.root.querySelectorAll(".u-legend .u-series")].slice(1 + lines.length).forEach((row) => row.remove())] },
  };
}
