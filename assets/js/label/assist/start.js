// Puts the assists together, beside the labeller: it works without them, and they only follow what it does.
import { uuid } from "../api.js";
import { byId } from "../element.js";
import { Aim, registerActions } from "./actions.js";
import { AutoClass } from "./auto_class.js";
import { Batch } from "./batch.js";
import { BatchDialog } from "./batch_dialog.js";
import { Chip } from "./chip.js";
import { Choice } from "./choice.js";
import { createAssistClient } from "./client.js";
import { Desk } from "./desk.js";
import { FindBar } from "./find_bar.js";
import { Finds } from "./finds.js";
import { Head } from "./head.js";
import { Overlay } from "./overlay.js";
import { onScreen } from "./place.js";
import { chosen } from "./points.js";
import { PointMode } from "./point_mode.js";
import { Preload } from "./preload.js";
import { Refine } from "./refine.js";
import { createSettings } from "./settings.js";
import { TaskPanel } from "./task_panel.js";
import { registerTools } from "./tools.js";

const RUN_ICON = "M2.5 4.5h8v6h-8zM5.5 4.5v-2h8v6h-3";
const AUTO_ICON = "M8.6 2.2 13.8 7.4 8 13.2 2.8 8V2.2zM5.6 5h.1M8 11V7.6M6.4 9.2h3.2";

/** Before the bars are made: the tools and keys. @param parts {app, walk, refetch(image_id)} */
export function prepareAssists({ app, walk, refetch }) {
  const address = new URLSearchParams(location.search); // before it becomes that of an image
  const tweak = Number(address.get("tweak"));
  const client = createAssistClient({ ...app.config, client: uuid() });
  const desk = new Desk({ app, client, settings: createSettings(localStorageOrNone()) });
  const choice = new Choice(desk);
  const autoClass = new AutoClass(desk);
  const refine = new Refine(desk, choice);
  const pointMode = new PointMode({ desk, choice, autoClass, goTo: (id) => walk.jump(id) });
  const batch = new Batch({ desk, refetch: () => walk.here() !== null && refetch(walk.here()) });
  const preload = new Preload({ desk, walk, hidden: () => document.hidden });
  const aim = new Aim(app);
  const finds = new Finds(desk);
  if (address.get("run")) finds.candidates.show(address.get("run"));
  const all = { desk, client, choice, autoClass, refine, pointMode, batch, preload, aim, finds, tweak };
  registerTools(all);
  registerActions(all);
  app.followers.push(follower(all, app));
  return all;
}

/** What happens in the labeller, and what an assist makes of it. */
export function follower({ desk, choice, autoClass, refine, preload, finds }, app) {
  const looked = async (id, fresh) => {
    if (fresh && app.state.tool === "sam") await refine.drawn(id);
    autoClass.look(id, { fresh });
  };
  return {
    made(entry, command) {
      const ours = desk.follow.ours.has(entry.client_id);
      desk.follow.made(entry);
      if (ours) {
        if (command.type === "edits") reclassify(entry, desk, autoClass);
        return;
      }
      for (const { id, fresh } of autoClass.made(entry, command)) looked(id, fresh);
    },
    renamed: (ids) => desk.follow.renamed(ids),
    opened(record) {
      if (record.image.image_id !== preload.here) {
        autoClass.clear();
        choice.now = null;
      }
      finds?.opened(record.image.image_id);
      preload.opened(record);
    },
  };
}

/** A box that the model has fitted shows something else perhaps; one just drawn is asked about by whoever drew it. */
function reclassify(entry, desk, autoClass) {
  const moved = entry.edits.filter((edit) => edit.op === "update" && edit.x !== undefined);
  for (const edit of moved) if (![...desk.drawing].some((id) => desk.follow.now(id) === edit.box_id)) autoClass.look(edit.box_id, { fresh: false });
}

function localStorageOrNone() {
  try {
    return window.localStorage;
  } catch {
    return { getItem: () => null, setItem() {} };
  }
}

/** What the person is at, on screen: the points being put down, and their mask. */
function atWork(state, { session }) {
  const rect = chosen(session)?.rect ?? pointsRect(session);
  return rect ? onScreen(state.view, rect) : null;
}

function pointsRect(session) {
  if (!session) return null;
  const [xs, ys] = [session.points.map(({ x }) => x), session.points.map(({ y }) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/** Once the bars are there: what is seen. @param parts of `prepareAssists`, {keys, bars} of the page */
export function showAssists(all, app, { keys, bars }) {
  const { desk, choice, autoClass, pointMode, batch, aim, finds } = all;
  const stage = byId("lab-stage");
  const byMouse = (event) => event.detail > 0 && app.focusCanvas(); // the keys go back to the canvas
  const overlay = new Overlay(stage, byId("lab-shapes"), { desk, pointMode, choice, aim, finds });
  const bar = new FindBar(stage, { app, keys, finds });
  const chip = new Chip(stage, { app, keys, pointMode, choice, autoClass });
  const tasks = new TaskPanel(stage, { desk, autoClass, refresh: () => all.preload.poll() });
  const head = new Head(byId("lab-saved"), (event) => { tasks.toggle(); byMouse(event); });
  const auto = bars.button("auto-class", "Automatic class", AUTO_ICON, () => autoClass.toggle());
  const layer = bars.button("find-run", "Candidates of a run", RUN_ICON, () => finds.candidates.toggle());
  byId("lab-tools").querySelector("hr").before(auto, layer);
  batch.view = new BatchDialog(app, desk.client);
  app.viewers.push((state) => {
    overlay.frame(state);
    chip.frame(state);
    bar.frame();
    head.frame(tasks.frame());
    tasks.stepAside(atWork(state, pointMode), state.screen);
    auto.setAttribute("aria-pressed", autoClass.on);
    layer.setAttribute("aria-pressed", finds.candidates.on);
  });
  all.tweak ? batch.look(all.tweak) : batch.resume();
}
