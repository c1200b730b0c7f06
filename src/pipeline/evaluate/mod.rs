//! How good detections are: the one place that reports quality, over the one evaluator of the study.
//!
//! Truth are the trusted boxes of images that are labelled or reviewed; such an image without boxes counts, and everything
//! found on it is wrong. What a run found, what a calibration makes of it and what a file of COCO results says are
//! all measured here and alike.

mod found;
mod predictions;
mod recall;
mod report;
mod truths;

use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, PixelBox, RunName};
use tator_learning::coco_evaluation;

pub use found::Stage;
pub(crate) use found::calibration_of;
pub use recall::{ClassRecall, Cut, RecallReport, RecallRow, Scale};
pub use report::{ClassReport, EvaluateReport};
pub use truths::Truths;

use crate::error::Error;
use crate::workbench::Workbench;

/// An object that is really there.
pub type Truth = coco_evaluation::Truth<PixelBox>;
/// What was found.
pub type Detection = coco_evaluation::Detection<PixelBox>;

/// What is to be measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateRequest {
    /// The dataset with the truth.
    pub dataset: DatasetName,
    /// A file of COCO results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictions: Option<PathBuf>,
    /// A run of the prepass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunName>,
    /// Only what this model found, or this pass of it (`yolox:windows`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What of the run: atoms of a source unless said otherwise, else the union.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The calibration whose scores count at stage `calibrated`; the run's only one unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<RunName>,
    /// Overlap from which on something is found, for precision, recall and F1.
    #[serde(default = "half")]
    pub iou: f64,
    /// Score from which on a detection counts, for precision, recall and F1.
    #[serde(default = "half")]
    pub score: f64,
    /// Only images for which this SQL condition is true.
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

fn half() -> f64 {
    0.5
}

impl EvaluateRequest {
    /// Everything as usual.
    #[must_use]
    pub fn new(dataset: DatasetName) -> Self {
        Self {
            dataset,
            predictions: None,
            run: None,
            source: None,
            stage: None,
            calibration: None,
            iou: half(),
            score: half(),
            condition: None,
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.predictions.is_some() == self.run.is_some() {
            return Err(Error::invalid("predictions", "give either a file of COCO results or the name of a run"));
        }
        for (name, value) in [("iou", self.iou), ("score", self.score)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::invalid(name, format!("{value} is not between 0 and 1")));
            }
        }
        Ok(())
    }
}

impl Workbench {
    /// Measures detections against the truth of a dataset.
    ///
    /// # Errors
    /// [`Error::NotFound`] for dataset, run or calibration; [`Error::Invalid`] for a request or a file that makes no
    /// sense, and when no image of those meant is labelled.
    pub fn evaluate(&self, request: &EvaluateRequest) -> Result<EvaluateReport, Error> {
        let begun = Instant::now();
        request.check()?;
        let reader = self.reader();
        let truths = Truths::read(reader, &request.dataset, request.condition.as_deref())?;
        let found = match &request.predictions {
            Some(file) => predictions::read(reader, &request.dataset, &truths, file)?,
            None => found::of_request(reader, request, &truths)?,
        };
        let mut report = report::report(&truths, &found.detections, (request.iou, request.score))?;
        report.left_out = found.left_out;
        report.elsewhere = found.elsewhere;
        report.seconds = begun.elapsed().as_secs_f64();
        Ok(report)
    }
}
