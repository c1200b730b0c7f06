// The wall of pictures: size, arrows, choosing several, and letting go of what is far out of sight.
import { typing } from "./shell.js";

const WIDTHS = [2, 3, 4, 5, 6, 8, 10, 12];
const pieces = document.getElementById("pieces");

function across() {
  return Number(getComputedStyle(pieces).getPropertyValue("--across")) || 5;
}

/** The slider goes from many small pictures to few large ones. */
function sizing() {
  const place = document.querySelector("[data-size]");
  const slider = place.querySelector("input");
  const kept = Number(localStorage.getItem("gallery-across"));
  if (WIDTHS.includes(kept)) pieces.dataset.across = kept;
  const tell = () => {
    slider.value = WIDTHS.length - 1 - Math.max(0, WIDTHS.indexOf(across()));
    slider.setAttribute("aria-valuetext", `${across()} in a row`);
  };
  slider.addEventListener("input", () => {
    const n = WIDTHS[WIDTHS.length - 1 - Number(slider.value)];
    const top = firstInSight();
    pieces.dataset.across = n;
    localStorage.setItem("gallery-across", n);
    for (const piece of pieces.querySelectorAll(".piece[data-gone]")) estimate(piece);
    top?.scrollIntoView({ block: "start" });
    tell();
  });
  tell();
  place.hidden = false;
}

function firstInSight() {
  const bar = document.querySelector(".bar-top").getBoundingClientRect().bottom;
  for (const piece of pieces.querySelectorAll(".piece")) {
    const { bottom } = piece.getBoundingClientRect();
    if (bottom <= bar) continue;
    for (const cell of piece.children) if (cell.getBoundingClientRect().bottom > bar + 20) return cell;
  }
  return null;
}

// Pieces more than some screens away lose their pictures and keep their height, so that a hundred thousand images
// cost no more than a few hundred; they are fetched again when they come near.
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) restore(target); else release(target);
}, { rootMargin: "400% 0px" });

function release(piece) {
  if ("gone" in piece.dataset || piece.contains(document.activeElement) || piece.childElementCount === 0) return;
  piece.dataset.gone = piece.childElementCount;
  piece.style.height = `${piece.getBoundingClientRect().height}px`;
  piece.replaceChildren();
}

function estimate(piece) {
  const width = (pieces.clientWidth - 16 - 8 * (across() - 1)) / across();
  piece.style.height = `${Math.ceil(Number(piece.dataset.gone) / across()) * (width * 0.75 + 32)}px`;
}

async function restore(piece) {
  if (!("gone" in piece.dataset) || "coming" in piece.dataset) return;
  piece.dataset.coming = "";
  try {
    const answer = await fetch(piece.dataset.piece);
    if (!answer.ok) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".piece");
    if (part === null) return;
    piece.replaceChildren(...part.childNodes);
    delete piece.dataset.gone;
    piece.style.height = "";
    mark();
  } finally {
    delete piece.dataset.coming;
  }
}

function watch() {
  for (const piece of pieces.querySelectorAll(".piece:not([data-watched])")) {
    piece.dataset.watched = "";
    near.observe(piece);
  }
}

// Back and reload return to the same pictures: the address follows what is in sight.
let settling = 0;
function follow() {
  clearTimeout(settling);
  settling = setTimeout(() => {
    const cell = firstInSight();
    const start = pieces.querySelector(".piece");
    const place = new URL(start.dataset.piece.replace("/_rows", ""), location.href);
    // Numbers rise along the wall, so the one before this picture is where to go on from.
    if (cell && cell.parentElement !== start) place.searchParams.set("after", Number(cell.dataset.image) - 1);
    history.replaceState(history.state, "", place);
  }, 250);
}

// Choosing several: X, or Ctrl+click; Shift+click takes everything between.
const picked = new Set();
let last = null;

function mark() {
  for (const cell of pieces.querySelectorAll(".cell")) {
    const on = picked.has(cell.dataset.image);
    if (cell.classList.contains("picked") === on) continue;
    cell.classList.toggle("picked", on);
    const name = cell.querySelector(".sr");
    name.textContent = name.textContent.replace(/, chosen$/, "") + (on ? ", chosen" : "");
  }
}

function picking() {
  mark();
  const row = document.querySelector("[data-selection]");
  row.hidden = picked.size === 0;
  row.querySelector("[data-selected]").textContent = `${picked.size} chosen`;
  if (picked.size > 0) row.querySelector("[data-alike]").href = `${pieces.dataset.href}?image=${[...picked].at(-1)}`;
  const ids = [...picked].map(Number).sort((a, b) => a - b);
  row.querySelector("[data-open-selected]").href = `${pieces.dataset.label}?image=${ids[0]}&where=${encodeURIComponent(`image_id IN (${ids.join(", ")})`)}`;
}

function pick(cell, between) {
  const all = [...pieces.querySelectorAll(".cell")];
  const from = between && last ? all.indexOf(last) : -1;
  if (from >= 0) {
    const to = all.indexOf(cell);
    for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) picked.add(one.dataset.image);
  } else if (!picked.delete(cell.dataset.image)) {
    picked.add(cell.dataset.image);
  }
  last = cell;
  picking();
}

const steps = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -across(), ArrowDown: () => across() };

function keys(event) {
  if (event.defaultPrevented || event.altKey || event.metaKey || event.ctrlKey || document.querySelector("dialog[open]")) return;
  if (event.key === "/" && !typing(event)) { event.preventDefault(); document.querySelector("[data-find]").focus(); return; }
  if (typing(event)) { if (event.key === "Escape") document.activeElement.blur(); return; }
  if (event.target.matches?.("input")) return;
  const at = document.activeElement.closest?.(".cell");
  if (event.key === "Escape" && picked.size > 0) { picked.clear(); picking(); return; }
  if (event.key === "s" && at) { event.preventDefault(); location.assign(`${pieces.dataset.href}?image=${at.dataset.image}`); return; }
  if (event.key === "x" && at) { event.preventDefault(); pick(at, false); return; }
  const step = steps[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...pieces.querySelectorAll(".cell")];
  const next = at ? all[all.indexOf(at) + step()] : firstInSight();
  if (event.shiftKey && at && next) { picked.add(at.dataset.image); picked.add(next.dataset.image); picking(); }
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}

if (pieces) {
  sizing();
  watch();
  document.addEventListener("htmx:afterSettle", () => { watch(); mark(); });
  document.addEventListener("scroll", follow, { passive: true });
  document.addEventListener("keydown", keys);
  document.querySelector("[data-clear]").addEventListener("click", () => { picked.clear(); picking(); });
  pieces.addEventListener("click", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
    event.preventDefault();
    pick(cell, event.shiftKey);
  });
} else {
  document.addEventListener("keydown", keys);
}
