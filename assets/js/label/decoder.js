// A worker: turns the bytes of a picture into bitmaps, away from the page's thread. Each level is half as large as the one
// before; a large level is cut into tiles, so that a graphics card takes up only what is in sight.
const SMALLEST = 640; // longest side of the last level: a picture is never shrunk to less than half a level when it is drawn
const PREVIEW = 2048; // longest side of what a preview keeps
const TILE = 2048;
const WHOLE = 4096; // longest side that stays in one piece

const longest = ({ width, height }) => Math.max(width, height);

function halved(bitmap) {
  const [width, height] = [Math.ceil(bitmap.width / 2), Math.ceil(bitmap.height / 2)];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "medium";
  context.drawImage(bitmap, 0, 0, width, height);
  return canvas.transferToImageBitmap();
}

async function cut(bitmap) {
  const { width, height } = bitmap;
  if (longest(bitmap) <= WHOLE) return { width, height, tiles: [{ x: 0, y: 0, bitmap }] };
  const tiles = [];
  for (let y = 0; y < height; y += TILE) {
    for (let x = 0; x < width; x += TILE) {
      tiles.push({ x, y, bitmap: await createImageBitmap(bitmap, x, y, Math.min(TILE, width - x), Math.min(TILE, height - y)) });
    }
  }
  bitmap.close();
  return { width, height, tiles };
}

/** All levels, the largest first; with `preview` only those that fit a screen. */
export async function decode(blob, preview) {
  const bitmaps = [await createImageBitmap(blob, { imageOrientation: "from-image" })];
  while (longest(bitmaps.at(-1)) > SMALLEST) {
    const last = bitmaps.at(-1);
    bitmaps.push(halved(last));
    if (preview && longest(last) > PREVIEW) bitmaps.shift().close();
  }
  const levels = [];
  for (const bitmap of bitmaps) levels.push(await cut(bitmap));
  return levels;
}

if (typeof WorkerGlobalScope !== "undefined") {
  self.onmessage = async ({ data: { turn, blob, preview } }) => {
    try {
      const levels = await decode(blob, preview);
      self.postMessage({ turn, levels }, levels.flatMap(({ tiles }) => tiles.map(({ bitmap }) => bitmap)));
    } catch (error) {
      self.postMessage({ turn, error: error.message });
    }
  };
}
