// From a box, or from the image, to what looks like it.

/** Where look-alikes of what is selected are; of the image when nothing is, or of the place of a box that is on its way. */
export function lookAlikesOf({ base, dataset }, state) {
  if (!state.image) return null;
  const page = `${base}/d/${dataset}/similar`;
  const box = state.boxes.find((one) => one.id === state.selection.at(-1));
  if (!box) return `${page}?image=${state.image.image_id}`;
  if (box.box_id) return `${page}?box=${box.box_id}`;
  const rect = [box.x, box.y, box.w, box.h].map((n) => Math.round(n * 10) / 10).join(",");
  return `${page}?image=${state.image.image_id}&rect=${rect}`;
}

/** Opens them once every edit is on its way. */
export function openLookAlikes(app) {
  const address = lookAlikesOf(app.config, app.state);
  if (address) location.assign(address);
  else app.toast({ text: "Open an image first." });
}
