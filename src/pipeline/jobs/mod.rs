//! Long work: asked for at once, done one after the other, watched, cancelled, and kept over restarts.
//!
//! A job is its request (JSON, enough to run it again) and one function. Its row is written when it is asked for, when
//! it begins and when it ends; progress lives in memory. A job that was running when the program died is `interrupted`:
//! everything it did was aside, so that resuming it is asking again.

mod calibrate_job;
mod embed_job;
mod export_job;
mod import_job;
mod map_job;
mod prepass_job;
mod pull_job;
mod quality_job;
mod queue;
mod record;
mod simulate_job;
mod train_head_job;
mod tweak_job;
mod verify_job;

pub(crate) use queue::{Context, Queue};
pub use record::{JobId, JobProgress, JobRecord, JobState, StageProgress};

use crate::error::Error;

/// A kind of job.
pub(crate) struct Kind {
    /// Its name in the row; never changes.
    pub name: &'static str,
    /// Does what the request asks and gives the report.
    pub run: fn(&Context, &str) -> Result<Done, Error>,
}

/// How a job ended well.
pub(crate) struct Done {
    /// What it has to say.
    pub report: serde_json::Value,
    /// In one sentence.
    pub message: String,
    /// Something was left out; the report says what.
    pub partly: bool,
}

/// Every kind of job.
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: "import", run: import_job::run },
    Kind { name: "export", run: export_job::run },
    Kind { name: "tweak", run: tweak_job::run },
    Kind { name: "train_head", run: train_head_job::run },
    Kind { name: "simulate", run: simulate_job::run },
    Kind { name: "embed", run: embed_job::run },
    Kind { name: "prepass", run: prepass_job::run },
    Kind { name: "prepass_estimate", run: prepass_job::estimate },
    Kind { name: "calibrate", run: calibrate_job::run },
    Kind { name: "pull", run: pull_job::run },
    Kind { name: "verify", run: verify_job::run },
    Kind { name: "map", run: map_job::run },
    Kind { name: "quality", run: quality_job::run },
];

/// What a cancelled job leaves behind.
pub(crate) fn words_of_cancel(kind: &str) -> &'static str {
    match kind {
        "embed" => "cancelled; what was embedded so far is kept, resume goes on from there",
        _ => "cancelled; nothing was changed",
    }
}
