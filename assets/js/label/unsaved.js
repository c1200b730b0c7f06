// Whether everything is saved, and what to do about what is not: refused edits and conflicts wait here for a decision.
import { byId, element, setText } from "./element.js";
import { keepMine } from "./merge.js";

const SPOKEN_AFTER_MS = 700; // quick saves are not read out
const counted = (n, one, many) => `${n} ${n === 1 ? one : many}`;

/** What an entry does, in words. */
export function summary({ kind, edits, clash }) {
  if (clash) return `box ${clash.box_id} was changed on both sides`;
  if (kind !== "edits") return kind;
  const number = (op) => edits.filter((edit) => edit.op === op).length;
  const state = edits.findLast((edit) => edit.op === "state");
  const parts = [[number("add"), "added"], [number("update"), "changed"], [number("delete"), "deleted"]].filter(([n]) => n).map(([n, word]) => `${n} ${word}`);
  if (state) parts.push(`state ${state.value.replace("_", " ")}`);
  return parts.join(", ");
}

export class Unsaved {
  constructor(app, sync) {
    Object.assign(this, { app, sync });
    this.button = byId("lab-saved");
    this.dialog = byId("lab-unsaved");
    this.state = { unsaved: 0, aside: 0, trouble: null, durable: true };
    this.button.addEventListener("click", () => this.open());
    byId("lab-unsaved-close").addEventListener("click", () => this.dialog.close());
    byId("lab-unsaved-retry").addEventListener("click", () => sync.wake());
    this.dialog.addEventListener("close", () => app.focusCanvas());
    window.addEventListener("beforeunload", (event) => {
      if (this.state.unsaved > 0) event.preventDefault();
    });
    window.addEventListener("online", () => sync.wake());
    window.addEventListener("focus", () => this.state.trouble && sync.wake());
  }

  words({ unsaved, aside, trouble, durable }) {
    if (trouble?.kind === "auth") return ["bad", `Signed out · not saved (${unsaved + aside})`];
    if (trouble) return ["bad", `Not saved (${unsaved + aside})`];
    if (aside) return ["bad", `Not saved (${aside + unsaved})`];
    if (unsaved) return ["busy", "Saving…"];
    return durable ? ["good", "Saved"] : ["weak", "Saved · nothing kept offline"];
  }

