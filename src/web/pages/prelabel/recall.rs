//! What a run finds of the truth, and on which scale each score is cut.

use askama::Template;
use tator_pipeline::evaluate::{RecallReport, RecallRow, Scale};

use crate::figures::filters;

/// `/d/{dataset}/prelabel/runs/{run}/_recall`: it takes a moment, so the page does not wait for it.
#[derive(Template)]
#[template(path = "prelabel/_recall.html")]
pub struct RecallPart {
    /// What the run finds of the truth, or why that cannot be said.
    pub recall: Result<RecallReport, String>,
}

/// A share as percent with one digit, a dash where there is none.
pub(super) fn share(value: &Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{:.1}", value * 100.0))
}

/// What a score on the pool's scale says, after a number.
pub(super) fn scale_words(scale: Scale) -> &'static str {
    match scale {
        Scale::Raw => "as the models say it",
        Scale::Common => "on the common scale: how often such a box is right",
        Scale::Calibrated => "of a calibration",
    }
}

impl RecallPart {
    /// From where on the boxes of a row count.
    #[must_use]
    pub fn from(&self, row: &RecallRow) -> String {
        match (row.scale, row.score) {
            (Scale::Raw, Some(score)) => format!("{score} raw"),
            (_, Some(score)) => format!("{score} common"),
            (_, None) => "own thresholds".to_owned(),
        }
    }

    /// What is cut where, and why a calibration's figures are those of its own page.
    #[must_use]
    pub fn cut_words(&self, report: &RecallReport) -> String {
        let mut words = format!(
            "Precision, recall and F1 count a source's boxes from {} as its model says it, what was put together from {} {}.",
            report.cut.score,
            report.cut.pool,
            scale_words(report.pool_scale)
        );
        if let Some(row) = report.rows.iter().find(|row| row.kind == "calibrated") {
            words.push_str(match row.f1 {
                Some(_) => " Those of a calibration are the ones of its page: its own thresholds, on images that it had not seen.",
                None => " A calibration has them only at the overlap that it was made for.",
            });
        }
        words
    }

    /// A share for a table.
    #[must_use]
    pub fn share(&self, value: &Option<f64>) -> String {
        share(value)
    }

    /// A share that is always there.
    #[must_use]
    pub fn part(&self, value: &f64) -> String {
        share(&Some(*value))
    }
}
