// Where this server stands on its site: the path before every address, empty at the root. A reverse proxy may show it
// below one; the address this file came from tells which.
export const base = new URL(import.meta.url).pathname.split("/assets/")[0];

/** An address of ours as the browser has to ask for it: ours("/jobs") → "/tator/jobs". */
export const ours = (path) => base + path;
