//! `tator map`

use clap::{Args, ValueEnum};
use tator_domain::DatasetName;
use tator_pipeline::{MapMethod, MapRequest, Workbench};
use tator_store::EmbeddingOf;

use super::job::follow;
use super::{Ending, WorkspaceFlag};

#[derive(Args)]
#[command(after_help = "Examples:
  tator map --dataset coins
  tator map --dataset coins --of images --method pca --json

The points are a view that SQL joins, named after encoder, what it is of, and method:
  tator sql \"SELECT b.class_id, avg(m.x), avg(m.y) FROM coins.map_dinov3_boxes_umap m JOIN coins.boxes b USING (box_id) GROUP BY 1\"")]
pub(super) struct Map {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// Encoder whose embeddings are laid out; the one with most when not said
    #[arg(long)]
    encoder: Option<String>,
    /// What the points are
    #[arg(long, value_enum, default_value = "boxes")]
    of: Of,
    /// How vectors become points
    #[arg(long, value_enum, default_value = "umap")]
    method: Method,
    /// Neighbours of a point that UMAP keeps together
    #[arg(long, default_value_t = 15)]
    neighbours: usize,
    /// Leave out what the size and shape of a box explain
    #[arg(long)]
    size_bias: bool,
    /// The same seed gives the same map
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

#[derive(Clone, Copy, ValueEnum)]
enum Of {
    Boxes,
    Images,
}

#[derive(Clone, Copy, ValueEnum)]
enum Method {
    Umap,
    Pca,
}

pub(super) fn run(command: &Map) -> anyhow::Result<Ending> {
    let request = MapRequest {
        dataset: command.dataset.clone(),
        encoder: command.encoder.clone(),
        of: match command.of {
            Of::Boxes => EmbeddingOf::Boxes,
            Of::Images => EmbeddingOf::Images,
        },
        method: match command.method {
            Method::Umap => MapMethod::Umap,
            Method::Pca => MapMethod::Pca,
        },
        neighbours: command.neighbours,
        size_bias: command.size_bias,
        seed: command.seed,
    };
    let door = format!("/api/v1/datasets/{}/maps", command.dataset);
    let start = |bench: &Workbench, request| Ok(bench.start_map(&request)?);
    follow(&command.workspace.workspace, &door, request, start, command.json)
}
