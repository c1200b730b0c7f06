//! A job of a command: started here or by the server that has the workspace, followed to its end, told about.

use std::path::Path;

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::Value;
use tator_pipeline::{JobId, JobRecord, JobState, Workbench};

use super::progress::Bar;
use super::workspace::{Opened, open};
use super::{Ending, answer, tell};

/// Runs a request as a job. `door` is where a server takes it; there the dataset stands in the address.
pub(super) fn follow<R: Serialize>(
    workspace: &Path,
    door: &str,
    request: R,
    start: impl FnOnce(&Workbench, R) -> anyhow::Result<JobId>,
    json: bool,
) -> anyhow::Result<Ending> {
    let bar = Bar::new();
    let job = match open(workspace)? {
        Opened::Here(bench) => {
            let job = start(&bench, request)?;
            bench.wait_for(job, |job| bar.show(job, None))?
        }
        Opened::There(server) => {
            let mut body = serde_json::to_value(&request).context("writing the request")?;
            if let Some(fields) = body.as_object_mut() {
                fields.remove("dataset");
            }
            server.follow(door, &body, |job, ahead| bar.show(job, ahead))?
        }
    };
    drop(bar);
    conclude(&job, json)
}

/// Tells how a job ended: its sentence on stderr, its report on stdout when asked for.
pub(super) fn conclude(job: &JobRecord, json: bool) -> anyhow::Result<Ending> {
    if !matches!(job.state, JobState::Done | JobState::Partly) {
        bail!("{}", job.message);
    }
    tell(&job.message);
    let report = job.report.clone().unwrap_or(Value::Null);
    for line in report["skipped"].as_array().into_iter().flatten().take(if json { 0 } else { 10 }) {
        tell(&format!(
            "  left out: {}: {}",
            line["item"].as_str().unwrap_or("?"),
            line["reason"].as_str().unwrap_or("?")
        ));
    }
    if json {
        answer(&report.to_string());
    }
    Ok(if job.state == JobState::Partly { Ending::Partly } else { Ending::Done })
}
