//! What the page shows that compares two runs.

use askama::Template;
use tator_domain::DatasetName;
use tator_pipeline::evaluate::{Cut, RecallReport};

use super::recall::{scale_words, share};
use super::view::RunLine;
use crate::figures::filters;
use crate::page::Shell;

/// `/d/{dataset}/prelabel/compare`
#[derive(Template)]
#[template(path = "prelabel/compare.html")]
pub struct ComparePage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The two runs.
    pub lines: [RunLine; 2],
    /// What both find on the images they have in common, or why that cannot be said.
    pub recall: Result<[RecallReport; 2], String>,
    /// Where they are measured.
    pub point: Cut,
    /// Lines of the recipes that differ: key, first, second.
    pub differences: Vec<(String, String, String)>,
}

/// Figures of one source in two runs.
pub struct PairLine<'r> {
    /// Its name.
    pub name: &'r str,
    /// Whether it is all together.
    pub union: bool,
    /// Coverage, precision, recall, F1 and AP, first and second run.
    pub figures: [[Option<f64>; 2]; 5],
}

impl ComparePage {
    /// Sources of both, in the order of the first.
    #[must_use]
    pub fn pairs<'r>(&self, both: &'r [RecallReport; 2]) -> Vec<PairLine<'r>> {
        let [first, second] = both;
        let mut names: Vec<&str> = first.rows.iter().map(|row| row.name.as_str()).collect();
        names.extend(
            second.rows.iter().map(|row| row.name.as_str()).filter(|name| !first.rows.iter().any(|r| r.name == *name)),
        );
        let line = |name: &'r str| {
            let rows = both.each_ref().map(|report| report.rows.iter().find(|row| row.name == name));
            let pair = |of: fn(&tator_pipeline::evaluate::RecallRow) -> Option<f64>| rows.map(|row| row.and_then(of));
            let figures =
                [pair(|r| r.coverage), pair(|r| r.precision), pair(|r| r.recall), pair(|r| r.f1), pair(|r| r.ap)];
            PairLine { name, union: rows.iter().flatten().any(|row| row.kind == "union"), figures }
        };
        names.into_iter().map(line).collect()
    }
}

impl ComparePage {
    /// What the scores of both pools say.
    #[must_use]
    pub fn scale_words(&self, both: &[RecallReport; 2]) -> String {
        match both.each_ref().map(|report| report.pool_scale) {
            [a, b] if a == b => scale_words(a).to_owned(),
            [a, b] => format!("{} in A and {} in B", scale_words(a), scale_words(b)),
        }
    }

    /// A share for a table.
    #[must_use]
    pub fn share(&self, value: &Option<f64>) -> String {
        share(value)
    }

    /// How much the second is better.
    #[must_use]
    pub fn gain(&self, pair: &[Option<f64>; 2]) -> String {
        match pair {
            [Some(a), Some(b)] => format!("{:+.1}", (b - a) * 100.0),
            _ => String::new(),
        }
    }
}
