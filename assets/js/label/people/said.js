// What is said about an image, with what this page has said and the server has not acknowledged yet. Pure.

/** {comments, tags} of the server with the edits that wait laid over them; such entries carry `waiting`. */
export function withPending({ comments, tags }, entries) {
  let [said, words] = [comments.map((one) => ({ ...one })), tags.map((one) => ({ ...one }))];
  for (const { kind, edits, client_id } of entries) {
    if (kind !== "edits") continue;
    edits.forEach((edit, i) => {
      if (edit.op === "comment") said.push({ comment_id: `${client_id}.${i}`, kind: edit.kind ?? "note", text: edit.text, at: edit.at ?? null, box_id: edit.box_id ?? null, author: "you", resolved_at: null, waiting: true });
      if (edit.op === "resolve") said = said.map((one) => (one.comment_id === edit.comment_id ? { ...one, resolved_at: edit.resolved === false ? null : 1, waiting: true } : one));
      if (edit.op === "tag") words = [...words.filter((one) => one.tag !== edit.tag), ...(edit.on === false ? [] : [{ tag: edit.tag, waiting: true }])];
      if (edit.op === "state" && edit.value === "reviewed") said = said.map((one) => (one.kind === "sent_back" && !one.resolved_at ? { ...one, resolved_at: 1, waiting: true } : one));
    });
  }
  words.sort((a, b) => (a.tag < b.tag ? -1 : 1));
  return { comments: said, tags: words };
}

/** A tag as the server keeps it, or "" when there is nothing to it. */
export const tidyTag = (text) => text.trim().replace(/\s+/g, " ").toLowerCase().slice(0, 60);

/** Open comments first, the latest first; those that are dealt with after them. */
export function inOrder(comments) {
  const open = comments.filter((one) => !one.resolved_at).reverse();
  return [...open, ...comments.filter((one) => one.resolved_at).reverse()];
}

/** How long ago, in few letters. */
export function ago(micros, now = Date.now()) {
  const seconds = Math.max(0, (now - micros / 1000) / 1000);
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
