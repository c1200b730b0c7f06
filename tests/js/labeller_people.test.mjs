import assert from "node:assert/strict";
import { test } from "node:test";
import { isStale } from "../../assets/js/label/people/presence.js";
import { ago, inOrder, tidyTag, withPending } from "../../assets/js/label/people/said.js";

const comment = (comment_id, more = {}) => ({ comment_id, kind: "note", text: `c${comment_id}`, at: null, box_id: null, author: "Ann", resolved_at: null, ...more });
const entry = (edits, kind = "edits") => ({ client_id: "e", kind, edits });

test("what waits is shown as if it were there, and marked", () => {
  const said = { comments: [comment(1, { kind: "sent_back" }), comment(2)], tags: [{ tag: "night" }] };
  const seen = withPending(said, [entry([{ op: "comment", text: "new" }, { op: "resolve", comment_id: 2 }]), entry([{ op: "tag", tag: "blurry" }, { op: "tag", tag: "night", on: false }, { op: "state", value: "reviewed" }])]);
  assert.deepEqual(seen.comments.map((one) => [one.text, Boolean(one.resolved_at), Boolean(one.waiting)]), [["c1", true, true], ["c2", true, true], ["new", false, true]]);
  assert.deepEqual(seen.tags, [{ tag: "blurry", waiting: true }]);
  assert.deepEqual(said.comments[1].resolved_at, null, "what the server said stays as it was");
});

test("open comments come first, the latest first", () => {
  const order = inOrder([comment(1), comment(2, { resolved_at: 5 }), comment(3)]).map((one) => one.comment_id);
  assert.deepEqual(order, [3, 1, 2]);
});

test("a tag is kept as the server keeps it", () => {
  assert.equal(tidyTag("  Night   SHOT "), "night shot");
  assert.equal(tidyTag("   "), "");
});

test("times are short", () => {
  const now = 1_000_000_000;
  assert.deepEqual([5, 300, 7200, 200_000].map((seconds) => ago((now - seconds * 1000) * 1000, now)), ["now", "5 min", "2 h", "2 d"]);
});

test("an image is fetched anew only when nothing of one's own would be hurt", () => {
  const still = { revision: 4, known: 3, drag: null, pending: 0 };
  assert.ok(isStale(still));
  for (const hindrance of [{ revision: 3 }, { revision: null }, { drag: {} }, { pending: 1 }]) assert.ok(!isStale({ ...still, ...hindrance }), JSON.stringify(hindrance));
});
