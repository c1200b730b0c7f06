// A number, Enter, and that image is open.
import { byId } from "./element.js";

export class GoTo {
  constructor(app, navigator) {
    this.app = app;
    this.box = byId("lab-goto");
    this.input = byId("lab-goto-input");
    byId("lab-goto-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const typed = this.input.value.trim();
      this.close();
      if (typed) navigator.goTo(typed);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      event.stopPropagation();
    });
    this.input.addEventListener("blur", () => { this.box.hidden = true; });
  }

  open() {
    this.box.hidden = false;
    this.input.value = "";
    this.input.focus();
  }

  close() {
    if (this.box.hidden) return;
    this.box.hidden = true;
    this.app.focusCanvas();
  }
}
