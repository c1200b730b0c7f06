//! Why a candidate got its score: what each column added to its log odds.

use serde::Serialize;
use tator_domain::{DatasetName, RunName};
use tator_learning::boost::Columns;
use tator_learning::calibrator::Ensemble;
use tator_store::RunKind;

use super::record::Record;
use super::request::refused;
use crate::error::Error;
use crate::workbench::Workbench;

/// Candidates explained at once.
const MOST: usize = 1_000;

/// A column and what it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// The column.
    pub name: String,
    /// Its value; nothing where it had none.
    pub value: Option<f32>,
    /// What it added to the log odds.
    pub adds: f64,
}

/// A candidate and the reasons for its score, the weightiest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// The candidate.
    pub candidate_id: i64,
    /// What all start from.
    pub base: f64,
    /// Log odds of the trees for all candidates, before the map to probabilities.
    pub margin: f64,
    /// The reasons.
    pub reasons: Vec<Reason>,
}

impl Workbench {
    /// Explains candidates by the final trees and what they start from of a calibration. On test images the score in the table is that of trees that had
    /// not seen the image; the reasons are those of the trees in use.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for too many at once.
    pub fn explain_candidates(
        &self,
        d: &DatasetName,
        name: &RunName,
        candidates: &[i64],
    ) -> Result<Vec<Explained>, Error> {
        if candidates.len() > MOST {
            return Err(Error::invalid("candidates", format!("{} are too many: {MOST} at once", candidates.len())));
        }
        let reader = self.reader();
        let record = Record::parse(&reader.run_entry(d, RunKind::Calibration, name)?.record)?;
        let folder = reader.run_folder(d, RunKind::Calibration, name);
        let is_ours = |file: &str| record.files.contains_key(file);
        let read = |file: &str| is_ours(file).then(|| std::fs::read(folder.join(file)).ok()).flatten();
        let model = Ensemble::open(&record.options.experts, read).map_err(refused)?;
        let names = &record.features.names;
        let rows = reader.calibration_features(d, name, names, candidates)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let columns: Vec<Vec<f32>> = (0..names.len()).map(|at| rows.iter().map(|(_, row)| row[at]).collect()).collect();
        let table = Columns::new(names, columns.iter().map(Vec::as_slice).collect()).map_err(refused)?;
        let all: Vec<usize> = (0..rows.len()).collect();
        let told = model.contributions(&table, &all).map_err(refused)?;
        Ok(rows.iter().zip(told).map(|((id, values), adds)| explained(*id, names, values, &adds)).collect())
    }
}

fn explained(candidate_id: i64, names: &[String], values: &[f32], adds: &[f64]) -> Explained {
    let reason = |((name, value), adds): ((&String, &f32), &f64)| Reason {
        name: name.clone(),
        value: (!value.is_nan()).then_some(*value),
        adds: *adds,
    };
    let mut reasons: Vec<Reason> = names.iter().zip(values).zip(adds).map(reason).collect();
    reasons.sort_by(|a, b| b.adds.abs().total_cmp(&a.adds.abs()).then_with(|| a.name.cmp(&b.name)));
    let base = adds.last().copied().unwrap_or(0.0);
    Explained { candidate_id, base, margin: adds.iter().sum(), reasons }
}
