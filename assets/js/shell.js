// What every page does: theme, menus, help, local times, messages, and going places by key.
import { base, ours } from "./base.js";

const root = document.documentElement;
const themes = ["system", "light", "dark"];

function showTheme() {
  const chosen = localStorage.getItem("theme") ?? "system";
  if (chosen === "system") delete root.dataset.theme;
  else root.dataset.theme = chosen;
  const name = chosen[0].toUpperCase() + chosen.slice(1);
  for (const place of document.querySelectorAll("[data-theme-name]")) place.textContent = name;
  for (const button of document.querySelectorAll("[data-theme-switch]")) button.setAttribute("aria-label", `Theme: ${name}. Change`);
  document.dispatchEvent(new CustomEvent("theme:changed"));
}

function nextTheme() {
  const chosen = localStorage.getItem("theme") ?? "system";
  localStorage.setItem("theme", themes[(themes.indexOf(chosen) + 1) % themes.length]);
  showTheme();
}

/** Times in the reader's own zone; the server writes UTC. */
export function localTimes(scope = document) {
  for (const time of scope.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    time.title = at.toLocaleString();
    const two = (n) => String(n).padStart(2, "0");
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    time.textContent = "day" in time.dataset ? day : `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }
}

/** A short message at the edge of the page, read out by screen readers. */
export function toast(text, bad = false) {
  const note = document.createElement("div");
  note.className = bad ? "toast bad" : "toast";
  note.textContent = text;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), bad ? 12000 : 5000);
}

/** What a failed answer says, whichever way it was asked for. */
export async function failure(response) {
  const body = await response.json().catch(() => null);
  const error = body?.error;
  return error ? [error.message, error.hint].filter(Boolean).join(": ") : `The server answered ${response.status}.`;
}

/** True while a person is writing: keys then belong to the text. */
export function typing(event) {
  const at = event.composedPath()[0];
  return at instanceof Element && (at.closest("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select") !== null || at.isContentEditable);
}

async function help() {
  const overlay = document.getElementById("help-overlay");
  if (overlay.open) return overlay.close();
  const answer = await fetch(ours(`/help/_keys?page=${document.body.dataset.section}`)).catch(() => null);
  if (!answer?.ok) return location.assign(ours("/help"));
  overlay.querySelector("[data-keys]").innerHTML = await answer.text();
  overlay.showModal();
}

const places = { d: "datasets", g: "gallery", l: "label", w: "work", s: "sql", e: "map", p: "prelabel", c: "calibrate", m: "models", j: "jobs", h: "history", t: "trash" };
let going = -Infinity;

function go(event) {
  const link = document.querySelector(`.rail a[href*="/${places[event.key]}"]`);
  going = -Infinity;
  if (link) { event.preventDefault(); link.click(); }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details[data-menu][open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) return;
  if (event.key === "?") { event.preventDefault(); help(); return; }
  if (document.body.dataset.section === "label") return;
  if (event.timeStamp - going < 1200 && places[event.key]) { go(event); return; }
  going = event.key === "g" ? event.timeStamp : -Infinity;
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest("[data-theme-switch]")) nextTheme();
  if (at?.closest("[data-help]") && !event.ctrlKey && !event.metaKey) { event.preventDefault(); help(); }
  if (at === document.getElementById("help-overlay")) at.close();
});

// A failure that the server has put into a toast goes where the server says, whatever its status.
const intoToasts = (xhr) => xhr.getResponseHeader("HX-Retarget") === "#toasts";

/** Takes toasts that came from the server down after a while; the same words, asked for every second, hang only once. */
function tidyToasts(box) {
  const told = new Set();
  for (const note of [...box.children].reverse()) {
    if (told.has(note.textContent)) note.remove();
    told.add(note.textContent);
  }
  const newest = box.lastElementChild;
  setTimeout(() => newest?.remove(), 12000);
}

document.addEventListener("htmx:beforeSwap", (event) => { if (intoToasts(event.detail.xhr)) event.detail.shouldSwap = true; });
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "toasts") tidyToasts(event.detail.target);
  else localTimes(event.detail.target.parentElement ?? document);
});
document.addEventListener("htmx:sendError", () => toast("The server does not answer. Is Tator still running?", true));
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (intoToasts(xhr)) return;
  let error = null;
  try { error = JSON.parse(xhr.responseText).error; } catch { /* a page, not a message */ }
  toast(error ? [error.message, error.hint].filter(Boolean).join(": ") : `The server answered ${xhr.status}.`, true);
});

if (document.body.dataset.dataset) document.cookie = `tator_recent=${document.body.dataset.dataset}; path=${base || "/"}; samesite=strict; max-age=31536000`;
showTheme();
localTimes();
