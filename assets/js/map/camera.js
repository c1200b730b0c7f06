// Where the map is looked at: a centre in the map's own coordinates, and pixels a unit. Pure: every change gives a new
// camera. Y goes up on the map and down on the screen.

/** The camera that shows all of `bounds` ([left, bottom, right, top]) in a stage of width × height pixels. */
export function fitted([left, bottom, right, top], width, height) {
  const margin = 0.06;
  const across = Math.max(right - left, 1e-6), up = Math.max(top - bottom, 1e-6);
  const scale = Math.min(width / across, height / up) * (1 - 2 * margin);
  return { x: (left + right) / 2, y: (bottom + top) / 2, scale: Math.max(scale, 1e-6), home: scale };
}

export const toScreen = (camera, [width, height], x, y) => [(x - camera.x) * camera.scale + width / 2, (camera.y - y) * camera.scale + height / 2];

export const toMap = (camera, [width, height], x, y) => [(x - width / 2) / camera.scale + camera.x, camera.y - (y - height / 2) / camera.scale];

export const panned = (camera, dx, dy) => ({ ...camera, x: camera.x - dx / camera.scale, y: camera.y + dy / camera.scale });

/** Zooms by a factor; the place under the pointer stays there. */
export function zoomed(camera, size, factor, at = [size[0] / 2, size[1] / 2]) {
  const scale = Math.min(Math.max(camera.scale * factor, camera.home / 4), camera.home * 4000);
  const [x, y] = toMap(camera, size, ...at);
  return { ...camera, scale, x: x - (at[0] - size[0] / 2) / scale, y: y + (at[1] - size[1] / 2) / scale };
}

/** The camera that has a place in its middle. */
export const centred = (camera, x, y) => ({ ...camera, x, y });

/** The camera for a stage of another size: as near, measured by what shows all of `bounds`. */
export function resized(camera, bounds, size) {
  const { home } = fitted(bounds, ...size);
  return { ...camera, scale: camera.scale * (home / camera.home), home };
}

/** What the stage shows: [left, bottom, right, top]. */
export function view(camera, size) {
  const [left, top] = toMap(camera, size, 0, 0);
  const [right, bottom] = toMap(camera, size, ...size);
  return [left, bottom, right, top];
}

/** How large a point is, in pixels: small from afar and where there are many, larger on the way in. */
export function pointSize(camera, count) {
  const base = count > 200000 ? 2 : count > 20000 ? 3 : count > 2000 ? 4.5 : count > 400 ? 7 : 9;
  return Math.min(base * Math.max(camera.scale / camera.home, 0.6) ** 0.35, 14);
}
