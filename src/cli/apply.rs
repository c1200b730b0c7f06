//! `tator apply`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::Value;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::ApplyRequest;

use super::workspace::{Opened, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(after_help = "Examples:
  tator apply --dataset coins --calibration fast_1_c1 --dry-run
  tator apply --dataset coins --calibration fast_1_c1
  tator apply --dataset coins --calibration fast_1_c1 --queue --where \"split = 'train'\"

Accepted candidates become drafts on images that nobody has labelled and that have no box: one change in the history, which \
can be taken back. Nothing becomes truth before a person has looked at it.")]
pub(super) struct Apply {
    /// The dataset
    #[arg(long)]
    dataset: DatasetName,
    /// The calibration
    #[arg(long, value_name = "NAME")]
    calibration: RunName,
    /// Only count what would happen
    #[arg(long)]
    dry_run: bool,
    /// Drafts for those, too, that are for people to decide on
    #[arg(long)]
    queue: bool,
    /// Write the calibration as one file that works on other datasets and machines, and end
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "queue", "condition", "anyway"])]
    save_recipe: Option<PathBuf>,
    /// SQL condition over images, with boxes and classes in sub-queries
    #[arg(long = "where", value_name = "SQL")]
    condition: Option<String>,
    /// Also when it is not better than what there is
    #[arg(long)]
    anyway: bool,
    /// Print one JSON object last on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workspace: WorkspaceFlag,
}

pub(super) fn run(command: &Apply) -> anyhow::Result<Ending> {
    let request = ApplyRequest {
        dry_run: command.dry_run,
        queue: command.queue,
        condition: command.condition.clone(),
        anyway: command.anyway,
        ..ApplyRequest::default()
    };
    let (dataset, calibration) = (&command.dataset, &command.calibration);
    if let Some(file) = &command.save_recipe {
        return save_recipe(command, file);
    }
    let applied: Value = match open_existing(&command.workspace.workspace)? {
        Opened::Here(bench) => serde_json::to_value(bench.apply_calibration(dataset, calibration, &request, "")?)?,
        Opened::There(server) => {
            let door = format!("/api/v1/datasets/{dataset}/calibrations/{calibration}/apply");
            server.post(&door, &serde_json::to_value(&request)?)?
        }
    };
    told(command, &applied);
    if command.json {
        answer(&applied.to_string());
    }
    Ok(Ending::Done)
}

fn save_recipe(command: &Apply, file: &Path) -> anyhow::Result<Ending> {
    let (dataset, calibration) = (&command.dataset, &command.calibration);
    let bytes = match open_existing(&command.workspace.workspace)? {
        Opened::Here(bench) => bench.pack_calibration(dataset, calibration)?,
        Opened::There(server) => {
            let mut bytes = Vec::new();
            let door = format!("/api/v1/datasets/{dataset}/calibrations/{calibration}/recipe");
            server.download(&door, &serde_json::json!({}), &mut bytes)?;
            bytes
        }
    };
    std::fs::write(file, &bytes).with_context(|| format!("writing {}", file.display()))?;
    tell(&format!("{}: {} bytes; `tator calibrate --recipe` uses it", file.display(), bytes.len()));
    Ok(Ending::Done)
}

fn told(command: &Apply, applied: &Value) {
    let sum = |key: &str| {
        let classes = applied["classes"].as_array().into_iter().flatten();
        classes.filter_map(|class| class[key].as_u64()).sum::<u64>()
    };
    for class in applied["classes"].as_array().into_iter().flatten() {
        let name = class["name"].as_str().unwrap_or("?");
        let past = class["past_people"].as_u64().filter(|past| *past > 0);
        let past = past.map(|past| format!(" ({past} of them past people)")).unwrap_or_default();
        tell(&format!(
            "  {name}: {} accepted{past}, {} for people, {} dropped",
            class["accept"], class["queue"], class["drop"]
        ));
    }
    tell(&format!("  {} duplicates are left out: boxes that a better one of their class covers", sum("duplicates")));
    if sum("past_people") > 0 {
        tell(&format!(
            "  {} of the accepted are less sure than {}, from which on people are asked: they go past people",
            sum("past_people"),
            applied["queue_from"]
        ));
    }
    match applied["changed_since"].as_u64().unwrap_or_default() {
        0 => {}
        1 => tell("1 image was labelled or changed since: calibrate again"),
        n => tell(&format!("{n} images were labelled or changed since: calibrate again")),
    }
    let what =
        format!("{} drafts on {} of {} free images", applied["drafts"], applied["images"], applied["free_images"]);
    match applied["change"]["change_id"].as_i64() {
        Some(change) => tell(&format!("{what}; change {change} takes them back")),
        None => tell(&format!("{what} would be made; nothing is changed")),
    }
    if command.dry_run && applied["promoted"] == Value::Bool(false) {
        tell(&format!("not promoted: {}", applied["why"].as_str().unwrap_or_default()));
    }
}
