// What the people's part of the labeller asks of the server.
import { json, posted } from "../api.js";

export function createPeopleApi({ base, dataset }) {
  const root = `${base}/api/v1/datasets/${encodeURIComponent(dataset)}`;
  return {
    /** This page shows an image: {others: [name], revision}. */
    beat: (id, body) => json(`${root}/images/${id}/presence`, posted(body)),
    /** The page goes; nobody waits for the answer. */
    leave: (id, page) => fetch(`${root}/images/${id}/presence`, { ...posted({ page, leaving: true }), keepalive: true }).catch(() => null),
    notes: (id) => json(`${root}/images/${id}/notes`),
    tags: (search) => json(`${root}/tags?limit=20&search=${encodeURIComponent(search)}`),
    packages: () => json(`${root}/packages`),
    work: `${base}/d/${encodeURIComponent(dataset)}/work`,
  };
}
