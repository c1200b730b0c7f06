// The doors of the model assists. Every request can be given up, has a time limit, and fails in one way: an ApiError.
import { ApiError } from "../api.js";

export const LIMIT_MS = { segment: 60_000, classify: 30_000, propose: 120_000, window: 10_000, status: 10_000, tweak: 30_000 };

const failure = (code, message, hint) => new ApiError(0, { error: { code, message, hint } });
const posted = (body, method = "POST") => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** What a request that somebody gave up ends with. */
export const superseded = () => failure("superseded", "A newer request took the place of this one.", "");
export const isSuperseded = (error) => error?.code === "superseded";

/** One request: `signal` gives it up, `limit` milliseconds end it. */
async function ask(fetch, url, { signal, limit, ...options }) {
  const inner = new AbortController();
  const stop = () => inner.abort();
  let late = false;
  const timer = setTimeout(() => { late = true; stop(); }, limit);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  try {
    return await read(await fetch(url, { credentials: "same-origin", ...options, signal: inner.signal }));
  } catch (error) {
    if (signal?.aborted) throw superseded();
    if (error instanceof ApiError) throw error;
    if (late) throw failure("timeout", `No answer within ${Math.round(limit / 1000)} s.`, "The model may still be loading. Try again.");
    throw failure("offline", "The server does not answer.", "Draw by hand meanwhile; boxes are kept in this browser.");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

async function read(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, body);
  if (body === null) throw failure("offline", "The answer broke off.", "Try again.");
  return body;
}

/** @param parts {base, dataset, client: the name of this tab, fetch} */
export function createAssistClient({ base = "", dataset, client, fetch = (...all) => globalThis.fetch(...all) }) {
  const root = `${base}/api/v1/datasets/${encodeURIComponent(dataset)}`;
  const go = (url, kind, options = {}) => ask(fetch, url, { limit: LIMIT_MS[kind], ...options });
  let numbered = 0;
  return {
    client,
    /** A request that newer ones of this tab may make stale: what a preview is. */
    preview: (image_id, prompt, signal) =>
      go(`${root}/images/${image_id}/segment`, "segment", { ...posted({ ...prompt, client, request: ++numbered }), signal }),
    /** A request of its own, which nothing newer may drop: it carries no name of the tab. */
    segment: (image_id, prompt, signal) => go(`${root}/images/${image_id}/segment`, "segment", { ...posted(prompt), signal }),
    propose: (image_id, wish, signal) => go(`${root}/images/${image_id}/propose`, "propose", { ...posted(wish), signal }),
    prepassRuns: (signal) => go(`${root}/runs`, "status", { signal }),
    foundOn: (run, image_id, signal) => go(`${root}/runs/${encodeURIComponent(run)}/images/${image_id}`, "status", { signal }),
    classify: (image_id, box, signal) => go(`${root}/images/${image_id}/classify`, "classify", { ...posted({ box }), signal }),
    window: (wish, signal) => go(`${root}/assist/window`, "window", { ...posted({ client, ...wish }), signal }),
    status: (signal) => go(`${base}/api/v1/assist?client=${encodeURIComponent(client)}`, "status", { signal }),
    change: (settings) => go(`${base}/api/v1/assist`, "status", posted(settings, "PATCH")),
    tweakClass: (class_id, where) => go(`${root}/tweak`, "tweak", posted(where ? { class_id, where } : { class_id })),
    job: (id) => go(`${base}/api/v1/jobs/${id}`, "status"),
    cancelJob: (id) => go(`${base}/api/v1/jobs/${id}/cancel`, "status", posted({})),
    resumeJob: (id) => go(`${base}/api/v1/jobs/${id}/resume`, "status", posted({})),
    proposals: (job, after, limit) => go(`${root}/tweaks/${job}?limit=${limit}${after ? `&after=${encodeURIComponent(after)}` : ""}`, "tweak"),
    applyTweaks: (job, choice) => go(`${root}/tweaks/${job}/apply`, "tweak", posted(choice)),
    undoChange: (change) => go(`${root}/history/${change}/undo`, "tweak", posted({})),
    image: (id) => go(`${root}/images/${id}`, "status"),
    thumb: (id, size) => `${root}/images/${id}/thumb?size=${size}`,
  };
}
