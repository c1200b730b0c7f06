import test from "node:test";
import assert from "node:assert/strict";
import { ACTIONS, checkKey, effectiveKeymap, isReserved, keyNames, problems, rebind, resolve } from "../../assets/js/label/keymap.js";
import { createActions } from "../../assets/js/label/actions.js";

const press = (key, more = {}) => keyNames({ key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });
const keymap = effectiveKeymap();
const action = (names, ...scopes) => resolve(keymap, names, new Set(["always", ...scopes]))?.id ?? null;

test("the default keys have no conflict and none that a browser keeps", () => {
  assert.deepEqual(problems(keymap), []);
});

test("every action of the key map can be carried out, and every action that can has a key", () => {
  const known = Object.keys(createActions({ app: {}, navigator: {}, popups: {}, panel: {} }));
  assert.deepEqual(known.sort(), ACTIONS.map(({ id }) => id).sort());
});

test("keys reserved for the model assists are not bound to anything else", () => {
  for (const key of ["S", "M", "X", "P", "O", "Y", "N"]) assert.equal(action(press(key.toLowerCase())), null, key);
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
  assert.equal(action(press("в", { code: "KeyD" })), "next-image");
  assert.equal(action(press("&", { code: "Digit1" })), "class-1");
  assert.equal(action(press("!", { code: "Digit1", shiftKey: true })), "pin-1");
  assert.equal(action(press("/", { code: "Digit7", shiftKey: true })), "find-class");
  assert.equal(action(press("?", { code: "Slash", shiftKey: true })), "help");
});

test("a modifier alone is no key", () => {
  assert.deepEqual(press("Shift", { shiftKey: true }), []);
});

test("a key that another action has in the same scope is a clash; in another scope it is overshadowed", () => {
  assert.deepEqual(checkKey(keymap, "fit", "D").clashes, ["next-image"]);
  assert.deepEqual(checkKey(keymap, "fit", "ArrowUp"), { reserved: false, clashes: [], shadows: ["nudge-up", "previous-class"] });
  assert.deepEqual(checkKey(keymap, "nudge-up", "ArrowUp").shadows, [], "nothing selected and a box selected never hold together");
  assert.ok(isReserved("Ctrl+W") && isReserved("Ctrl+Shift+N") && !isReserved("W"));
});

test("changed keys are in force, and giving back the default forgets the change", () => {
  const own = rebind({}, "next-image", ["J"]);
  assert.equal(resolve(effectiveKeymap(own), ["J"], new Set(["always"])).id, "next-image");
  assert.equal(resolve(effectiveKeymap(own), ["D"], new Set(["always"])), null);
  assert.deepEqual(rebind(own, "next-image", ["D"]), {});
});
