//! `tator evaluate`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;
use tator_domain::{DatasetName, RunName};
use tator_pipeline::EvaluateRequest;
use tator_pipeline::evaluate::Stage;

use super::workspace::{Opened, absolute, open_existing};
use super::{Ending, WorkspaceFlag, answer, tell};

#[derive(Args)]
#[command(after_help = "Examples:
  tator evaluate --dataset coins --predictions results.json
  tator evaluate --dataset coins --run fast_1
  tator evaluate --dataset coins --run fast_1 --source yolox_nano --iou 0.75 --score 0.3 --json

Truth are the trusted boxes of images that are labelled or reviewed. Results are COCO's list of image_id, category_id, bbox \
and score; images are found by the number they were imported with or by file name, classes by theirs. Results that cannot \
be placed are named, and the exit code is 4.")]
pub(super) struct Evaluate {
    /// The dataset with the truth
    #[arg(long)]
    dataset: DatasetName,
    /// A file of COCO results
    #[arg(long, value_name = "FILE", required_unless_present = "run", conflicts_with = "run")]
    predictions: Option<PathBuf>,
    /// A run of `tator prepass`
    #[arg(long, value_name = "NAME")]
    run: Option<RunName>,
    /// Only what this model found, or one pass of it (yolox:windows)
    #[arg(long, requires = "run")]
    source: Option<String>,
    /// What of the run: single boxes, the candidates they were put together to, or those under a calibration's scores
    #[arg(long, value_enum, requires = "run")]
    stage: Option<RunStage>,
    /// The calibration, where the run has several
    #[arg(long, value_name = "NAME", requires = "run")]
    calibration: Option<RunName>,
    /// Overlap from which on something is found, for precision, recall and F1
    #[arg(long, default_value_t = 0.5)]
    iou: f64,
    /// Score from which on a detection counts, for precision, recall and F1
    #[arg(long, default_value_t = 0.5)]
    score: f64,
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
enum RunStage {
    Atoms,
    Union,
    Calibrated,
}

pub(super) fn run(command: &Evaluate) -> anyhow::Result<Ending> {
    let request = EvaluateRequest {
        predictions: command.predictions.as_deref().map(absolute).transpose()?,
        run: command.run.clone(),
        source: command.source.clone(),
        stage: command.stage.map(|stage| match stage {
            RunStage::Atoms => Stage::Atoms,
            RunStage::Union => Stage::Union,
            RunStage::Calibrated => Stage::Calibrated,
        }),
        calibration: command.calibration.clone(),
        iou: command.iou,
        score: command.score,
        condition: command.condition.clone(),
        ..EvaluateRequest::new(command.dataset.clone())
    };
    let report = match open_existing(&command.workspace.workspace)? {
        Opened::Here(bench) => bench.evaluate(&request)?.to_json(),
        Opened::There(server) => {
            let mut body = serde_json::to_value(&request)?;
            if let Some(fields) = body.as_object_mut() {
                fields.remove("dataset");
            }
            server.post(&format!("/api/v1/datasets/{}/evaluate", command.dataset), &body)?
        }
    };
    show(&report, command.json);
    let complete = report["skipped"].as_array().is_none_or(Vec::is_empty);
    Ok(if complete { Ending::Done } else { Ending::Partly })
}

fn show(report: &Value, json: bool) {
    let (images, truths, found) = (&report["images"], &report["truths"], &report["detections"]);
    tell(&format!("{found} detections against {truths} boxes on {images} images"));
    if report["on_images_without_truth"].as_u64().unwrap_or(0) > 0 {
        tell(&format!("  {} more on images without truth are not measured", report["on_images_without_truth"]));
    }
    for line in report["skipped"].as_array().into_iter().flatten().take(if json { 0 } else { 10 }) {
        let text = |key: &str| line[key].as_str().unwrap_or("?").to_owned();
        tell(&format!("  left out: {}: {}", text("item"), text("reason")));
    }
    if json {
        answer(&report.to_string());
        return;
    }
    let figure = |name: &str| report[name].as_f64().map_or("   –".to_owned(), |value| format!("{value:.4}"));
    for names in [["AP", "AP50", "AP75", "APs", "APm", "APl"], ["AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]] {
        answer(&names.map(|name| format!("{name:<5} {}", figure(name))).join("   "));
    }
    let [precision, recall, f1] = ["precision", "recall", "f1"].map(figure);
    let at = format!("at IoU {} and score {}", report["iou"], report["score"]);
    answer(&format!("precision {precision}   recall {recall}   F1 {f1}   {at}"));
}
