// Thousands of rectangle outlines at once. Canvas calls cost several microseconds each without a graphics card; writing
// the pixels of the outlines into one buffer costs about one (measured: 5,000 boxes at 1552 × 1018, 47 ms as filled edges,
// 19 ms as stroked rectangles, within one 16.7 ms frame this way).

/** #rrggbb and an opacity as one pixel of ImageData on a little-endian machine. */
export function packed(colour, opacity = 1) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return ((Math.round(opacity * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export class PixelLayer {
  constructor(width, height) {
    Object.assign(this, { width, height });
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.clip([0, 0, width, height]);
  }

  /** What is written from now on stays inside [x0, y0, x1, y1). */
  clip([x0, y0, x1, y1]) {
    Object.assign(this, { x0, y0, x1, y1 });
  }

  clear() {
    this.fill(this.x0, this.y0, this.x1, this.y1, 0);
  }

  /** Moves everything; gives the one or two rectangles that came into sight and hold rubbish. */
  scroll(dx, dy) {
    const { width, height, pixels } = this;
    const by = dy * width + dx;
    if (by > 0) pixels.copyWithin(by, 0, pixels.length - by);
    else pixels.copyWithin(0, -by);
    const bare = [];
    if (dx) bare.push(dx > 0 ? [0, 0, dx, height] : [width + dx, 0, width, height]);
    if (dy) bare.push(dy > 0 ? [0, 0, width, dy] : [0, height + dy, width, height]);
    return bare;
  }

  /** Fills [x0, x1) × [y0, y1), clipped. */
  fill(x0, y0, x1, y1, value) {
    const { width, pixels } = this;
    const left = x0 < this.x0 ? this.x0 : x0;
    const right = x1 > this.x1 ? this.x1 : x1;
    const bottom = y1 > this.y1 ? this.y1 : y1;
    const top = y0 < this.y0 ? this.y0 : y0;
    if (right - left > 48) {
      for (let y = top, row = y * width; y < bottom; y++, row += width) pixels.fill(value, row + left, row + right);
      return;
    }
    for (let y = top, row = y * width; y < bottom; y++, row += width) {
      for (let i = row + left, end = row + right; i < end; i++) pixels[i] = value;
    }
  }

  /** A line of thickness t, stepped from pixel to pixel; with `dash`, that many steps drawn and as many left out. */
  line(x0, y0, x1, y1, t, value, dash = 0) {
    if (Math.min(x0, x1) - t > this.x1 || Math.max(x0, x1) + t < this.x0 || Math.min(y0, y1) - t > this.y1 || Math.max(y0, y1) + t < this.y0) return;
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
    const stride = Math.max(1, t >> 1);
    const [dx, dy, half] = [(x1 - x0) / steps, (y1 - y0) / steps, t >> 1];
    for (let i = 0; i <= steps; i += stride) {
      if (dash && Math.floor(i / dash) % 2) continue;
      const [x, y] = [Math.round(x0 + dx * i) - half, Math.round(y0 + dy * i) - half];
      this.fill(x, y, x + t, y + t, value);
    }
  }

  /** An outline of thickness t just inside the rectangle. */
  outline(x, y, w, h, t, value) {
    if (x >= this.x1 || y >= this.y1 || x + w <= this.x0 || y + h <= this.y0) return;
    this.fill(x, y, x + w, y + t, value);
    this.fill(x, y + h - t, x + w, y + h, value);
    this.fill(x, y + t, x + t, y + h - t, value);
    this.fill(x + w - t, y + t, x + w, y + h - t, value);
  }
}
