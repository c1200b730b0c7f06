//! What is told on stderr while a job goes: a bar on a terminal, else a line now and then.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tator_pipeline::{JobRecord, JobState};

use super::tell;

/// A job that is over sooner is told about by its ending alone.
const PATIENCE: Duration = Duration::from_secs(2);
/// Without a terminal nothing is told more often, unless the stage is another.
const PAUSE: Duration = Duration::from_secs(15);

/// Jobs of a server that come before the one that is followed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ahead {
    /// How many.
    pub jobs: usize,
    /// The one at work.
    pub running: Option<String>,
}

/// Shows a job's stage, count, rate and time to go, and what it waits for.
pub(super) struct Bar {
    bar: ProgressBar,
    /// Lines instead of a bar: stderr is a file or a pipe.
    lines: bool,
    begun: Instant,
    told: RefCell<Option<(Instant, String)>>,
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self { bar, lines: !std::io::stderr().is_terminal(), begun: Instant::now(), told: RefCell::new(None) }
    }

    pub fn show(&self, job: &JobRecord, ahead: Option<&Ahead>) {
        let waits = (job.state == JobState::Queued).then(|| waiting(ahead));
        if self.lines {
            self.line(job, waits);
            return;
        }
        let progress = &job.progress;
        let template = match (&waits, progress.total) {
            (Some(_), _) => "{spinner} {msg}",
            (None, 0) => "{msg:24} {spinner} {human_pos} {prefix}",
            (None, _) => "{msg:24} [{bar:30}] {human_pos}/{human_len} {prefix}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
        self.bar.set_message(waits.unwrap_or_else(|| progress.stage.clone()));
        self.bar.set_prefix(pace(job));
        self.bar.tick();
    }

    fn line(&self, job: &JobRecord, waits: Option<String>) {
        let mut told = self.told.borrow_mut();
        let what = waits.clone().unwrap_or_else(|| job.progress.stage.clone());
        let is_news = told.as_ref().is_none_or(|(at, before)| *before != what || at.elapsed() > PAUSE);
        if what.is_empty() || !is_news || self.begun.elapsed() < PATIENCE {
            return;
        }
        tell(&format!("  {}", waits.unwrap_or_else(|| words(job))));
        *told = Some((Instant::now(), what));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// What a job waits for.
fn waiting(ahead: Option<&Ahead>) -> String {
    match ahead {
        Some(Ahead { jobs, running }) if *jobs > 0 => {
            let s = if *jobs == 1 { "" } else { "s" };
            let now = running.as_ref().map(|title| format!(" (now: {title})")).unwrap_or_default();
            format!("waiting for {jobs} job{s} before this one{now}")
        }
        _ => "waiting for its turn".to_owned(),
    }
}

/// Stage, count and pace: `embedding boxes: 120 of 4,886, 13/s, 6 min to go`.
fn words(job: &JobRecord) -> String {
    let progress = &job.progress;
    let count = match (progress.done, progress.total) {
        (0, 0) => String::new(),
        (done, 0) => format!(": {done}"),
        (done, total) => format!(": {done} of {total}"),
    };
    let pace = pace(job);
    format!("{}{count}{}{pace}", progress.stage, if pace.is_empty() { "" } else { ", " })
}

fn pace(job: &JobRecord) -> String {
    let rate = match job.progress.rate_per_s {
        rate if rate >= 10.0 => format!("{rate:.0}/s"),
        rate if rate > 0.0 => format!("{rate:.1}/s"),
        _ => String::new(),
    };
    let left = job.progress.eta_s.map(|seconds| match seconds {
        s if s < 100.0 => format!("{s:.0} s to go"),
        s => format!("{:.0} min to go", s / 60.0),
    });
    [rate, left.unwrap_or_default()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(progress: &serde_json::Value) -> JobRecord {
        let record = json!({ "job_id": 8, "kind": "embed", "title": "Embed", "dataset": "coins", "state": "running",
            "progress": progress, "message": "", "log": [], "report": null, "created_at": 1, "started_at": 2,
            "finished_at": null, "resumable": false });
        serde_json::from_value(record).expect("a job of this form")
    }

    #[test]
    fn a_wait_says_for_what() {
        let ahead = |jobs, running: Option<&str>| Ahead { jobs, running: running.map(str::to_owned) };
        assert_eq!(
            waiting(Some(&ahead(2, Some("Embed coins")))),
            "waiting for 2 jobs before this one (now: Embed coins)"
        );
        assert_eq!(waiting(Some(&ahead(1, None))), "waiting for 1 job before this one");
        assert_eq!(waiting(None), "waiting for its turn");
    }

    #[test]
    fn a_line_has_stage_count_and_pace() {
        let told = job(&json!({ "done": 120, "total": 4886, "stage": "boxes", "rate_per_s": 13.2, "eta_s": 361.0 }));
        assert_eq!(words(&told), "boxes: 120 of 4886, 13/s, 6 min to go");
        let told = job(&json!({ "done": 0, "total": 0, "stage": "reading", "rate_per_s": 0.0, "eta_s": null }));
        assert_eq!(words(&told), "reading");
    }
}
