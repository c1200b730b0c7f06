// The server's JSON API, as far as the labeller needs it. One kind of error for every failure.

const TIMEOUT_MS = 30_000;

/** An answer that is not 2xx, or (status 0) no answer at all. */
export class ApiError extends Error {
  constructor(status, body) {
    const { code, message, hint, details } = body?.error ?? {};
    super(message ?? (status === 0 ? "The server does not answer." : `The server answered ${status}.`));
    Object.assign(this, { status, body, code: code ?? "unknown", hint: hint ?? "", details: details ?? null });
  }
}

/** A UUID; `crypto.randomUUID` is missing where the page is not served from this machine or over TLS. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  } catch {
    throw new ApiError(0, null);
  }
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  return response;
}

export async function json(url, options) {
  const response = await ask(url, options);
  return response.json().catch(() => {
    throw new ApiError(0, null); // the connection broke in the middle of the answer
  });
}

export const posted = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export function createApi({ base, dataset }) {
  const root = `${base}/api/v1/datasets/${encodeURIComponent(dataset)}`;
  return {
    image: (id) => json(`${root}/images/${id}`),
    neighbours: (id, filter) => json(`${root}/images/${id}/neighbours${filter ? `?${filter}` : ""}`),
    pixels: async (id) => (await ask(`${root}/images/${id}/view`)).blob(),
    searchClasses: (text, limit) => json(`${root}/classes?search=${encodeURIComponent(text)}&limit=${limit}`),
    createClass: (name) => json(`${root}/classes`, posted({ name })),
    /** Sends one entry of the queue. */
    send: ({ image_id, kind, client_id, base_revision, edits }) =>
      json(`${root}/images/${image_id}/${kind}`, posted(kind === "edits" ? { base_revision, client_id, edits } : { client_id })),
  };
}
