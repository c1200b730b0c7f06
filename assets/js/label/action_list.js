// What can be done by key: the name of each action, where it holds, and its keys in the default profile. Pure data.
//
// Scopes, innermost first; the innermost binding wins:
//   points  points for a model are being collected      canvas  the canvas has the focus
//   path    an outline is being drawn                   vertex  a corner of an outline is held
//   object  a box is selected      image  nothing is selected      always  anywhere but in a field
//
// "X X" is a key pressed twice in quick succession; the single press is carried out as well, without waiting for the second.

import { PEOPLE_ROWS } from "./people/rows.js";

const row = (id, group, label, keys, scope = "always", more = {}) => ({ id, group, label, keys, scope, ...more });

const arrows = [["left", "ArrowLeft"], ["right", "ArrowRight"], ["up", "ArrowUp"], ["down", "ArrowDown"]];
const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9];

export const ACTIONS = [
  row("confirm", "Images", "Confirm and go to the next image", ["Space"], "always", { on: "release" }),
  row("next-image", "Images", "Next image", ["."], "always", { repeat: true }),
  row("previous-image", "Images", "Previous image", [","], "always", { repeat: true }),
  row("next-image-arrow", "Images", "Next image, nothing selected", ["ArrowRight"], "image", { repeat: true }),
  row("previous-image-arrow", "Images", "Previous image, nothing selected", ["ArrowLeft"], "image", { repeat: true }),
  row("next-unreviewed", "Images", "Next image not reviewed", ["N"]),
  row("previous-unreviewed", "Images", "Previous image not reviewed", ["Shift+N"]),
  row("skip", "Images", "Skip this image and go on", ["K"]),
  row("go-to", "Images", "Go to image number …", ["Shift+G"]),

  row("draw", "Boxes", "Draw a box", ["R"]),
  row("polygon", "Boxes", "Draw an outline", ["P"]),
  row("turned", "Boxes", "Draw a turned box", ["O"]),
  row("select", "Boxes", "Select and edit", ["V"]),
  row("new-box", "Boxes", "New box or outline in the middle, while drawing", ["Enter"], "canvas"),
  row("next-box", "Boxes", "Next box", ["Tab"], "canvas"),
  row("previous-box", "Boxes", "Previous box", ["Shift+Tab"], "canvas"),
  row("select-all", "Boxes", "Select all boxes", ["Ctrl+A"]),
  row("delete", "Boxes", "Delete the selected boxes", ["Delete", "Backspace", "W"]),
  row("delete-last", "Boxes", "Delete the newest box", ["Q"]),
  row("duplicate", "Boxes", "Duplicate the selected boxes", ["C"], "object"),
  row("copy", "Boxes", "Copy boxes", ["Ctrl+C"], "object"),
  row("paste", "Boxes", "Paste boxes at the same place", ["Ctrl+V"]),
  row("copy-previous", "Boxes", "Copy the boxes of the previous image", ["Ctrl+B"]),
  row("undo", "Boxes", "Undo", ["Ctrl+Z"]),
  row("redo", "Boxes", "Redo", ["Ctrl+Shift+Z", "Ctrl+Y"]),
  ...arrows.map(([way, key]) => row(`nudge-${way}`, "Boxes", `Move ${way} by 1 px`, [key], "object", { repeat: true, family: "Move by 1 px" })),
  ...arrows.map(([way, key]) => row(`nudge-${way}-10`, "Boxes", `Move ${way} by 10 px`, [`Shift+${key}`], "object", { repeat: true, family: "Move by 10 px" })),
  ...arrows.map(([way, key]) => row(`grow-${way}`, "Boxes", `Resize ${way} by 1 px`, [`Ctrl+${key}`], "object", { repeat: true, family: "Move the right or bottom edge by 1 px" })),
  ...arrows.map(([way, key]) => row(`grow-${way}-10`, "Boxes", `Resize ${way} by 10 px`, [`Ctrl+Shift+${key}`], "object", { repeat: true, family: "… by 10 px" })),
  row("turn-right", "Boxes", "Turn by 1° to the right", ["]"], "object", { repeat: true }),
  row("turn-left", "Boxes", "Turn by 1° to the left", ["["], "object", { repeat: true }),
  row("turn-right-15", "Boxes", "Turn by 15° to the right", ["T"], "object", { repeat: true }),
  row("turn-left-15", "Boxes", "Turn by 15° to the left", ["Shift+T"], "object", { repeat: true }),
  row("lock", "Boxes", "Lock or unlock the selected boxes", ["U"], "object"),
  row("unlock-all", "Boxes", "Unlock all boxes", ["Shift+U"]),

  row("path-close", "Outlines", "Close the outline", ["Enter"], "path"),
  row("path-back", "Outlines", "Take the last point back", ["Backspace", "Delete"], "path"),
  row("edit-outline", "Outlines", "Hold the first corner", ["Shift+P"], "object"),
  row("next-vertex", "Outlines", "Next corner", ["Tab"], "vertex"),
  row("previous-vertex", "Outlines", "Previous corner", ["Shift+Tab"], "vertex"),
  row("vertex-add", "Outlines", "New corner after this one", ["Insert", "Enter"], "vertex"),
  row("vertex-delete", "Outlines", "Delete this corner", ["Delete", "Backspace", "W"], "vertex"),
  ...arrows.map(([way, key]) => row(`vertex-${way}`, "Outlines", `Corner ${way} by 1 px`, [key], "vertex", { repeat: true, family: "Move the corner by 1 px" })),
  ...arrows.map(([way, key]) => row(`vertex-${way}-10`, "Outlines", `Corner ${way} by 10 px`, [`Shift+${key}`], "vertex", { repeat: true, family: "Move the corner by 10 px" })),

  ...digits.map((n) => row(`class-${n}`, "Classes", `Class on digit ${n}`, [`${n}`], "always", { family: "Class on a digit" })),
  row("find-class", "Classes", "Find or create a class", ["0", "/"]),
  row("next-class", "Classes", "Next class, nothing selected", ["ArrowDown"], "image"),
  row("previous-class", "Classes", "Previous class, nothing selected", ["ArrowUp"], "image"),
  ...digits.map((n) => row(`pin-${n}`, "Classes", `Put the current class on digit ${n}`, [`Shift+${n}`], "always", { family: "Put the current class on a digit" })),

  // Model assists: each is carried out by whoever registers it (registry.js).
  row("auto-class", "Model helps", "Automatic class on or off", ["A"], "always", { assist: true }),
  row("sam", "Model helps", "Drawn boxes are fitted to the object, on or off", ["S"], "always", { assist: true }),
  row("sam-point", "Model helps", "A click finds the object, on or off", ["D"], "always", { assist: true }),
  row("multi-point", "Model helps", "Several points find the object, on or off", ["M"], "always", { assist: true }),
  row("point-positive", "Model helps", "Point on the object", ["F"], "points", { assist: true }),
  row("point-negative", "Model helps", "Point beside the object", ["G"], "points", { assist: true }),
  row("submit-points", "Model helps", "Take the object of the points", ["Enter"], "points", { assist: true }),
  row("tweak", "Model helps", "Fit the selected boxes to their objects", ["X"], "always", { assist: true }),
  row("tweak-class", "Model helps", "Fit every box of the current class", ["X X"], "always", { assist: true, double: true }),
  row("accept", "Model helps", "Accept the proposal", ["Y"], "always", { assist: true }),
  row("accept-second", "Model helps", "Take the runner-up of a suggested class", ["Shift+Y"], "always", { assist: true }),
  row("look-alikes", "Model helps", "Look-alikes of the selected box, or of the image", ["Alt+L"], "always", { assist: true }),
  row("next-mask", "Model helps", "Next of several proposals", ["J"], "always", { assist: true }),
  row("accept-all", "Model helps", "Take all proposals shown", ["Ctrl+Enter"], "always", { assist: true }),
  row("leave-out", "Model helps", "Leave this proposal out", ["Shift+Q"], "always", { assist: true }),
  row("find-detect", "Model helps", "Propose boxes by a detector", ["Shift+F"], "always", { assist: true }),
  row("find-text", "Model helps", "Propose boxes by words", ["Shift+W"], "always", { assist: true }),
  row("find-like", "Model helps", "Propose what looks like the selected box", ["Shift+E"], "always", { assist: true }),
  row("find-run", "Model helps", "Candidates of a run over the picture, on or off", ["Shift+V"], "always", { assist: true }),
  row("find-region", "Model helps", "Drag while held: propose boxes in there", ["Shift+R"], "always", { assist: true, on: "hold" }),
  ...arrows.map(([way, key]) => row(`aim-${way}`, "Model helps", `Aim ${way} for a point put by key`, [`Ctrl+${key}`], "points", { assist: true, repeat: true, family: "Move the aim for points put by key" })),
  ...arrows.map(([way, key]) => row(`aim-${way}-far`, "Model helps", `Aim far ${way}`, [`Shift+${key}`], "points", { assist: true, repeat: true, family: "… in big steps" })),

  ...PEOPLE_ROWS,

  row("fit", "View", "Fit the image", ["E"]),
  row("zoom-selection", "View", "Zoom to the selected boxes", ["Z"]),
  row("actual-size", "View", "One image pixel is one screen pixel", ["Shift+Z"]),
  row("zoom-in", "View", "Zoom in", ["+", "="], "always", { repeat: true }),
  row("zoom-out", "View", "Zoom out", ["-"], "always", { repeat: true }),
  ...arrows.map(([way, key]) => row(`pan-${way}`, "View", `Move the view ${way}, nothing selected`, [`Shift+${key}`], "image", { repeat: true, family: "Move the view" })),
  row("hide", "View", "Hide the boxes while held", ["H"], "always", { on: "hold" }),
  row("hide-selected", "View", "Hide the selected boxes; without a selection show all", ["Shift+H"]),
  row("hide-others", "View", "Hide all but the selected boxes", ["Shift+O"], "object"),
  row("zoom-along", "View", "Zoom along from box to box, on or off", ["Alt+Z"]),
  row("adjust", "View", "Brightness, contrast, gamma", ["B"]),
  row("adjust-reset", "View", "Brightness, contrast and gamma as they are", ["Shift+B"]),
  row("minimap", "View", "Overview while zoomed in, on or off", ["Shift+M"]),
  row("objects", "View", "To the list of objects", ["Shift+L"]),
  row("labels", "View", "Class names on or off", ["L"]),
  row("panel", "View", "Side panel on or off", ["I"]),
  row("help", "View", "Show and change the keys", ["?"]),
  row("cancel", "View", "Cancel; then deselect; then leave the canvas", ["Escape"]),
];

/** Scopes, innermost first. */
export const SCOPES = ["points", "path", "vertex", "canvas", "object", "image", "always"];
