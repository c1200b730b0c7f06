//! `tator quality`

use clap::Args;
use tator_domain::DatasetName;
use tator_pipeline::{QualityRequest, Workbench};

use super::job::follow;
use super::{Ending, WorkspaceFlag};

#[derive(Args)]
#[command(after_help = "Examples:
  tator quality --dataset coins
  tator quality --dataset coins --run detectors_1 --json

Findings wait at Quality in the browser; figures and pairs are tables:
  tator sql \"SELECT * FROM coins.quality_open ORDER BY kind, score DESC\"
  tator sql \"SELECT * FROM coins.duplicates WHERE leak\"")]
pub(super) struct Quality {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// Encoder whose embeddings are asked; the one with most when not said
    #[arg(long)]
    encoder: Option<String>,
    /// Run of detectors to compare the boxes with
    #[arg(long)]
    run: Option<String>,
    /// Cosine above which the embeddings of two images are almost equal
    #[arg(long, value_name = "COSINE", default_value_t = 0.95)]
    likeness: f32,
    /// Score above which a sighting of the run without a box is told
    #[arg(long, value_name = "SCORE", default_value_t = 0.5)]
    min_score: f64,
    /// The same seed gives the same findings
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Quality) -> anyhow::Result<Ending> {
    let request = QualityRequest {
        dataset: command.dataset.clone(),
        encoder: command.encoder.clone(),
        run: command.run.clone(),
        likeness: command.likeness,
        min_score: command.min_score,
        seed: command.seed,
    };
    let door = format!("/api/v1/datasets/{}/quality", command.dataset);
    let start = |bench: &Workbench, request| Ok(bench.start_quality(&request)?);
    follow(&command.workspace.workspace, &door, request, start, command.json)
}
