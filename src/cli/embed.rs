//! `tator embed`

use clap::Args;
use tator_domain::DatasetName;
use tator_pipeline::{EmbedRequest, Workbench};
use tator_store::EmbeddingOf;
use tator_vision::Surroundings;

use super::job::follow;
use super::{Ending, WorkspaceFlag};

#[derive(Args)]
#[command(after_help = "Examples:
  tator embed --dataset coins
  tator embed --dataset coins --of boxes --model dinov2-small
  tator embed --dataset coins --of boxes --padding 0.08 --around blur --json

Only what is missing or has changed is embedded; a run that was stopped goes on where it was.
The vectors are Lance tables, which Python opens by themselves:
  lance.dataset(\"workspace/tables/coins/embeddings_dinov2_small_boxes.lance\").to_table()")]
pub(super) struct Embed {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// The encoder; `tator models list` shows which there are
    #[arg(long)]
    model: Option<String>,
    /// What to embed, images or boxes; both without it
    #[arg(long, value_name = "images|boxes")]
    of: Option<EmbeddingOf>,
    /// Margin around a box, as a share of its longer side
    #[arg(long, value_name = "SHARE")]
    padding: Option<f64>,
    /// What the encoder sees around a box: full, mean (plain), blur or darken
    #[arg(long, value_name = "full|mean|blur|darken")]
    around: Option<Surroundings>,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Embed) -> anyhow::Result<Ending> {
    let request = EmbedRequest {
        dataset: command.dataset.clone(),
        model: command.model.clone(),
        of: command.of,
        padding: command.padding,
        around: command.around,
    };
    let door = format!("/api/v1/datasets/{}/embed", command.dataset);
    let start = |bench: &Workbench, request| Ok(bench.start_embed(&request)?);
    follow(&command.workspace.workspace, &door, request, start, command.json)
}
