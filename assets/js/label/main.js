// Puts the labeller together on its page.
import { base } from "../base.js";
import { createActions } from "./actions.js";
import { createApi, uuid } from "./api.js";
import { Adjust } from "./adjust.js";
import { Announcer } from "./announce.js";
import { App } from "./app.js";
import { prepareAssists, showAssists } from "./assist/start.js";
import { Bars } from "./bars.js";
import { Canvas } from "./canvas.js";
import { ClassPanel } from "./class_panel.js";
import { Classes } from "./classes.js";
import { byId, setText } from "./element.js";
import { Finder } from "./finder.js";
import { GoTo } from "./go_to.js";
import { Help } from "./help.js";
import { HitIndex } from "./hits.js";
import { Images } from "./images.js";
import { Keys } from "./keys.js";
import { Minimap } from "./minimap.js";
import { Navigator } from "./navigate.js";
import { ObjectPanel } from "./object_panel.js";
import { startPeople } from "./people/start.js";
import { Pointer } from "./pointer.js";
import { createPreferences } from "./preferences.js";
import { openQueue } from "./queue.js";
import "./shape_tools.js";
import { Sync } from "./sync.js";
import { toast } from "./toasts.js";
import { Unsaved } from "./unsaved.js";

const config = { base, filter: "", classes: [], workspace: "", ...JSON.parse(byId("label-config").textContent) };
const address = new URLSearchParams(location.search);
const asked = Number(address.get("image")) || config.image_id;
const chosen = Number(address.get("box")); // where a grid or a query leads to a single box
const preferences = createPreferences(config.dataset);
const api = createApi(config);
const classes = new Classes(config.classes, preferences.pins(), preferences.recent());
const announce = (text) => setText(byId("lab-live"), text);
const say = (text) => {
  app.spoke = true;
  announce(text);
};
const images = new Images(api, () => config.filter, () => pinned());
const app = new App({ config, api, images, classes, preferences, toast, say, announce });
const canvas = byId("lab-shapes");
const hits = new HitIndex();

/** One page at a time sends, so that two tabs do not race over the same queue. */
const lock = (work) => (navigator.locks ? navigator.locks.request(`tator-sync:${config.workspace}:${config.dataset}`, work) : work());
const queue = await openQueue(`${config.workspace}|${config.base}|${config.dataset}`);
const parts = { queue, send: api.send, uuid, lock, later: (work, ms) => setTimeout(work, ms), now: () => performance.now() };
const sync = new Sync(parts, {
  state: (state) => unsaved?.show(state),
  answer({ entry, answer }) {
    images.adopt(entry, answer);
    app.notify("renamed", answer.ids);
    if (app.isOpen(entry.image_id)) app.refresh(answer.ids);
  },
  refused: (entry) => unsaved.refused(entry),
  clash: (entry) => unsaved.clash(entry),
  nothing: ({ image_id, kind }) => {
    toast({ text: `Nothing to ${kind} on image ${image_id}.` });
    refetch(image_id);
  },
  elsewhere: (image_id) => refetch(image_id),
});
app.sync = sync;
const unsaved = new Unsaved(app, sync);

async function refetch(image_id) {
  await images.renew(image_id).catch(() => null);
  if (app.isOpen(image_id)) app.refresh();
}

function pinned() {
  const around = app.record?.neighbours;
  return [app.state.image?.image_id, around?.next, around?.previous, walk.behind.at(-1)];
}

const crosshair = {
  lines: [byId("lab-cross-x"), byId("lab-cross-y")],
  at(screen) {
    for (const line of this.lines) line.hidden = !screen;
    if (!screen) return;
    this.lines[0].style.transform = `translateX(${Math.round(screen[0])}px)`;
    this.lines[1].style.transform = `translateY(${Math.round(screen[1])}px)`;
  },
};

const walk = new Navigator(app);
const assists = prepareAssists({ app, walk, refetch });
const pointer = new Pointer(app, canvas, hits, crosshair);
const stage = new Canvas(app, { stage: byId("lab-stage"), imageCanvas: byId("lab-image"), shapesCanvas: canvas }, hits);
const finder = new Finder(app);
const panel = {
  show: (open) => { byId("lab").dataset.panel = open ? "open" : "closed"; },
  toggle() {
    preferences.setPanel(!preferences.panel());
    this.show(preferences.panel());
  },
  toObjects() {
    preferences.setPanel(true);
    this.show(true);
    byId("lab-object-list").focus();
  },
};

/** The finder goes to the side of the canvas where the selected box is not. */
function awayFromBox() {
  const box = app.state.boxes.find((b) => b.id === app.state.selection.at(-1));
  if (!box) return "left";
  const { view, screen } = app.state;
  return (box.x + box.w / 2) * view.scale + view.tx < screen.width / 2 ? "right" : "left";
}

const popups = { goTo: new GoTo(app, walk), adjust: new Adjust(app), minimap: new Minimap(app) };
const actions = createActions({ app, navigator: walk, pointer, canvas, popups, panel });
Object.assign(app, {
  act: (id) => actions[id](),
  focusCanvas: () => canvas.focus({ preventScroll: true }),
  askClass: (choose) => finder.open(choose, awayFromBox()),
  closePopups() {
    finder.close(false);
    popups.goTo.close();
  },
});
popups.people = startPeople({ app, navigator: walk, refetch });
const keys = new Keys({ app, actions, pointer, canvas, preferences });
popups.help = new Help(app, keys, preferences);
const bars = new Bars(app, keys);
showAssists(assists, app, { keys, bars });
const classPanel = new ClassPanel(app);
const objectPanel = new ObjectPanel(app);
const announcer = new Announcer(app);

app.viewers.push(
  (state) => stage.frame(state, app.record?.picture),
  (state) => bars.frame(state),
  (state) => classPanel.frame(state),
  (state) => objectPanel.frame(state),
  (state) => announcer.frame(state),
  (state) => popups.minimap.frame(state, app.record?.picture),
  (state) => setText(byId("lab-message"), message(state)),
);

function message(state) {
  if (!state.image) return asked ? "" : `There is no image here${config.filter ? " that fits the filter" : ""}. ${config.filter ? "Choose another filter in the gallery." : "Import a dataset first."}`;
  return app.record?.picture?.error ? `This picture cannot be shown. ${app.record.picture.error.message}` : "";
}

// Back from another tab or program, where somebody may have changed this image.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && walk.here() !== null) walk.lookAgain(walk.here(), walk.turn);
});

// The help of the shell lists the keys as they come; the labeller shows those in force.
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-help]") || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  popups.help.open();
}, true);

panel.show(preferences.panel());
for (const scheme of [matchMedia("(prefers-color-scheme: dark)")]) scheme.addEventListener("change", () => stage.restyle());
new MutationObserver(() => stage.restyle()).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

const first = preferences.lastClass();
const start = classes.living.some((item) => item.class_id === first) ? first : (classes.ordered[0]?.class_id ?? null);
if (start !== null) app.dispatch({ type: "class-current", class_id: start });
app.focusCanvas();
await sync.resume();
if (asked && (await walk.jump(asked, "replace")) && app.state.boxes.some((box) => box.id === chosen)) {
  app.dispatch({ type: "select", ids: [chosen] });
  app.dispatch({ type: "reveal" });
}
app.changed();
document.documentElement.dataset.labeller = "ready";
