// Draws points without WebGL: at most so many, square after square.
import { shuffled } from "./gl.js";

const MOST = 60000;

export function flatDrawing(canvas, points) {
  const context = canvas.getContext("2d");
  const order = shuffled(points.count).subarray(0, MOST);
  let colours = new Uint8Array(1024), codes = new Uint8Array(points.count), moods = new Uint8Array(points.count).fill(1);
  return {
    plain: true,
    count: order.length,
    colours: (bytes) => { colours = bytes; },
    codes: (values) => { codes = values; },
    moods: (values) => { moods = values; },
    draw(camera, [width, height], { size, picking, from, to }) {
      const pixels = canvas.width / width;
      context.setTransform(pixels, 0, 0, pixels, 0, 0);
      if (from === 0) context.clearRect(0, 0, width, height);
      for (const point of order.subarray(from, to)) {
        if (moods[point] === 0) continue;
        const x = (points.x[point] - camera.x) * camera.scale + width / 2, y = (camera.y - points.y[point]) * camera.scale + height / 2;
        if (x < 0 || y < 0 || x > width || y > height) continue;
        const at = codes[point] * 4;
        context.globalAlpha = picking && moods[point] !== 2 ? 0.16 : 0.82;
        context.fillStyle = `rgb(${colours[at]} ${colours[at + 1]} ${colours[at + 2]})`;
        context.fillRect(x - size / 2, y - size / 2, size, size);
      }
    },
    finish: () => {},
  };
}
