// From image to image. Leaving one waits only until its edits are on disk in this browser, never for the network.

export class Navigator {
  constructor(app) {
    this.app = app;
    this.turn = 0;
    this.behind = []; // images walked through in this visit, so that "previous" leads back even when the filter no longer holds them
    this.ahead = [];
    window.addEventListener("popstate", () => this.fromAddress());
  }

  here() {
    return this.app.state.image?.image_id ?? null;
  }

  around() {
    return this.app.record?.neighbours ?? null;
  }

  /** @param how "replace" for a step, "push" for a jump that the Back button should undo */
  async show(id, how = "replace") {
    const { app } = this;
    const turn = ++this.turn;
    app.closePopups();
    app.finishKeys();
    await app.sync.enqueued();
    const atHand = app.images.get(id) !== undefined;
    let record;
    try {
      record = await app.images.load(id);
    } catch (error) {
      if (turn === this.turn) app.toast({ kind: "danger", text: `Image ${id} cannot be opened. ${error.message}`, hint: error.hint });
      return false;
    }
    if (turn !== this.turn) return false;
    app.open(record);
    this.address(id, how);
    this.prepare(record, turn);
    if (atHand) this.lookAgain(id, turn);
    return true;
  }

  /** Neighbours come to hand while a person works on this one. */
  async prepare(record, turn) {
    await Promise.all([record.around, record.seen]);
    if (turn !== this.turn || !record.neighbours) return;
    const { next, previous, next_unreviewed } = record.neighbours;
    this.app.images.preload([this.ahead.at(-1) ?? next, this.behind.at(-1) ?? previous, next_unreviewed]);
  }

  async lookAgain(id, turn) {
    const { app } = this;
    const fresher = await app.images.renew(id).catch(() => null);
    if (turn !== this.turn) return;
    if (fresher) app.refresh();
    this.prepare(app.record, turn);
    app.record.around.then(() => app.changed());
  }

  address(id, how) {
    const { filter } = this.app.config;
    const url = `${location.pathname}?image=${id}${filter ? `&${filter}` : ""}`;
    if (how === "none") return;
    how === "push" ? history.pushState({ id }, "", url) : history.replaceState({ id }, "", url);
  }

  fromAddress() {
    const id = Number(new URLSearchParams(location.search).get("image"));
    if (id && id !== this.here()) this.jump(id, "none");
  }

  jump(id, how = "push") {
    this.behind = [];
    this.ahead = [];
    return this.show(id, how);
  }

  async known() {
    return this.around() ?? (await this.app.record?.around) ?? null;
  }

  async step(field, from, to) {
    const start = this.here();
    const trail = from.at(-1);
    const id = trail ?? (await this.known())?.[field] ?? null;
    if (this.here() !== start) return false;
    if (id === null) return this.atEnd(field);
    if (!(await this.show(id))) return false;
    if (trail !== undefined) from.pop();
    to.push(start);
    return true;
  }

  next() {
    return this.step("next", this.ahead, this.behind);
  }

  previous() {
    return this.step("previous", this.behind, this.ahead);
  }

  async unreviewed(direction) {
    const id = (await this.known())?.[`${direction}_unreviewed`] ?? null;
    if (id === null) return this.atEnd(`${direction}_unreviewed`);
    if (direction === "next") this.behind.push(this.here());
    this.ahead = [];
    return this.show(id);
  }

  atEnd(field) {
    const { app } = this;
    const what = { next: "This is the last image", previous: "This is the first image", next_unreviewed: "No image after this one is left to review", previous_unreviewed: "No image before this one is left to review" };
    const known = this.around() !== null;
    app.toast(known ? { text: `${what[field]}${app.config.filter ? " of this filter" : ""}.` }
      : { kind: "danger", text: "The neighbours of this image are not known.", hint: "The server did not answer; this tries again by itself." });
    if (!known && app.record) app.images.renew(this.here()).catch(() => null);
    return false;
  }

  /** By position in the set as shown (1 is the first), or by "#id". */
  async goTo(typed) {
    const { app } = this;
    const byId = typed.startsWith("#");
    const number = Number(byId ? typed.slice(1) : typed);
    if (!Number.isInteger(number) || number < 1) return app.toast({ kind: "danger", text: `“${typed}” is not an image number.` });
    if (byId) return this.jump(number);
    const { filter } = app.config;
    try {
      const { at, total } = await app.api.neighbours(this.here(), `${filter ? `${filter}&` : ""}at=${number}`);
      return at ? this.jump(at) : app.toast({ kind: "danger", text: `There are only ${total} images${filter ? " in this filter" : ""}.` });
    } catch (error) {
      return app.toast({ kind: "danger", text: error.message, hint: error.hint });
    }
  }
}