  show(state) {
    const before = this.state.trouble?.kind;
    this.state = state;
    const [mood, text] = this.words(state);
    this.button.dataset.mood = mood;
    setText(byId("lab-saved-text"), text);
    this.button.title = this.why(state);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => setText(byId("lab-saved-live"), text), SPOKEN_AFTER_MS);
    if (state.trouble && state.trouble.kind !== before) this.warn(state);
    if (!state.trouble) this.dismiss?.();
    if (this.dialog.open) this.list();
  }

  why({ trouble, aside, durable, unsaved }) {
    if (trouble?.kind === "auth") return `The server wants you to sign in again (${trouble.message}) Your edits are kept in this browser.`;
    if (trouble) return `${trouble.message} Your edits are kept in this browser and sent again by themselves.`;
    if (aside) return `${counted(aside, "edit needs", "edits need")} your decision`;
    if (!durable) return "This browser refuses storage: an edit the server has not taken yet would be lost with the tab.";
    return unsaved ? `${counted(unsaved, "edit", "edits")} on the way` : "The server has every edit.";
  }

  warn({ trouble, unsaved }) {
    this.dismiss?.();
    const kept = `${counted(unsaved, "edit is", "edits are")} kept in this browser and sent as soon as it works again; go on labelling.`;
    const text = {
      offline: "The server does not answer.",
      auth: "You are signed out. Open the launch link again in another tab, then come back here.",
      server: `The server had an error. ${trouble.message}`,
    }[trouble.kind];
    this.dismiss = this.app.toast({ kind: "danger", sticky: trouble.kind === "auth", text, hint: kept, actions: [{ label: "Try now", run: () => this.sync.wake() }] });
  }

  open() {
    this.list();
    this.dialog.showModal();
  }

  list() {
    const waiting = this.sync.entries.filter((entry) => entry.status === "waiting");
    setText(byId("lab-unsaved-state"), this.why(this.state));
    const rows = [...this.sync.aside().map((entry) => this.row(entry)), ...waiting.slice(0, 100).map((entry) => this.waitingRow(entry))];
    byId("lab-unsaved-list").replaceChildren(...rows);
    byId("lab-unsaved-retry").hidden = waiting.length === 0;
  }

  waitingRow(entry) {
    return element("li", {}, element("span", {}, `Image ${entry.image_id}: ${summary(entry)}`), element("small", {}, entry.attempts > 0 ? `tried ${entry.attempts} ×` : "waiting"));
  }

  row(entry) {
    const buttons = entry.status === "clash"
      ? [["Keep mine", () => this.keepMine(entry)], ["Keep theirs", () => this.sync.drop([entry])]]
      : [["Send again", () => this.again(entry)], ["Discard", () => this.discard(entry)]];
    const made = buttons.map(([label, run]) => element("button", { type: "button", onclick: () => { run(); this.list(); } }, label));
    const text = element("span", {}, `Image ${entry.image_id}: ${summary(entry)}`, entry.error ? element("small", {}, ` ${entry.error.message} ${entry.error.hint ?? ""}`) : null);
    return element("li", {}, text, ...made, entry.clash ? this.versions(entry.clash) : null);
  }

  again(entry) {
    this.sync.retry(entry);
    if (this.app.isOpen(entry.image_id)) this.app.refresh();
  }

  discard(entry) {
    this.sync.drop([entry]);
    const { place, written, flying, ...copy } = entry;
    this.app.toast({ text: `Discarded: ${summary(entry)}.`, actions: [{ label: "Put back", run: () => this.sync.add({ ...copy, seq: undefined }) }] });
  }

  // --- as they happen ---

  refused(entry) {
    if (this.app.isOpen(entry.image_id)) this.app.refresh();
    const live = this.sync.find(entry.client_id);
    this.app.toast({
      kind: "danger", sticky: true, hint: entry.error.hint,
      text: `The server refused an edit on image ${entry.image_id} (${summary(entry)}): ${entry.error.message} Everything else goes on.`,
      actions: [{ label: "Send again", run: () => this.again(live) }, { label: "Discard", run: () => this.discard(live) }],
    });
  }

  clash(entry) {
    this.app.toast({
      kind: "clash", sticky: true, details: this.versions(entry.clash),
      text: `Box ${entry.clash.box_id} on image ${entry.image_id} was changed by somebody else too. Theirs is shown.`,
      actions: [{ label: "Keep mine", run: () => this.keepMine(entry) }, { label: "Keep theirs", run: () => this.sync.drop([entry]) }],
    });
  }

  versions({ mine, theirs }) {
    const words = (box) => (box ? `${this.app.classes.get(box.class_id).name} · ${[box.x, box.y, box.w, box.h].map((v) => Math.round(v * 10) / 10).join(", ")}` : "deleted");
    return element("dl", { class: "lab-versions" }, element("dt", {}, "mine"), element("dd", {}, words(mine)), element("dt", {}, "theirs"), element("dd", {}, words(theirs)));
  }

  keepMine(entry) {
    const { clash, image_id, revision } = entry;
    const id = this.sync.uuid();
    const edits = keepMine(clash, `${id}.0`);
    this.sync.drop([entry]);
    if (edits.length === 0) return;
    if (this.app.isOpen(image_id)) this.app.dispatch({ type: "edits", edits, id });
    else this.sync.add({ client_id: id, image_id, kind: "edits", base_revision: revision, edits, before: clash.theirs ? { [clash.box_id]: clash.theirs } : {} });
  }
}
