// What a person has set, kept in this browser.

const read = (key, fallback) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback; // storage refused, or not ours
  }
};

const write = (key, value) => {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A setting that is not kept is asked for again; nothing is lost.
  }
};

const profile = () => read("tator.label.profile", "tator");
/** Each profile of keys has its own changes. */
const keysUnder = (id) => (id === "tator" ? "tator.label.keys" : `tator.label.keys.${id}`);

export function createPreferences(dataset) {
  const own = `tator.label.${dataset}`;
  return {
    keys: () => read(keysUnder(profile()), {}),
    setKeys: (keys) => write(keysUnder(profile()), keys),
    profile,
    setProfile: (id) => write("tator.label.profile", id),
    zoomAlong: () => read("tator.label.zoomAlong", false),
    setZoomAlong: (on) => write("tator.label.zoomAlong", on),
    minimap: () => read("tator.label.minimap", true),
    setMinimap: (on) => write("tator.label.minimap", on),
    panel: () => read("tator.label.panel", true),
    setPanel: (open) => write("tator.label.panel", open),
    confirms: () => read("tator.label.confirms", "labelled"),
    setConfirms: (value) => write("tator.label.confirms", value),
    pins: () => read(`${own}.pins`, {}),
    setPins: (pins) => write(`${own}.pins`, pins),
    lastClass: () => read(`${own}.class`, null),
    setLastClass: (id) => write(`${own}.class`, id),
    recent: () => read(`${own}.recent`, []),
    setRecent: (ids) => write(`${own}.recent`, ids),
    clipboard: () => read("tator.label.clipboard", []),
    setClipboard: (boxes) => write("tator.label.clipboard", boxes),
  };
}
