// Every box of a class fitted to its object, as a job: asked for, followed, looked through, applied or thrown away, undone.
// Goes on while the person labels, after a reload, and while the server is away.
import { choiceOf, emptyReview, toggled, withLeast, withPage } from "./proposals.js";

const POLL_MS = 700;
const AWAY_MS = 3000;
const PAGE = 60;
const OVER = new Set(["done", "partly", "failed", "cancelled", "interrupted"]);

export class Batch {
  /** @param parts {desk, refetch(): the image on screen anew, later} */
  constructor({ desk, refetch, later = (work, ms) => setTimeout(work, ms) }) {
    Object.assign(this, { desk, refetch, later });
    this.job = null; // {id, class_id, state, done, total, stage, eta_s, away}
    this.review = null;
    this.view = null; // the dialog: {frame(batch), open()}
    this.working = false;
  }

  get dataset() {
    return this.desk.app.config.dataset;
  }

  remember(job) {
    const jobs = { ...this.desk.settings.get("tweakJobs") };
    if (job) jobs[this.dataset] = job;
    else delete jobs[this.dataset];
    this.desk.settings.set("tweakJobs", jobs);
  }

  /** A job of an earlier page is followed again. */
  resume() {
    const kept = this.desk.settings.get("tweakJobs")[this.dataset];
    if (kept) this.follow(kept);
  }

  changed() {
    this.desk.changed();
    this.view?.frame(this);
  }

  /** The key was pressed: one question first, because it is about every image. */
  ask() {
    const { app } = this.desk;
    if (this.job) return this.view.open(this);
    if (app.state.classId === null) return app.toast({ text: "Choose a class first: all its boxes are fitted." });
    this.asked = app.state.classId;
    return this.view.open(this);
  }

  get class_id() {
    return this.review?.class_id ?? this.job?.class_id ?? this.asked;
  }

  async begin() {
    const class_id = this.asked;
    try {
      const { job_id } = await this.desk.client.tweakClass(class_id);
      this.remember({ id: job_id, class_id });
      this.follow({ id: job_id, class_id });
    } catch (error) {
      this.desk.complain(error, "fit the boxes");
      this.changed();
    }
  }

  follow({ id, class_id }) {
    this.review = null;
    this.job = { id, class_id, state: "queued", done: 0, total: 0, stage: "", eta_s: null, away: false };
    const name = this.desk.app.classes.get(class_id).name;
    this.run = this.desk.runs.start({ kind: "tweak-class", label: `Fit every ${name}`, cancel: () => this.cancel() });
    this.poll(id);
  }

  async poll(id) {
    if (this.job?.id !== id) return;
    try {
      const { state, progress, message, report, resumable } = await this.desk.client.job(id);
      if (this.job?.id !== id) return;
      Object.assign(this.job, { state, message, resumable, report: report?.tweak ?? null, away: false, ...progress });
      const share = progress?.total ? progress.done / progress.total : null;
      this.desk.runs.set(this.run, { share, detail: progress?.total ? `${progress.done} of ${progress.total}` : progress?.stage ?? "" });
      if (OVER.has(state)) return await this.over();
    } catch (error) {
      if (error.status === 404) return this.lost();
      if (error.status === undefined) throw error;
      this.job.away = true; // the server is away: it is asked until it is back
    }
    this.changed();
    this.later(() => this.poll(id), this.job.away ? AWAY_MS : POLL_MS);
  }

  lost() {
    this.desk.runs.end(this.run, "failed", "the job is not there any more");
    this.forget();
  }

  forget() {
    this.job = this.review = null;
    this.remember(null);
    this.changed();
  }

  async over() {
    const { app, runs } = this.desk;
    const { state, message } = this.job;
    const good = state === "done" || state === "partly";
    runs.end(this.run, good ? "done" : "failed", good ? "" : message);
    if (good) await this.more();
    this.changed();
    if (this.view?.isOpen) return;
    const look = [{ label: "Look", run: () => this.view.open(this) }];
    if (good) app.toast({ text: `The fitted boxes of ${app.classes.get(this.class_id).name} are ready to look at. Nothing is changed yet.`, sticky: true, actions: look });
    else app.toast({ kind: "danger", text: `Fitting the boxes ended: ${message || state}.`, actions: look });
  }

  async resumeJob() {
    try {
      const { class_id } = this.job;
      const { job_id } = await this.desk.client.resumeJob(this.job.id);
      this.remember({ id: job_id, class_id });
      this.follow({ id: job_id, class_id });
    } catch (error) {
      this.desk.complain(error, "go on fitting");
    }
  }

  async cancel() {
    await this.desk.client.cancelJob(this.job.id).catch((error) => this.desk.complain(error, "stop the job"));
  }

  /** The next page of proposals. */
  async more() {
    if (this.working || (this.review && !this.review.next)) return;
    this.working = true;
    try {
      const review = this.review ?? emptyReview(this.job.class_id);
      this.review = withPage(review, await this.desk.client.proposals(this.job.id, review.next, PAGE));
    } catch (error) {
      this.desk.complain(error, "read the proposals");
    } finally {
      this.working = false;
    }
    this.changed();
  }

  toggle(box_id) {
    this.review = toggled(this.review, box_id);
    this.changed();
  }

  least(value) {
    this.review = withLeast(this.review, value);
    this.changed();
  }

  async apply() {
    const { app, client } = this.desk;
    try {
      const { changed, change_id } = await client.applyTweaks(this.job.id, choiceOf(this.review));
      const name = app.classes.get(this.class_id).name;
      this.forget();
      this.refetch();
      const text = changed ? `${changed} ${changed === 1 ? "box" : "boxes"} of ${name} fitted.` : `No box of ${name} was changed.`;
      app.toast({ text, sticky: Boolean(changed), actions: changed ? [{ label: "Undo", run: () => this.undo(change_id) }] : [] });
      return true;
    } catch (error) {
      this.desk.complain(error, "apply the fitted boxes");
      return false;
    }
  }

  async undo(change_id) {
    try {
      await this.desk.client.undoChange(change_id);
      this.desk.app.toast({ text: "The boxes are as they were." });
      this.refetch();
    } catch (error) {
      this.desk.complain(error, "undo the fitted boxes");
    }
  }
}
