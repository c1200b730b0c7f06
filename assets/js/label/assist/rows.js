// What is in flight, as rows for the overlay and one line for the top bar. Pure.
import { lasted } from "./words.js";

const ROLES = { current: "this image", next: "next image", previous: "previous image", kept: "kept" };
const WORDS = { waiting: "waits", encoding: "encoding", running: "running", ready: "ready", failed: "failed", done: "done", superseded: "dropped" };
const DOING = { decode: "Mask on", classify: "Class of a box on", learn: "Learn", tweak: "Fit" };
const ORDER = ["current", "next", "previous", "kept"];
const fileOf = (path) => (path ?? "").slice((path ?? "").lastIndexOf("/") + 1);

/** Rows for the server's slots: one per image that is encoded or about to be. */
function slotRows({ slots = [], tasks = [] }, nameOf) {
  const sorted = [...slots].sort((a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role));
  return sorted.map((slot) => {
    const task = tasks.find((each) => each.kind === "encode" && each.image_id === slot.image_id && each.state !== "superseded");
    const ms = slot.state === "ready" ? slot.encode_ms : task?.ms;
    const live = slot.state === "waiting" || slot.state === "encoding";
    return { key: `slot ${slot.image_id}`, kind: "encode", role: slot.role, label: `Encode ${ROLES[slot.role] ?? slot.role}`, detail: fileOf(slot.path ?? nameOf(slot.image_id)) || `image ${slot.image_id}`, state: slot.state, word: WORDS[slot.state] ?? slot.state, time: lasted(ms), live, note: slot.error ?? "" };
  });
}

/** A request of this tab; one that asks about an image not yet encoded waits for that, not for its turn. */
function runRow(run, slots, now) {
  const slot = slots.find((each) => each.image_id === run.image_id);
  const behind = run.state === "running" && run.kind !== "classify" && slot && (slot.state === "waiting" || slot.state === "encoding");
  const word = behind ? "waits for the encoding" : run.state === "waiting" ? "waits its turn" : WORDS[run.state] ?? run.state;
  return {
    key: `run ${run.id}`, kind: run.kind, label: run.label, detail: run.detail ?? "", state: behind ? "waiting" : run.state, word,
    time: lasted(run.ms ?? now - run.since), live: run.ended === undefined, note: run.note, cancel: run.ended === undefined ? run.cancel : null, share: run.share,
  };
}

/** What other tabs keep the model busy with, as far as the server says so. */
function otherRows({ tasks = [] }, mine) {
  const kinds = new Set(mine.filter((run) => run.ended === undefined).map((run) => (run.kind === "classify" ? "classify" : "decode")));
  return tasks.filter(({ kind, state }) => kind !== "encode" && (state === "running" || state === "waiting") && !kinds.has(kind))
    .map((task) => ({ key: `task ${task.id}`, kind: task.kind, label: `${DOING[task.kind] ?? task.kind} ${task.label ?? ""}`.trim(), detail: "", state: task.state, word: WORDS[task.state], time: lasted(task.ms), live: true, note: "" }));
}

/** @param runs those worth showing; @param nameOf path of an image, when the page knows it */
export function rowsOf(status, runs, now, nameOf = () => "") {
  const known = status ?? {};
  const rows = [...runs.map((run) => runRow(run, known.slots ?? [], now)), ...slotRows(known, nameOf), ...otherRows(known, runs)];
  return [...rows.filter((row) => row.live), ...rows.filter((row) => !row.live)];
}

/** Somebody waits for it: asked for by this tab, or the image on screen; the rest is preparation. */
export const isAwaited = (row) => row.live && (row.key.startsWith("run ") || row.role === "current");

/** The names of providers as people know them. */
export function providerName(provider) {
  if (!provider) return "";
  const short = provider.replace(/ExecutionProvider$/, "");
  return { cpu: "CPU", cuda: "CUDA", tensorrt: "TensorRT", coreml: "CoreML", directml: "DirectML" }[short.toLowerCase()] ?? short;
}

/** @returns {text, mood: "off" | "idle" | "busy" | "warn", provider, title} */
export function headline(status, rows, latency) {
  const provider = providerName(latency?.provider ?? status?.provider);
  const live = rows.filter(isAwaited);
  const busy = rows.some((row) => row.live);
  if (!status) return { text: "", mood: "off", provider: "", title: "The models have not answered yet." };
  if (!status.segmenter && !status.embedder) return { text: "No model", mood: "off", provider: "", title: "No model is installed. Fetch one with: tator models pull mobilesam" };
  const broken = rows.find((row) => row.role === "current" && row.state === "failed");
  if (broken && !live.length) return { text: "This image cannot be read by the model", mood: "warn", provider, title: broken.note };
  const text = live.length ? `${live[0].label}${live.length > 1 ? ` +${live.length - 1}` : ""}` : latency ? `Mask ${lasted(latency.ms)}` : busy ? "Preparing" : "Models ready";
  const parts = latency ? [latency.cached ? "encoding at hand" : `encode ${lasted(latency.encode)}`, `decode ${lasted(latency.decode)}`] : [];
  const title = [status.notice, status.segmenter, parts.join(", "), `runs on ${provider || "an unknown provider"}`].filter(Boolean).join(" · ");
  return { text, mood: status.notice ? "warn" : busy ? "busy" : "idle", provider, title };
}
