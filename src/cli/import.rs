//! `tator import`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tator_domain::{DatasetName, Split};
use tator_pipeline::{ImportMode, ImportRequest, Workbench};
use tator_store::LoadPolicy;

use super::job::follow;
use super::workspace::absolute;
use super::{Ending, WorkspaceFlag};

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
    let start = |bench: &Workbench, request| Ok(bench.start_import(request)?);
    follow(
        &command.workspace.workspace,
        &format!("/api/v1/datasets/{}/imports", command.dataset),
        request,
        start,
        command.json,
    )
}
