// What is said when an assist fails: what, on what, and what to do. Pure.

const QUIET = new Set(["superseded", "no_suggestion", "still_learning"]);

/** A message for the toasts, or null when nothing need be said. @param doing "find the object", "suggest a class" */
export function complaint(error, doing) {
  const { code, message, hint, status } = error;
  if (QUIET.has(code)) return null;
  if (code === "no_model") return { kind: "danger", text: `There is no model to ${doing}.`, hint: hint || "Fetch one with: tator models pull mobilesam", once: "no_model" };
  if (code === "no_mask") return { text: "The model finds no object there.", hint: hint || "Draw more tightly around it, or add a point in its middle." };
  if (status === 404 && code === "unknown") return { kind: "danger", text: `This server cannot ${doing}.`, hint: "It is older than this page; reload the page.", once: "old" };
  return { kind: "danger", text: `Could not ${doing}: ${message}`, hint };
}

/** Milliseconds as people read them: 84 ms, 1.2 s. */
export function lasted(ms) {
  if (ms === null || ms === undefined) return "";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
