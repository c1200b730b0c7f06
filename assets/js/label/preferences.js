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

export function createPreferences(dataset) {
  const own = `tator.label.${dataset}`;
  return {
    keys: () => read("tator.label.keys", {}),
    setKeys: (keys) => write("tator.label.keys", keys),
    profile: () => read("tator.label.profile", "tator"),
    setProfile: (id) => write("tator.label.profile", id),
    panel: () => read("tator.label.panel", true),
    setPanel: (open) => write("tator.label.panel", open),
    confirms: () => read("tator.label.confirms", "labelled"),
    setConfirms: (value) => write("tator.label.confirms", value),
    pins: () => read(`${own}.pins`, {}),
    setPins: (pins) => write(`${own}.pins`, pins),
    lastClass: () => read(`${own}.class`, null),
    setLastClass: (id) => write(`${own}.class`, id),
    clipboard: () => read("tator.label.clipboard", []),
    setClipboard: (boxes) => write("tator.label.clipboard", boxes),
  };
}
