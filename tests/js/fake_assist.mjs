// A stand-in for the doors of the model assists, after the same contract: ellipses for masks, fixed classes, a job in steps.
// Used by the node tests as `fetch`; delays and failures are set by the test.

const ellipse = ([x, y, w, h], n = 24) =>
  Array.from({ length: n }, (_, i) => [x + (w / 2) * (1 + Math.cos((2 * Math.PI * i) / n)), y + (h / 2) * (1 + Math.sin((2 * Math.PI * i) / n))]);
const grown = ([x, y, w, h], by) => [x - w * by, y - h * by, w * (1 + 2 * by), h * (1 + 2 * by)];
const mask = (box, score) => ({ box, polygon: [ellipse(box)], score });

function around(points) {
  const on = points.filter(([, , label]) => label === 1);
  const [xs, ys] = [on.map((p) => p[0]), on.map((p) => p[1])];
  const [x, y] = [Math.min(...xs) - 30, Math.min(...ys) - 30];
  return [x, y, Math.max(...xs) + 30 - x, Math.max(...ys) + 30 - y];
}

export const failing = (status, code, message = code, hint = "") => ({ status, body: { error: { code, message, hint } } });

export class FakeAssist {
  constructor() {
    this.seen = []; // {method, path, body}
    this.replies = []; // functions (request) → {status, body}, used up one by one before the usual ones
    this.hold = null; // a promise that answers wait for
    this.job = { job_id: 7, state: "queued", progress: { done: 0, total: 0, stage: "", eta_s: null }, message: "", resumable: false, report: null };
    this.proposals = [];
    this.status = {
      models: [], segmenter: "mobilesam", embedder: "clip", settings: { slots: 2, bytes: 0, preload: true },
      slots: [], tasks: [], provider: "CPU", notice: null,
    };
  }

  get fetch() {
    return (url, options = {}) => this.answer(url, options);
  }

  async answer(url, { method = "GET", body, signal }) {
    const request = { method, path: url.replace(/\?.*/, ""), query: url.split("?")[1] ?? "", body: body ? JSON.parse(body) : null };
    this.seen.push(request);
    await new Promise((done, broken) => {
      const gone = () => broken(new DOMException("given up", "AbortError"));
      if (signal?.aborted) return gone();
      signal?.addEventListener("abort", gone, { once: true });
      (this.hold ?? Promise.resolve()).then(done);
    });
    const reply = this.replies.length ? this.replies.shift()(request) : this.usual(request);
    return { ok: reply.status < 400, status: reply.status, json: async () => structuredClone(reply.body) };
  }

  usual({ method, path, body }) {
    const last = path.slice(path.lastIndexOf("/") + 1);
    if (last === "segment") return { status: 200, body: this.segment(body) };
    if (last === "classify") return { status: 200, body: { class_id: 2, probability: 0.83, runner_up: { class_id: 1, probability: 0.11 }, method: "neighbours", model: "clip", neighbours: 9, ms: 21 } };
    if (last === "window") return { status: 202, body: this.status };
    if (last === "assist") return { status: 200, body: this.status };
    if (last === "tweak" && method === "POST") return { status: 202, body: { job_id: this.job.job_id } };
    if (path.includes("/jobs/")) return { status: 200, body: this.job };
    if (last === "apply") return { status: 200, body: { changed: this.proposals.filter((p) => !p.stale && !(body.except ?? []).includes(p.box_id) && p.iou >= (body.min_iou ?? 0)).length, change_id: 31 } };
    if (last === "undo") return { status: 200, body: { change_id: 31, status: "undone" } };
    if (path.includes("/tweaks/")) return { status: 200, body: { class_id: 1, proposals: this.proposals, next: null, applied: false, undone: false } };
    return failing(404, "not_found");
  }

  segment({ points, box }) {
    const best = box ? grown(box, -0.1) : around(points);
    const masks = [mask(best, 0.94), mask(grown(best, 0.2), 0.81), mask(grown(best, -0.2), 0.66)];
    return { ...masks[0], model: "mobilesam", provider: "CPU", ms: { encode: 0, decode: 71, total: 84 }, cached: true, masks };
  }
}
