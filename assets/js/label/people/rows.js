// Keys for what people say to each other, in the form of the key map.
const row = (id, label, keys) => ({ id, group: "People", label, keys, scope: "always" });

export const PEOPLE_ROWS = [
  row("comment", "Comment on the image or the selected box", ["Shift+C"]),
  row("tag", "Tag the image", ["#"]),
  row("review-accept", "Review: accept and go to the next image", ["Shift+Enter"]),
  row("review-send-back", "Review: send back with a comment", ["Shift+Backspace"]),
];
