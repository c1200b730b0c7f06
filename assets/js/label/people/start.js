// Hangs the people's part into the labeller: who is here, what is said, reviewing, and the package that is walked.
import { byId, element } from "../element.js";
import { createPeopleApi } from "./api.js";
import { Notes } from "./notes.js";
import { Presence } from "./presence.js";
import { Review } from "./review.js";

/** The package among whose images the labeller walks, by name and how far it is, with the way back to the others. */
async function showPackage(api, number, top) {
  const chip = element("a", { class: "lab-package", href: api.work, title: "Work: all packages" }, `Package ${number}`);
  top.before(chip);
  const { packages } = await api.packages().catch(() => ({ packages: [] }));
  const found = packages.find((one) => one.package_id === number);
  if (found) chip.textContent = `${found.name} · ${found.done} / ${found.images}`;
}

/** Starts everything; gives the actions of the keys. @param parts {app, navigator, refetch(image_id)} */
export function startPeople({ app, navigator, refetch }) {
  const api = createPeopleApi(app.config);
  const place = element("span", { class: "lab-others", id: "lab-others", role: "img", "aria-label": "Nobody else is here" });
  byId("lab-saved").before(place);
  const walked = Number(new URLSearchParams(app.config.filter).get("package")) || null;
  if (walked) showPackage(api, walked, place);
  const presence = new Presence({ app, api, refetch, place, package: walked });
  const notes = new Notes({ app, api });
  const review = new Review({ app, navigator });
  app.viewers.push((state) => presence.frame(state), (state) => notes.frame(state), (state) => review.frame(state));
  return {
    comment: () => notes.beginComment(),
    tag: () => notes.beginTag(),
    "review-accept": () => review.accept(),
    "review-send-back": () => review.begin(),
  };
}
