import test from "node:test";
import assert from "node:assert/strict";
import { ACTIONS, checkKey, effectiveKeymap, isReserved, keyNames, problems, rebind, resolve, withDoubleTap } from "../../assets/js/label/keymap.js";
import { PROFILES } from "../../assets/js/label/key_profiles.js";
import { registerAction } from "../../assets/js/label/registry.js";
import { createActions } from "../../assets/js/label/actions.js";

const press = (key, more = {}) => keyNames({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });
const keymap = effectiveKeymap();
const action = (names, ...scopes) => resolve(keymap, names, new Set(["always", ...scopes]))?.id ?? null;

test("no profile has a conflict or a key that a browser keeps", () => {
  for (const { id } of PROFILES) assert.deepEqual(problems(effectiveKeymap({}, id)), [], id);
});

test("every action of the key map can be carried out, and every action that can has a key", () => {
  const known = Object.keys(createActions({ app: {}, navigator: {}, popups: {}, panel: {} }));
  assert.deepEqual(known.sort(), ACTIONS.map(({ id }) => id).sort());
});

test("the default profile is the map of the first Tator", () => {
  const seed = { A: "auto-class", S: "sam", D: "sam-point", M: "multi-point", X: "tweak", Q: "delete-last", W: "delete", 5: "class-5" };
  for (const [key, id] of Object.entries(seed)) assert.equal(action(press(key.toLowerCase())), id, key);
  assert.equal(action(press("f"), "points"), "point-positive");
  assert.equal(action(press("g"), "points"), "point-negative");
  assert.equal(action(press("Enter"), "points", "canvas"), "submit-points");
  assert.equal(action(press("f")), null, "without points the key does nothing");
});

test("in the other profile A and D walk through images", () => {
  const walking = effectiveKeymap({}, "walking");
  assert.equal(resolve(walking, press("d"), new Set(["always"])).id, "next-image");
  assert.equal(resolve(walking, press("D", { shiftKey: true }), new Set(["always"])).id, "next-unreviewed");
});

test("a key pressed twice quickly is a double tap, slowly it is two presses", () => {
  const second = (ms) => action(withDoubleTap(press("x"), { names: press("x"), time: 1000 }, 1000 + ms));
  assert.equal(second(200), "tweak-class");
  assert.equal(second(400), "tweak");
  assert.equal(action(withDoubleTap(press("x"), { names: press("w"), time: 1000 }, 1100)), "tweak");
});

test("a model action says that there is no model until one is registered", () => {
  const said = [];
  const app = { toast: ({ text }) => said.push(text) };
  const { tweak } = createActions({ app, navigator: {}, popups: {}, panel: {} });
  tweak();
  assert.match(said[0], /No model/);
  registerAction("tweak", (on) => said.push(on === app));
  tweak();
  assert.equal(said[1], true);
});

test("arrows walk through images until a box is selected, then move the box", () => {
  assert.equal(action(press("ArrowRight"), "image"), "next-image-arrow");
  assert.equal(action(press("ArrowRight"), "object"), "nudge-right");
  assert.equal(action(press("ArrowRight", { ctrlKey: true, shiftKey: true }), "object"), "grow-right-10");
});

test("Tab is taken only while the canvas has the focus", () => {
  assert.equal(action(press("Tab"), "image"), null);
  assert.equal(action(press("Tab", { shiftKey: true }), "image", "canvas"), "previous-box");
});

test("the command key of a Mac is Ctrl", () => {
  assert.equal(action(press("z", { metaKey: true })), "undo");
  assert.equal(action(press("Z", { metaKey: true, shiftKey: true })), "redo");
});

test("digits and letters work on boards of other alphabets", () => {
  assert.equal(action(press("т", { code: "KeyN" })), "next-unreviewed");
  assert.equal(action(press("&", { code: "Digit1" })), "class-1");
  assert.equal(action(press("!", { code: "Digit1", shiftKey: true })), "pin-1");
  assert.equal(action(press("/", { code: "Digit7", shiftKey: true })), "find-class");
  assert.equal(action(press("?", { code: "Slash", shiftKey: true })), "help");
});

test("a modifier alone is no key", () => {
  assert.deepEqual(press("Shift", { shiftKey: true }), []);
});

test("a key that another action has in the same scope is a clash; in another scope it is overshadowed", () => {
  assert.deepEqual(checkKey(keymap, "fit", "N").clashes, ["next-unreviewed"]);
  assert.deepEqual(checkKey(keymap, "fit", "ArrowUp"), { reserved: false, clashes: [], shadows: ["nudge-up", "vertex-up", "previous-class"] });
  assert.deepEqual(checkKey(keymap, "nudge-up", "ArrowUp").shadows, ["vertex-up"], "nothing selected and a box selected never hold together");
  assert.ok(isReserved("Ctrl+W") && isReserved("Ctrl+Shift+N") && !isReserved("W"));
});

test("changed keys are in force, and giving back the default forgets the change", () => {
  const own = rebind({}, "next-image", ["J"]);
  assert.equal(resolve(effectiveKeymap(own), ["J"], new Set(["always"])).id, "next-image");
  assert.equal(resolve(effectiveKeymap(own), ["."], new Set(["always"])), null);
  assert.deepEqual(rebind(own, "next-image", ["."]), {});
});
