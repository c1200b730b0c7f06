// What was chosen: how many, some of them as pictures, and where to go on with them.
import { ours } from "../base.js";
import { failure, toast } from "../shell.js";
import { places } from "./points.js";
import { asSql, shortened } from "./shapes.js";

const CROPS = 24;
/** More images than these do not fit an address. */
const IN_ADDRESS = 300;
const SVG = "http://www.w3.org/2000/svg";

const svg = (name, attributes) => {
  const part = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  return part;
};

/** A point's picture: its box in a window a little larger, or the whole image. */
export function crop(dataset, place) {
  const boxed = place.w !== undefined;
  const margin = boxed ? Math.max(Math.max(place.w, place.h) * 0.25, 6) : 0;
  const window = boxed ? [place.x - margin, place.y - margin, place.w + 2 * margin, place.h + 2 * margin] : [0, 0, place.width, place.height];
  const drawn = svg("svg", { viewBox: window.map((n) => n.toFixed(1)).join(" "), "aria-hidden": "true" });
  const size = boxed && Math.max(place.w, place.h) * 4 < Math.max(place.width, place.height) ? 1024 : 384;
  drawn.append(svg("image", { href: ours(`/api/v1/datasets/${dataset}/images/${place.image_id}/thumb?size=${size}`), width: place.width, height: place.height, preserveAspectRatio: "none" }));
  if (boxed) for (const kind of ["halo", "edge"]) drawn.append(svg("rect", { class: kind, x: place.x, y: place.y, width: place.w, height: place.h }));
  return drawn;
}

/** The images of chosen points, in order, each once. */
export function imagesOf(points, rows) {
  const seen = new Set();
  for (const row of rows) seen.add(points.images[row]);
  return [...seen].sort((a, b) => a - b);
}

/** The condition that means the chosen images: by number when they are few, by the drawn outlines otherwise. */
export function conditionOf({ dataset, view, images, outlines, exact }) {
  if (images.length <= IN_ADDRESS) return `image_id IN (${images.join(", ")})`;
  if (!exact || outlines.length === 0) return null;
  const places = outlines.map((outline) => `(${asSql(shortened(outline))})`).join(" OR ");
  return `image_id IN (SELECT image_id FROM ${dataset}.${view} WHERE ${places})`;
}

/** A statement that gives the chosen points. */
export function statementOf({ dataset, view, points, rows, outlines, exact }) {
  const id = points.boxes ? "box_id" : "image_id";
  const where = outlines.length > 0 && (exact || rows.length > IN_ADDRESS)
    ? outlines.map((outline) => `(${asSql(shortened(outline))})`).join(" OR ")
    : `${id} IN (${[...rows].slice(0, IN_ADDRESS).map((row) => (points.boxes ?? points.images)[row]).join(", ")})`;
  return `SELECT image_id${points.boxes ? ", box_id" : ""}, x, y\nFROM ${dataset}.${view}\nWHERE ${where}`;
}

let shows = 0;

/** Fills the panel. */
export async function showChosen(panel, chosen) {
  const { dataset, points, rows, outlines, exact } = chosen;
  panel.hidden = rows.length === 0;
  if (rows.length === 0) return;
  const part = (name) => panel.querySelector(`[data-${name}]`);
  const images = imagesOf(points, rows), condition = conditionOf({ ...chosen, images });
  part("chosen-count").textContent = rows.length.toLocaleString("en-US");
  part("chosen-words").textContent = `${points.boxes ? "boxes" : "images"}${points.boxes ? ` on ${images.length.toLocaleString("en-US")} images` : ""}`;
  const filter = condition ? `where=${encodeURIComponent(condition)}` : "";
  for (const [name, page] of [["to-gallery", "gallery"], ["to-label", "label"]]) {
    part(name).hidden = condition === null;
    part(name).href = ours(`/d/${dataset}/${page}?${page === "label" ? `image=${images[0]}&` : ""}${filter}`);
  }
  part("to-sql").href = ours(`/sql?dataset=${dataset}&q=${encodeURIComponent(statementOf(chosen))}`);
  part("chosen-note").hidden = condition !== null && (exact || outlines.length === 0 || rows.length <= IN_ADDRESS);
  part("chosen-note").textContent = condition === null
    ? "These are too many images for an address while points are hidden: make a work package of them."
    : "The SQL is of the whole outline; hidden points are in it.";
  await showCrops(part("crops"), chosen);
}

async function showCrops(list, { dataset, points, rows }) {
  const mine = ++shows;
  const step = Math.max(1, Math.floor(rows.length / CROPS));
  const some = Array.from({ length: Math.min(CROPS, rows.length) }, (_, at) => rows[at * step]);
  const found = await places({ dataset, points }, some).catch(() => []);
  if (mine !== shows) return;
  list.replaceChildren(...found.filter(Boolean).map((place) => {
    const line = document.createElement("li"), link = document.createElement("a");
    const box = points.boxes ? `&box=${place.id}` : "";
    link.href = ours(`/d/${dataset}/label?image=${place.image_id}${box}`);
    link.title = place.path;
    link.setAttribute("aria-label", `${place.class ?? "Image"} ${place.id}: open in the labeller`);
    link.append(crop(dataset, place), place.class ?? String(place.image_id));
    line.append(link);
    return line;
  }));
}

/** Makes a work package of the chosen images. */
export async function makePackage({ dataset, points, rows }) {
  const images = imagesOf(points, rows);
  const name = `From the map, ${new Date().toLocaleString()}`;
  const body = JSON.stringify({ name, filter: { where: `image_id IN (${images.join(", ")})` } });
  const answer = await fetch(ours(`/api/v1/datasets/${dataset}/packages`), { method: "POST", headers: { "content-type": "application/json" }, body });
  if (!answer.ok) { toast(await failure(answer), true); return; }
  const [id] = (await answer.json()).package_ids;
  location.assign(ours(`/d/${dataset}/gallery?package=${id}`));
}
