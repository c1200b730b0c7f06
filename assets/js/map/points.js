// Points of a map and what is said about them, as they come from the server.
import { ours } from "../base.js";
import { failure } from "../shell.js";

export const OTHERS = 254;
export const NONE = 255;

/** Splits the bytes of `…/points`; nothing is copied. */
export function readPoints(buffer) {
  const [count, hasBoxes] = new Uint32Array(buffer, 0, 2);
  let at = 8;
  const take = (Kind) => { const part = new Kind(buffer, at, count); at += part.byteLength; return part; };
  const images = take(Float64Array);
  const boxes = hasBoxes ? take(Float64Array) : null;
  return { count, images, boxes, x: take(Float32Array), y: take(Float32Array) };
}

/** Splits the bytes of `…/values`: a head, and a number or a code for each point. */
export function readValues(buffer) {
  const length = new Uint32Array(buffer, 0, 1)[0];
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const body = 4 + length;
  const values = head.kind === "numbers" ? new Float32Array(buffer, body, head.count) : new Uint8Array(buffer, body, head.count);
  return { head, values };
}

/** Codes 0 to 253 from the lowest to the highest number; without spread all are in the middle. */
export function coded(values, low, high) {
  const spread = high - low;
  const codes = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    codes[at] = Number.isFinite(value) ? (spread > 0 ? Math.round(((value - low) / spread) * 253) : 127) : NONE;
  }
  return codes;
}

/** The smallest box around all points: [left, bottom, right, top]. */
export function boundsOf({ x, y, count }) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < count; at++) {
    if (x[at] < bounds[0]) bounds[0] = x[at];
    if (y[at] < bounds[1]) bounds[1] = y[at];
    if (x[at] > bounds[2]) bounds[2] = x[at];
    if (y[at] > bounds[3]) bounds[3] = y[at];
  }
  return count > 0 ? bounds : [0, 0, 1, 1];
}

async function bytes(path) {
  const answer = await fetch(ours(path));
  if (!answer.ok) throw new Error(await failure(answer));
  return answer.arrayBuffer();
}

const place = ({ dataset, map }) => `/api/v1/datasets/${dataset}/maps/${encodeURIComponent(map)}`;

export const askPoints = async (of) => readPoints(await bytes(`${place(of)}/points`));

export const askValues = async (of, expression) => readValues(await bytes(`${place(of)}/values?of=${encodeURIComponent(expression)}`));

/** Rows of a statement as objects. */
export async function ask(sql) {
  const answer = await fetch(ours("/api/v1/sql"), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ sql, limit: 500 }) });
  if (!answer.ok) throw new Error(await failure(answer));
  const { columns, rows } = await answer.json();
  return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column.name, row[at]])));
}

const crops = new Map();

/** Where points are on their pictures: what a preview needs, kept. */
export async function places({ dataset, points }, rows) {
  const wanted = rows.filter((row) => !crops.has(row));
  if (wanted.length > 0) {
    const id = points.boxes ?? points.images;
    const list = wanted.map((row) => id[row]).join(", ");
    const sql = points.boxes
      ? `SELECT b.box_id AS id, i.image_id, i.path, i.width, i.height, b.x, b.y, b.w, b.h, c.name AS class FROM ${dataset}.boxes b JOIN ${dataset}.images i USING (image_id) JOIN ${dataset}.classes c USING (class_id) WHERE b.box_id IN (${list})`
      : `SELECT image_id AS id, image_id, path, width, height FROM ${dataset}.images WHERE image_id IN (${list})`;
    const found = new Map((await ask(sql)).map((row) => [Number(row.id), row]));
    for (const row of wanted) crops.set(row, found.get(id[row]) ?? null);
  }
  return rows.map((row) => crops.get(row));
}
