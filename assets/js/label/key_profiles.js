// Ready-made key maps. A profile names only what differs from the default keys of the actions. Pure data.
import { ACTIONS } from "./action_list.js";

export const PROFILES = [
  { id: "tator", label: "Tator", note: "A, S, D, M and X call the models; arrows and , . walk through images", keys: {} },
  {
    id: "walking", label: "A/D walking", note: "as in LabelImg: A and D walk through images; S finds by a click, Shift+S fits boxes, Alt+A suggests classes",
    keys: {
      "next-image": ["D", "."], "previous-image": ["A", ","], "next-unreviewed": ["Shift+D"], "previous-unreviewed": ["Shift+A"],
      "go-to": ["G"], "zoom-selection": ["F"], "actual-size": ["Z"],
      "auto-class": ["Alt+A"], sam: ["Shift+S"], "sam-point": ["S"],
    },
  },
];

const BY_ID = new Map(PROFILES.map((profile) => [profile.id, profile]));
export const profileOf = (id) => BY_ID.get(id) ?? PROFILES[0];

/** The keys of an action in a profile, before a person's own. */
export const keysOf = (profile, action) => profileOf(profile).keys[action.id] ?? action.keys;

/** action id → keys of a whole profile. */
export const profileKeymap = (profile) => Object.fromEntries(ACTIONS.map((action) => [action.id, keysOf(profile, action)]));
