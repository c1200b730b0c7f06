//! What is told about a job.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, Timestamp};
use tator_store::JobRow;

/// Number of a job.
pub type JobId = i64;

/// How a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// At work.
    Running,
    /// Ended well.
    Done,
    /// Ended well, but something was left out.
    Partly,
    /// Ended badly; nothing of it stays.
    Failed,
    /// Somebody gave up waiting.
    Cancelled,
    /// The program died while it ran; it can be asked for again.
    Interrupted,
}

impl JobState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Partly => "partly",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        let all = [Self::Queued, Self::Running, Self::Done, Self::Partly, Self::Failed, Self::Cancelled];
        all.into_iter().find(|s| s.as_str() == text).unwrap_or(Self::Interrupted)
    }

    /// It will not change any more.
    #[must_use]
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct JobProgress {
    /// Things done in this stage.
    pub done: u64,
    /// Things in all; 0 when not known.
    pub total: u64,
    /// What it is at.
    pub stage: String,
    /// Things a second.
    pub rate_per_s: f64,
    /// Seconds to go, when that can be told.
    pub eta_s: Option<f64>,
    /// Stages that work at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageProgress>,
    /// The stage the others wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<String>,
}

/// One of several stages that work at the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageProgress {
    /// Its name: `decode`, `infer`, a pass such as `yolox:full`, `write`. (Records of older runs say `stage` and `images`.)
    #[serde(alias = "stage")]
    pub name: String,
    /// Things through it; what was known already is not counted.
    #[serde(alias = "images")]
    pub done: u64,
    /// Share of the time that its threads worked, 0 to 1.
    pub busy: f64,
    /// Things a second while it worked, all its threads together.
    #[serde(default)]
    pub images_per_s: f64,
}

/// A job as the API gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Its number.
    pub job_id: JobId,
    /// `import`, `export`, …
    pub kind: String,
    /// What it does, in words.
    pub title: String,
    /// The dataset it works on.
    pub dataset: Option<DatasetName>,
    /// How it stands.
    pub state: JobState,
    /// How far it is.
    pub progress: JobProgress,
    /// The last word about it.
    pub message: String,
    /// What it told on the way.
    pub log: Vec<String>,
    /// What came out.
    pub report: Option<serde_json::Value>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// It can be asked for again where it was cut off.
    pub resumable: bool,
}

impl JobRecord {
    pub(crate) fn from_row(row: JobRow, progress: JobProgress) -> Self {
        let state = JobState::parse(&row.state);
        Self {
            job_id: row.job_id,
            kind: row.kind,
            title: row.title,
            dataset: row.dataset.and_then(|d| d.parse().ok()),
            state,
            progress,
            message: row.message,
            log: row.log.lines().map(str::to_owned).collect(),
            report: row.report.and_then(|r| serde_json::from_str(&r).ok()),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            resumable: matches!(state, JobState::Interrupted | JobState::Cancelled | JobState::Failed),
        }
    }
}

/// Progress of one stage, and how fast it goes.
#[derive(Debug)]
pub(crate) struct Meter {
    stage: String,
    began: Instant,
    done: u64,
    total: u64,
    stages: Vec<StageProgress>,
    bottleneck: Option<String>,
}

impl Meter {
    pub fn new(stage: &str, total: u64) -> Self {
        let (began, stages) = (Instant::now(), Vec::new());
        Self { stage: stage.to_owned(), began, done: 0, total, stages, bottleneck: None }
    }

    pub fn set_stages(&mut self, stages: Vec<StageProgress>, bottleneck: Option<String>) {
        (self.stages, self.bottleneck) = (stages, bottleneck);
    }

    pub fn set(&mut self, stage: &str, done: u64, total: u64) {
        if stage != self.stage {
            // What worked side by side before stays to be seen.
            let stages = std::mem::take(&mut self.stages);
            *self = Self { stages, bottleneck: self.bottleneck.take(), ..Self::new(stage, total) };
        }
        (self.done, self.total) = (done, total);
    }

    pub fn progress(&self) -> JobProgress {
        let seconds = self.began.elapsed().as_secs_f64();
        let rate_per_s = if seconds > 0.2 { self.done as f64 / seconds } else { 0.0 };
        let left = self.total.saturating_sub(self.done) as f64;
        let eta_s = (rate_per_s > 0.0 && self.total > 0).then(|| left / rate_per_s);
        let (stages, bottleneck) = (self.stages.clone(), self.bottleneck.clone());
        JobProgress {
            done: self.done,
            total: self.total,
            stage: self.stage.clone(),
            rate_per_s,
            eta_s,
            stages,
            bottleneck,
        }
    }
}
