// Importing by drag and drop: gathers a folder or a zip, sends it with progress, then goes to the job's page.
import { ours } from "./base.js";
import { toast } from "./shell.js";

const form = document.getElementById("import");
const zone = form.querySelector("[data-drop]");
const part = (name) => zone.querySelector(`[data-${name}]`);
let chosen = [];

const size = (bytes) => {
  const units = ["bytes", "kB", "MB", "GB"];
  let at = 0;
  while (bytes >= 1000 && at < 3) { bytes /= 1000; at += 1; }
  return `${at === 0 ? bytes : bytes.toFixed(1)} ${units[at]}`;
};

/** Every file under a dropped entry, with its path below what was dropped. */
async function filesUnder(entry, prefix = "") {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ path: prefix + entry.name, file }];
  }
  const reader = entry.createReader();
  const found = [];
  // readEntries gives at most a hundred at a time; an empty answer is the end.
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const child of some) found.push(...await filesUnder(child, `${prefix}${entry.name}/`));
  }
}

function show(files) {
  chosen = files.filter(({ path }) => !path.split("/").some((name) => name.startsWith(".") || name === "__MACOSX"));
  const full = chosen.length > 0;
  zone.classList.toggle("full", full);
  part("clear").hidden = !full;
  part("files").hidden = !full;
  for (const pick of zone.querySelectorAll("[data-pick]")) pick.hidden = full;
  form.elements.source.disabled = full;
  const link = form.querySelector("[data-path-only]");
  link.disabled = full;
  if (full) form.querySelector("[name=mode][value=copy]").checked = true;
  const bytes = chosen.reduce((sum, { file }) => sum + file.size, 0);
  part("drop-title").textContent = full ? `${chosen.length.toLocaleString("en")} ${chosen.length === 1 ? "file" : "files"}, ${size(bytes)}` : "Drop a folder or a zip here";
  part("drop-words").textContent = full ? "They are sent to Tator on this machine when you import." : "It is copied into the workspace; labels are found beside the images.";
  part("files").replaceChildren(...chosen.slice(0, 60).map(({ path }) => Object.assign(document.createElement("li"), { textContent: path })));
  if (full && !form.elements.dataset.value) form.elements.dataset.value = nameFrom(chosen[0].path);
}

/** A dataset's name out of the first folder's or the zip's. */
function nameFrom(path) {
  const plain = path.split("/")[0].replace(/\.zip$/i, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "");
  return plain.slice(0, 60);
}

/** The wishes that go with the files, as the API names them. */
function wishes(checkOnly) {
  const field = form.elements;
  const split = field.split.value === "none" ? "" : field.split.value;
  return { format: field.format.value, dry_run: String(checkOnly), task: field.task.value, split, one_based: String(field.one_based.checked), existing: field.existing.value };
}

function send(checkOnly) {
  const body = new FormData();
  for (const [name, value] of Object.entries(wishes(checkOnly))) body.append(name, value);
  for (const { path, file } of chosen) body.append("files", file, path);
  const request = new XMLHttpRequest();
  const progress = part("sending").querySelector("progress");
  part("sending").hidden = false;
  request.upload.onprogress = ({ loaded, total }) => {
    progress.value = loaded / total;
    part("sent").textContent = `${size(loaded)} of ${size(total)} sent`;
  };
  request.onerror = () => stopped("The server does not answer. Is Tator still running?");
  request.onload = () => {
    let answer = null;
    try { answer = JSON.parse(request.responseText); } catch { /* told below */ }
    if (request.status === 202) { location.assign(ours(`/jobs/${answer.job_id}`)); return; }
    stopped(answer?.error ? [answer.error.message, answer.error.hint].filter(Boolean).join(": ") : `The server answered ${request.status}.`);
  };
  busy(true);
  request.open("POST", ours(`/api/v1/datasets/${encodeURIComponent(form.elements.dataset.value)}/uploads`));
  request.send(body);
}

function busy(on) {
  for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = on;
  form.setAttribute("aria-busy", String(on));
}

function stopped(words) {
  busy(false);
  part("sending").hidden = true;
  toast(words, true);
}

form.addEventListener("submit", (event) => {
  if (chosen.length === 0 || event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  send(event.submitter?.name === "dry_run");
});
for (const kind of ["folder", "zip"]) {
  const input = document.getElementById(`pick-${kind}`);
  zone.querySelector(`[data-pick=${kind}]`).addEventListener("click", () => input.click());
  input.addEventListener("change", () => show([...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }))));
}
part("clear").addEventListener("click", () => show([]));
for (const name of ["dragenter", "dragover"]) document.addEventListener(name, (event) => { event.preventDefault(); zone.classList.add("over"); });
for (const name of ["dragleave", "drop"]) document.addEventListener(name, (event) => { event.preventDefault(); if (name === "drop" || !event.relatedTarget) zone.classList.remove("over"); });
document.addEventListener("drop", async (event) => {
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  try {
    show((await Promise.all(entries.map((entry) => filesUnder(entry)))).flat());
  } catch (error) {
    toast(`The browser could not read what was dropped: ${error.message}`, true);
  }
});
zone.hidden = false;
