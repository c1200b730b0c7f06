//! What the pages of long work show.

use askama::Template;
use tator_domain::{DatasetName, Timestamp};

use super::report::Report;
use crate::figures::{duration, filters, grouped};
use crate::page::Shell;
use crate::pages::prelabel::pace::Pace;

/// `/jobs`
#[derive(Template)]
#[template(path = "jobs/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// Newest first.
    pub jobs: Vec<JobView>,
}

/// `/jobs/_list`
#[derive(Template)]
#[template(path = "jobs/_list.html")]
pub struct List {
    /// Newest first.
    pub jobs: Vec<JobView>,
}

/// `/jobs/{id}`
#[derive(Template)]
#[template(path = "jobs/job.html")]
pub struct JobPage {
    /// Around the content.
    pub shell: Shell,
    /// The job.
    pub job: JobView,
}

/// `/jobs/{id}/_progress`
#[derive(Template)]
#[template(path = "jobs/_progress.html")]
pub struct Progress {
    /// The job.
    pub job: JobView,
}

/// `/jobs/_badge`
#[derive(Template)]
#[template(path = "parts/jobs_badge.html")]
pub struct Badge {
    /// Carries the number of jobs.
    pub shell: Shell,
}

/// One piece of long work.
#[derive(Debug, Clone)]
pub struct JobView {
    /// Its number.
    pub id: i64,
    /// `import`, `export`, …
    pub kind: String,
    /// What it does, in words.
    pub title: String,
    /// The dataset it works on.
    pub dataset: Option<DatasetName>,
    /// `queued`, `running`, `done`, `failed`, `cancelled`, `interrupted`, `partly`.
    pub state: String,
    /// Things done.
    pub done: u64,
    /// Things in all; 0 when that is not known yet.
    pub total: u64,
    /// What it is at.
    pub stage: String,
    /// Things a second.
    pub rate_per_s: Option<f64>,
    /// Seconds to go.
    pub eta_s: Option<f64>,
    /// How it ended, in words.
    pub message: String,
    /// What it told on the way.
    pub log: Vec<String>,
    /// What it has to say at its end.
    pub report: Option<Report>,
    /// How fast its stages go.
    pub pace: Option<Pace>,
    /// A page that shows what came out: words and address.
    pub result: Option<(&'static str, String)>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Seconds it has run.
    pub seconds: Option<f64>,
    /// It can go on where it stopped.
    pub resumable: bool,
    /// It is an export that has written an archive.
    pub archive: bool,
    /// An import that only said what would happen.
    pub dry_run: bool,
}

impl JobView {
    /// A job as the API gives it, at this moment.
    #[must_use]
    pub fn new(record: &impl serde::Serialize, now: Timestamp) -> Self {
        let told = serde_json::to_value(record).unwrap_or_default();
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        let progress = &told["progress"];
        let started = told["started_at"].as_i64();
        let ended = told["finished_at"].as_i64().unwrap_or(now);
        Self {
            id: told["job_id"].as_i64().unwrap_or_default(),
            kind: text("kind"),
            title: text("title"),
            dataset: told["dataset"].as_str().and_then(|name| name.parse().ok()),
            state: text("state"),
            done: progress["done"].as_u64().unwrap_or_default(),
            total: progress["total"].as_u64().unwrap_or_default(),
            stage: progress["stage"].as_str().unwrap_or_default().to_owned(),
            rate_per_s: progress["rate_per_s"].as_f64(),
            eta_s: progress["eta_s"].as_f64(),
            message: text("message"),
            log: told["log"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|line| line.as_str().map(str::to_owned))
                .collect(),
            pace: Pace::read(progress).or_else(|| Pace::read(&told["report"])),
            result: result(&told),
            report: told["report"].is_object().then(|| Report::read(&told["report"])),
            created_at: told["created_at"].as_i64().unwrap_or_default(),
            seconds: started.map(|from| (ended - from).max(0) as f64 / 1e6),
            resumable: told["resumable"].as_bool().unwrap_or_default(),
            archive: told["kind"] == "export"
                && told["report"]["out"].as_str().is_some_and(|out| out.ends_with(".zip")),
            dry_run: told["report"]["dry_run"].as_bool().unwrap_or_default(),
        }
    }

    /// Only a dataset that is there is worth a link: a dry run and a failed import leave none.
    #[must_use]
    pub fn among(mut self, datasets: &[DatasetName]) -> Self {
        self.dataset = self.dataset.filter(|name| datasets.contains(name));
        self
    }

    /// It has ended well.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state.as_str(), "done" | "partly")
    }

    /// It has not ended.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.state.as_str(), "queued" | "running")
    }

    /// One of them has not ended: the list is worth asking for again.
    #[must_use]
    pub fn any_live(jobs: &[Self]) -> bool {
        jobs.iter().any(Self::is_live)
    }

    /// The state for reading.
    #[must_use]
    pub fn state_words(&self) -> &str {
        match self.state.as_str() {
            "partly" => "partly done",
            other => other,
        }
    }

    /// The icon that goes with the state.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        match self.state.as_str() {
            "done" => "state-reviewed",
            "running" => "state-in_progress",
            "queued" => "state-unlabelled",
            "cancelled" => "state-skipped",
            _ => "warn",
        }
    }

    /// How far it is, 0 to 100, when that is known.
    #[must_use]
    pub fn percent(&self) -> Option<u64> {
        match self.total {
            _ if self.is_done() => Some(100),
            0 => None,
            total => Some(self.done.min(total) * 100 / total),
        }
    }

    /// `41,233 of 118,287 · 9,800 a second · 8 s to go`
    #[must_use]
    pub fn progress_words(&self) -> String {
        let mut parts = Vec::new();
        match (self.done, self.total) {
            (0, 0) => {}
            (done, 0) => parts.push(grouped(done)),
            (done, total) => parts.push(format!("{} of {}", grouped(done), grouped(total))),
        }
        if self.is_live() {
            parts.extend(self.rate_per_s.filter(|rate| rate.is_finite() && *rate > 0.0).map(rate_words));
            parts.extend(self.eta_s.filter(|eta| eta.is_finite()).map(|eta| format!("{} to go", duration(eta))));
        }
        parts.join(" · ")
    }
}

/// Where what came out can be seen.
fn result(told: &serde_json::Value) -> Option<(&'static str, String)> {
    let (dataset, report) = (told["dataset"].as_str()?, &told["report"]);
    match told["kind"].as_str()? {
        "prepass" => Some(("See the run", format!("/d/{dataset}/prelabel/runs/{}", report["run"].as_str()?))),
        _ => None,
    }
}

fn rate_words(rate: f64) -> String {
    if rate >= 10.0 { format!("{} a second", grouped(rate.round() as u64)) } else { format!("{rate:.1} a second") }
}
