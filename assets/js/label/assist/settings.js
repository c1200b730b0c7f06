// What a person has set for the assists, kept in this browser.
import { DEFAULT_THRESHOLD } from "./class_rule.js";

const KEY = "tator.label.assist";
const DEFAULTS = { autoClass: false, threshold: DEFAULT_THRESHOLD, open: false, tweakJobs: {}, runs: {} };

/** @param store like localStorage; a browser may refuse it, then settings last as long as the page */
export function createSettings(store) {
  let now = { ...DEFAULTS };
  try {
    now = { ...DEFAULTS, ...JSON.parse(store.getItem(KEY)) };
  } catch {
    // Refused, or not ours: the defaults hold.
  }
  const keep = () => {
    try {
      store.setItem(KEY, JSON.stringify(now));
    } catch {
      // Asked for again next time; nothing is lost.
    }
  };
  return {
    get: (name) => now[name],
    set(name, value) {
      now = { ...now, [name]: value };
      keep();
    },
  };
}
