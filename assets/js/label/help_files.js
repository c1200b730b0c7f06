// The head of the key overlay: ready-made profiles, and the keys as a file out and in.
import { byId, element } from "./element.js";
import { keymapFile, readKeymapFile } from "./keymap_file.js";
import { PROFILES, profileOf } from "./key_profiles.js";

export class HelpFiles {
  constructor(help) {
    this.help = help;
    this.select = byId("lab-help-profile");
    this.picker = byId("lab-help-file");
    this.select.append(...PROFILES.map(({ id, label, note }) => element("option", { value: id, title: note }, label)));
    this.select.addEventListener("change", () => this.choose(this.select.value));
    byId("lab-help-export").addEventListener("click", () => this.save());
    byId("lab-help-import").addEventListener("click", () => this.picker.click());
    this.picker.addEventListener("change", () => this.take(this.picker.files[0]));
  }

  show() {
    this.select.value = profileOf(this.help.preferences.profile()).id;
  }

  /** Another profile, with the changes that were made in it before. */
  choose(id) {
    const { preferences } = this.help;
    preferences.setProfile(id);
    this.help.store(preferences.keys(), `Keys of “${profileOf(id).label}”: ${profileOf(id).note}.`);
  }

  save() {
    const { preferences } = this.help;
    const blob = new Blob([keymapFile(preferences.keys(), preferences.profile())], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(blob), download: "tator-keys.json" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    this.help.say("Saved as tator-keys.json.");
  }

  async take(file) {
    this.picker.value = "";
    if (!file) return;
    try {
      const { profile, own, notes } = readKeymapFile(await file.text());
      this.help.preferences.setProfile(profile);
      this.help.store(own, notes.length ? `Taken from ${file.name}, but: ${notes.join("; ")}.` : `Keys taken from ${file.name}.`);
    } catch (error) {
      this.help.say(error.message);
    }
  }
}
