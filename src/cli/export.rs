//! `tator export`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tator_domain::DatasetName;
use tator_pipeline::{ExportImages, ExportRequest, Workbench};

use super::job::follow;
use super::workspace::absolute;
use super::{Ending, WorkspaceFlag};

#[derive(Args)]
#[command(after_help = "Examples:
  tator export --dataset coins --format yolo --out coins-yolo
  tator export --dataset coins --format coco --out coins.zip --images none
  tator export --dataset coins --format voc --out reviewed --where \"state = 'reviewed'\"
  tator export --dataset coins --format crops --out crops.zip --padding 0.1
  tator export --dataset coins --format csv --out big --where \"image_id IN (SELECT image_id FROM boxes WHERE w > 200)\"")]
pub(super) struct Export {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// How the labels are laid out
    #[arg(long, value_enum)]
    format: Format,
    /// A folder, or a .zip, that does not exist yet; it appears whole or not at all
    #[arg(long)]
    out: PathBuf,
    /// What happens to the pictures: copied, hard-linked, or left out
    #[arg(long, value_enum, default_value_t = Images::Copy)]
    images: Images,
    /// Margin around each crop, as a share of the box's longer side (format crops)
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    padding: f64,
    /// SQL condition over images, with boxes and classes in sub-queries
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Yolo,
    YoloSeg,
    YoloObb,
    Coco,
    Voc,
    Parquet,
    Csv,
    Crops,
}

#[derive(Clone, Copy, ValueEnum)]
enum Images {
    Copy,
    Link,
    None,
}

pub(super) fn run(command: &Export) -> anyhow::Result<Ending> {
    let format = command.format.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
    let request = ExportRequest {
        dataset: command.dataset.clone(),
        format,
        out: absolute(&command.out)?,
        images: match command.images {
            Images::Copy => ExportImages::Copy,
            Images::Link => ExportImages::Link,
            Images::None => ExportImages::None,
        },
        condition: command.condition.clone(),
        padding: command.padding,
    };
    let start = |bench: &Workbench, request| Ok(bench.start_export(request)?);
    follow(
        &command.workspace.workspace,
        &format!("/api/v1/datasets/{}/exports", command.dataset),
        request,
        start,
        command.json,
    )
}
