// Small marks in the gallery: who looks at which picture now.
import { ours } from "./base.js";

const EVERY_MS = 5000;
const root = ours(`/api/v1/datasets/${encodeURIComponent(document.body.dataset.dataset)}`);
let marked = [];

function mark(present) {
  for (const cell of marked) cell.querySelector(".here")?.remove();
  const names = Map.groupBy?.(present, (one) => one.image_id) ?? present.reduce((map, one) => map.set(one.image_id, [...(map.get(one.image_id) ?? []), one]), new Map());
  marked = [];
  for (const [image, people] of names) {
    const cell = document.querySelector(`.cell[data-image="${Number(image)}"]`);
    if (!cell) continue;
    const told = people.map((one) => one.name).join(", ");
    const badge = document.createElement("span");
    badge.className = "here";
    badge.title = `Open now: ${told}`;
    badge.textContent = people.length > 1 ? `${people.length} here` : told;
    cell.append(badge);
    marked.push(cell);
  }
}

async function look() {
  if (!document.hidden) {
    const answer = await fetch(`${root}/presence`).catch(() => null);
    if (answer?.ok) mark((await answer.json()).present);
  }
  setTimeout(look, EVERY_MS);
}

if (document.getElementById("pieces")) look();
