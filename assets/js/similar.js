// Look-alikes: a region drawn on the picture that is asked about, a picture of one's own, and arrows along the wall.
import { typing } from "./shell.js";

const place = document.querySelector("[data-similar]");

/** The same question about something else: what was asked about goes, the rest of the address stays. */
function ask(pairs) {
  const next = new URL(place.dataset.href, location.href);
  const now = new URLSearchParams(location.search);
  for (const key of ["of", "encoder", "k", "state", "where"]) if (now.has(key)) next.searchParams.set(key, now.get(key));
  for (const [key, value] of Object.entries(pairs)) next.searchParams.set(key, value);
  location.assign(next);
}

/** Where the pointer is, in pixels of the image. */
function at(svg, event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const { width, height } = svg.viewBox.baseVal;
  return [Math.max(0, Math.min(width, point.x)), Math.max(0, Math.min(height, point.y))];
}

function drawing(svg) {
  const shown = svg.querySelector("[data-drawn]");
  let from = null;
  let rect = null;
  const show = () => {
    const [x, y, w, h] = rect ?? [0, 0, 0, 0];
    for (const [key, value] of Object.entries({ x, y, width: w, height: h })) shown.setAttribute(key, value);
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    from = at(svg, event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = at(svg, event);
    rect = [Math.min(x, from[0]), Math.min(y, from[1]), Math.abs(x - from[0]), Math.abs(y - from[1])];
    show();
  });
  svg.addEventListener("pointerup", () => {
    const drawn = rect;
    [from, rect] = [null, null];
    // A click is no region.
    if (drawn && drawn[2] >= 3 && drawn[3] >= 3) ask({ image: svg.dataset.draw, rect: drawn.map((n) => n.toFixed(1)).join(",") });
    else show();
  });
  svg.addEventListener("pointercancel", () => { [from, rect] = [null, null]; show(); });
}

async function upload(file) {
  const wrong = document.querySelector("[data-upload-wrong]");
  wrong.hidden = true;
  try {
    const answer = await fetch(place.dataset.url, { method: "POST", body: file });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error?.message ?? "The picture was not taken.");
    ask({ picture: told.picture });
  } catch (error) {
    wrong.textContent = error.message;
    wrong.hidden = false;
  }
}

function dropping() {
  const mark = (on) => place.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  document.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    mark(false);
    upload(file);
  });
}

function across() {
  return Number(getComputedStyle(document.getElementById("pieces")).getPropertyValue("--across")) || 5;
}

const steps = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -across(), ArrowDown: () => across() };

function keys(event) {
  if (event.defaultPrevented || event.altKey || event.metaKey || event.ctrlKey || typing(event)) return;
  if (event.target.matches?.("input, select") || document.querySelector("dialog[open]")) return;
  if (event.key === "/") { event.preventDefault(); (document.querySelector("[data-find]") ?? document.getElementById("similar-image")).focus(); return; }
  const all = [...document.querySelectorAll("#pieces .frame")];
  const now = document.activeElement.closest?.("#pieces .frame");
  if (event.key === "s" && now) { event.preventDefault(); location.assign(now.dataset.href); return; }
  const step = steps[event.key];
  if (!step || all.length === 0) return;
  event.preventDefault();
  const next = now ? all[all.indexOf(now) + step()] : all[0];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

for (const svg of document.querySelectorAll("[data-draw]")) drawing(svg);
document.querySelector("[data-upload]")?.addEventListener("change", (event) => { if (event.target.files[0]) upload(event.target.files[0]); });
dropping();
document.addEventListener("keydown", keys);
