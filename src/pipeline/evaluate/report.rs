//! The figures of a set of detections.

use serde::Serialize;
use serde_json::{Map, Value, json};
use tator_domain::ClassId;
use tator_learning::bad_number::BadNumber;
use tator_learning::coco_evaluation::{Classes, Counts, Figures, evaluate, match_at};

use super::{Detection, Truths};
use crate::error::Error;

/// How good a set of detections is.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateReport {
    /// The twelve figures of COCO.
    pub figures: Figures,
    /// Counts at the chosen overlap and score.
    pub counts: Counts,
    /// Overlap from which on something is found.
    pub iou: f64,
    /// Score from which on a detection counts.
    pub score: f64,
    /// Images with truth.
    pub images: usize,
    /// Boxes on them that can be missed.
    pub truths: usize,
    /// Detections that were measured.
    pub detections: usize,
    /// Detections on images without truth: not measured.
    pub elsewhere: usize,
    /// What could not be measured, and why.
    pub left_out: Vec<(String, String)>,
    /// The same by class.
    pub classes: Vec<ClassReport>,
    /// Seconds it took.
    pub seconds: f64,
}

/// How good the detections of a class are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassReport {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Boxes that can be missed.
    pub truths: usize,
    /// Detections of it.
    pub detections: usize,
    /// Average precision over all overlaps, and at .50.
    #[serde(rename = "AP")]
    pub ap: Option<f64>,
    /// Average precision at .50.
    #[serde(rename = "AP50")]
    pub ap50: Option<f64>,
    /// At the chosen overlap and score.
    pub precision: Option<f64>,
    /// At the chosen overlap and score.
    pub recall: Option<f64>,
    /// At the chosen overlap and score.
    pub f1: Option<f64>,
}

impl EvaluateReport {
    /// As `tator evaluate --json` prints it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut fields: Map<String, Value> =
            self.figures.named().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        fields.extend(counted(&self.counts));
        let skipped = self.left_out.iter().map(|(item, reason)| json!({ "item": item, "reason": reason }));
        let more = json!({
            "iou": self.iou,
            "score": self.score,
            "images": self.images,
            "truths": self.truths,
            "detections": self.detections,
            "on_images_without_truth": self.elsewhere,
            "classes": self.classes,
            "skipped": skipped.collect::<Vec<_>>(),
            "seconds": self.seconds,
        });
        fields.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(fields)
    }
}

/// Precision, recall and F1 with what they are made of.
pub(super) fn counted(counts: &Counts) -> Map<String, Value> {
    let fields = json!({
        "precision": counts.precision(),
        "recall": counts.recall(),
        "f1": counts.f1(),
        "right": counts.right,
        "wrong": counts.wrong,
        "missed": counts.missed,
    });
    fields.as_object().cloned().unwrap_or_default()
}

/// Measures detections, all of which lie on images with truth.
pub(crate) fn report(
    truths: &Truths,
    detections: &[Detection],
    (iou, score): (f64, f64),
) -> Result<EvaluateReport, Error> {
    let evaluation = evaluate(&truths.rows, detections, Classes::Apart).map_err(no_figure)?;
    let matches = match_at(&truths.rows, detections, iou, Classes::Apart).map_err(no_figure)?;
    let point = matches.counts(&truths.rows, detections, score);
    let classes = evaluation.classes.iter().map(|class| {
        let counts = point.classes.get(&class.class).copied().unwrap_or_default();
        ClassReport {
            class_id: class.class,
            name: truths.class_name(class.class),
            truths: class.n_truths,
            detections: detections.iter().filter(|found| found.class == class.class).count(),
            ap: class.figures.ap,
            ap50: class.figures.ap50,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
        }
    });
    Ok(EvaluateReport {
        classes: classes.collect(),
        figures: evaluation.figures,
        counts: point.overall,
        iou,
        score,
        images: truths.images.len(),
        truths: truths.rows.iter().filter(|truth| !truth.crowd).count(),
        detections: detections.len(),
        elsewhere: 0,
        left_out: Vec::new(),
        seconds: 0.0,
    })
}

/// No figure can be made of that number.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn no_figure(bad: BadNumber) -> Error {
    Error::invalid("detections", bad.to_string())
}
