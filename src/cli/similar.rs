//! `tator similar`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::Value;
use tator_domain::{BoxId, DatasetName, ImageId};
use tator_pipeline::{SimilarRequest, SimilarTo};
use tator_store::{EmbeddingOf, ImageFilter};

use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(after_help = "Examples:
  tator similar --dataset coins --box 17
  tator similar --dataset coins --image 4 --k 50 --json
  tator similar --dataset coins --file photo.jpg --of boxes
  tator similar --dataset coins --box 17 --where \"state = 'unlabelled'\"
  tator similar --dataset coins --text \"a worn coin\" --encoder clip-vit-b32

`tator embed` makes the vectors that are searched.")]
pub(super) struct Similar {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    #[command(flatten)]
    to: To,
    /// Among what to look, images or boxes; without it boxes for a box, images for the rest
    #[arg(long, value_name = "images|boxes")]
    of: Option<EmbeddingOf>,
    /// Whose vectors; those of the encoder with most rows without it
    #[arg(long)]
    encoder: Option<String>,
    /// How many look-alikes
    #[arg(long, default_value_t = tator_pipeline::similar::USUAL_K)]
    k: usize,
    /// Only on images for which this SQL condition is true
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

/// Of what.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct To {
    /// Look-alikes of this image
    #[arg(long, value_name = "ID")]
    image: Option<ImageId>,
    /// Look-alikes of this box
    #[arg(long = "box", value_name = "ID")]
    boxed: Option<BoxId>,
    /// What fits these words, where the encoder knows words
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Look-alikes of a picture
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

pub(super) fn run(command: &Similar) -> anyhow::Result<Ending> {
    let opened = open_existing(&command.workspace.workspace)?;
    let to = match &command.to {
        To { image: Some(id), .. } => SimilarTo::Image(*id),
        To { boxed: Some(id), .. } => SimilarTo::Box(*id),
        To { file: Some(path), .. } => {
            let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
            SimilarTo::Picture(keep(&opened, &command.dataset, &bytes)?)
        }
        To { text, .. } => SimilarTo::Text(text.clone().unwrap_or_default()),
    };
    let filter = command.condition.clone().map(|sql| ImageFilter { condition: Some(sql), ..ImageFilter::default() });
    let request = SimilarRequest { to, of: command.of, encoder: command.encoder.clone(), k: command.k, filter };
    let found = match &opened {
        Opened::Here(bench) => serde_json::to_value(bench.similar(&command.dataset, &request)?)?,
        Opened::There(server) => {
            server.post(&format!("/api/v1/datasets/{}/similar", command.dataset), &serde_json::to_value(&request)?)?
        }
    };
    show(&found, command.json);
    Ok(Ending::Done)
}

/// The number of a picture that is asked about.
fn keep(opened: &Opened, dataset: &DatasetName, bytes: &[u8]) -> anyhow::Result<String> {
    match opened {
        Opened::Here(bench) => Ok(bench.keep_looked(bytes)?),
        Opened::There(server) => {
            let kept = server.post_bytes(&format!("/api/v1/datasets/{dataset}/similar/pictures"), bytes)?;
            kept["picture"].as_str().map(str::to_owned).context("the server gave the picture no number")
        }
    }
}

fn show(found: &Value, json: bool) {
    let (searched, encoder, of) = (&found["searched"], found["encoder"].as_str(), found["of"].as_str());
    let method = &found["method"];
    let how = match method["name"].as_str() {
        Some("index") => {
            format!(
                "through an index that finds {:.1} % of the true ones",
                100.0 * method["recall"].as_f64().unwrap_or(0.0)
            )
        }
        _ => "exactly".to_owned(),
    };
    tell(&format!(
        "searched {searched} {} by {} {how}, {:.1} ms",
        of.unwrap_or_default(),
        encoder.unwrap_or_default(),
        found["ms"]["search"].as_f64().unwrap_or(0.0)
    ));
    if let Some(n) = found["without_vector"].as_u64().filter(|n| *n > 0) {
        let of = of.unwrap_or_default();
        tell(&format!("{of} without a vector, which cannot be found: {n}; `tator embed --of {of}` makes them"));
    }
    if json {
        answer(&found.to_string());
        return;
    }
    for line in lines(found) {
        answer(&line);
    }
}

/// A look-alike a line: how alike, the box with its class, the image with its file.
fn lines(found: &Value) -> Vec<String> {
    let line = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        let boxed = row["box_id"].as_i64().map(|id| format!("box {id}  {}  ", text("class"))).unwrap_or_default();
        let score = row["score"].as_f64().unwrap_or(0.0);
        format!("{score:.4}  {boxed}image {}  {}", row["image_id"], text("path"))
    };
    found["results"].as_array().into_iter().flatten().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lines;

    #[test]
    fn a_line_names_file_and_class() {
        let found = json!({ "results": [
            { "score": 0.91234, "image_id": 4, "box_id": 17, "class": "coin", "path": "a/b.png" },
            { "score": 0.5, "image_id": 5, "box_id": null, "class": null, "path": "c.png" },
        ] });
        assert_eq!(lines(&found), ["0.9123  box 17  coin  image 4  a/b.png", "0.5000  image 5  c.png"]);
    }
}
