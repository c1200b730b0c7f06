// Short messages at the foot of the canvas; those that need an answer stay until they get one.
import { byId, element } from "./element.js";

const STAY_MS = 4500;
const MOST = 4;

// The button that had the focus is gone with its message.
const back = () => byId("lab-shapes").focus({ preventScroll: true });

/** @param message {text, hint?, kind?: "danger" | "clash", sticky?, details?: node, actions?: [{label, run}]} */
export function toast({ text, hint, kind = "info", sticky = false, details = null, actions = [] }) {
  const holder = byId("lab-toasts");
  const gone = () => note.remove();
  const buttons = actions.map(({ label, run }) => element("button", { type: "button", onclick: () => { gone(); run(); back(); } }, label));
  const close = element("button", { type: "button", class: "lab-close", "aria-label": "Close this message", onclick: () => { gone(); back(); } }, "×");
  const body = element("div", { class: "lab-toast-text" }, element("p", {}, text), hint ? element("p", { class: "lab-hint" }, hint) : null, details);
  const note = element("div", { class: `lab-toast lab-toast-${kind}`, role: kind === "info" ? "status" : "alert" }, body, ...buttons, close);
  holder.append(note);
  const passing = [...holder.children].filter((child) => !child.dataset.sticky);
  if (sticky) note.dataset.sticky = "yes";
  else {
    if (passing.length > MOST) passing[0].remove();
    setTimeout(gone, kind === "danger" ? 2 * STAY_MS : STAY_MS);
  }
  return gone;
}
