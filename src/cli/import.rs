//! `tator import`

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;
use tator_domain::{DatasetName, Split};
use tator_pipeline::{ImportMode, ImportRequest, JobRecord, JobState};
use tator_store::LoadPolicy;

use super::progress::Bar;
use super::workspace::{Opened, absolute, open};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(after_help = "Examples:
  tator import photos.zip --dataset coins
  tator import labels/ --images photos/ --dataset cars --format yolo
  tator import instances_val.json --images val2017/ --dataset coco --link
  tator import export/ --dataset cars --dry-run      (says what would change, changes nothing)")]
pub(super) struct Import {
    /// A folder, a .zip, or a COCO JSON
    source: PathBuf,
    /// The dataset it goes into; made when it is not there (letters, digits and _)
    #[arg(long)]
    dataset: DatasetName,
    /// How the labels are laid out
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    /// Folder of the pictures, when they do not lie in SOURCE
    #[arg(long, value_name = "DIR")]
    images: Option<PathBuf>,
    /// Leave the pictures where they are; they are never written to
    #[arg(long, conflicts_with = "copy")]
    link: bool,
    /// Copy the pictures into the workspace (the default)
    #[arg(long)]
    copy: bool,
    /// What YOLO rows of more than five numbers mean
    #[arg(long, value_enum)]
    task: Option<Task>,
    /// Split of images for which the source names none: train, val, test or none
    #[arg(long)]
    split: Option<Split>,
    /// Pascal VOC with the original 1-based inclusive pixels
    #[arg(long)]
    one_based: bool,
    /// Images that are there already: keep those people worked on, replace all, or take only new ones
    #[arg(long, value_enum, default_value_t = Existing::Keep)]
    existing: Existing,
    /// Say what would happen, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Auto,
    Yolo,
    Coco,
    Voc,
    Images,
    Parquet,
}

#[derive(Clone, Copy, ValueEnum)]
enum Task {
    Detect,
    Segment,
    Obb,
}

#[derive(Clone, Copy, ValueEnum)]
enum Existing {
    Keep,
    Replace,
    New,
}

#[expect(clippy::needless_pass_by_value, reason = "the values are small copies")]
fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
}

pub(super) fn run(command: &Import) -> anyhow::Result<Ending> {
    let request = ImportRequest {
        source: absolute(&command.source)?,
        images_dir: command.images.as_deref().map(absolute).transpose()?,
        dataset: command.dataset.clone(),
        format: name_of(command.format),
        mode: if command.link { ImportMode::Link } else { ImportMode::Copy },
        dry_run: command.dry_run,
        task: command.task.map(name_of),
        split: command.split,
        one_based: command.one_based,
        existing: match command.existing {
            Existing::Keep => LoadPolicy::Keep,
            Existing::Replace => LoadPolicy::Replace,
            Existing::New => LoadPolicy::New,
        },
    };
    let bar = Bar::new();
    let job = match open(&command.workspace.workspace)? {
        Opened::Here(bench) => {
            let job = bench.start_import(request)?;
            bench.wait_for(job, |job| bar.show(job))?
        }
        Opened::There(server) => {
            let path = format!("/api/v1/datasets/{}/imports", request.dataset);
            let mut body = serde_json::to_value(&request).context("writing the request")?;
            if let Some(fields) = body.as_object_mut() {
                fields.remove("dataset");
            }
            server.follow(&path, &body, |job| bar.show(job))?
        }
    };
    drop(bar);
    conclude(&job, command.json)
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
