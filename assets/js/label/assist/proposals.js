// The proposals of a batch tweak while a person looks through them. Pure: (review, …) → review.
// A review is {class_id, proposals, next, except: Set of box ids, least: lowest overlap that is taken}.

export const emptyReview = (class_id) => ({ class_id, proposals: [], next: null, except: new Set(), least: 0, applied: false });

export function withPage(review, page) {
  return { ...review, class_id: page.class_id ?? review.class_id, proposals: [...review.proposals, ...page.proposals], next: page.next ?? null, applied: Boolean(page.applied && !page.undone) };
}

export function toggled(review, box_id) {
  const except = new Set(review.except);
  if (!except.delete(box_id)) except.add(box_id);
  return { ...review, except };
}

export const withLeast = (review, least) => ({ ...review, least });

/** Why a proposal is not taken: "stale" (edited since), "excluded", "moved" (overlaps too little), or "" when it is. */
export function leftOut({ except, least }, proposal) {
  if (proposal.stale) return "stale";
  if (except.has(proposal.box_id)) return "excluded";
  return proposal.iou < least ? "moved" : "";
}

export const taken = (review) => review.proposals.filter((proposal) => leftOut(review, proposal) === "");

/** What the server is told; proposals not looked at yet follow the same rule. */
export function choiceOf({ except, least }) {
  return { ...(except.size ? { except: [...except] } : {}), ...(least > 0 ? { min_iou: least } : {}) };
}

/** The part of the picture around both boxes, with some surroundings, as square as it can be: {x, y, w, h}. */
export function windowAround(a, b, { width, height }) {
  const [x0, y0] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  const [x1, y1] = [Math.max(a[0] + a[2], b[0] + b[2]), Math.max(a[1] + a[3], b[1] + b[3])];
  const side = Math.min(Math.max(x1 - x0, y1 - y0, 8) * 1.4, Math.max(width, height));
  const [w, h] = [Math.min(side, width), Math.min(side, height)];
  const place = (middle, size, limit) => Math.max(0, Math.min(limit - size, middle - size / 2));
  return { x: place((x0 + x1) / 2, w, width), y: place((y0 + y1) / 2, h, height), w, h };
}

/** The smallest thumbnail in which the part still has `pixels` on its longer side. */
export function thumbSize(part, { width, height }, pixels = 160) {
  const wanted = (pixels * Math.max(width, height)) / Math.max(part.w, part.h);
  return [256, 384, 512, 1024].find((size) => size >= wanted) ?? 1024;
}
