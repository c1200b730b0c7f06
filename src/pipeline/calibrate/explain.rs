//! Why a candidate got its score: what each column added to its log odds.

use std::collections::BTreeMap;

use serde::Serialize;
use tator_domain::{DatasetName, RunName};
use tator_learning::boost::Columns;
use tator_learning::calibrator::Ensemble;
use tator_store::{CandidateScore, RunKind};

use super::record::{MapNote, Record};
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
    /// Its probability in the table of the calibration: on a tested image that of trees which had not seen it.
    pub score: f64,
    /// What the trees in use say of it, whose reasons these are.
    pub probability: f64,
    /// Its image tests the calibration.
    pub tested: bool,
    /// No better one of its class covers it.
    pub kept: bool,
    /// What all start from.
    pub base: f64,
    /// Log odds of the trees for all candidates, before the map to probabilities.
    pub margin: f64,
    /// The reasons.
    pub reasons: Vec<Reason>,
}

impl MapNote {
    /// The probability of log odds. The slope is negative, as Platt writes it: higher odds are more often right.
    #[must_use]
    pub fn probability(self, margin: f64) -> f64 {
        1.0 / (1.0 + (self.slope * margin + self.offset).exp())
    }
}

impl Workbench {
    /// Explains candidates by the trees in use of a calibration and what these start from.
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
        let margins = model.margins(&table, &all).map_err(refused)?;
        let scores: BTreeMap<i64, CandidateScore> =
            reader.candidate_scores(d, name, candidates)?.into_iter().map(|one| (one.candidate_id, one)).collect();
        let known = rows.iter().zip(told).zip(margins);
        let one = |(((id, values), adds), margin): ((&(i64, Vec<f32>), Vec<f64>), f64)| {
            Some(explained(scores.get(id)?, record.map.probability(margin), names, values, &adds))
        };
        Ok(known.filter_map(one).collect())
    }
}

fn explained(of: &CandidateScore, probability: f64, names: &[String], values: &[f32], adds: &[f64]) -> Explained {
    let reason = |((name, value), adds): ((&String, &f32), &f64)| Reason {
        name: name.clone(),
        value: (!value.is_nan()).then_some(*value),
        adds: *adds,
    };
    let mut reasons: Vec<Reason> = names.iter().zip(values).zip(adds).map(reason).collect();
    reasons.sort_by(|a, b| b.adds.abs().total_cmp(&a.adds.abs()).then_with(|| a.name.cmp(&b.name)));
    let base = adds.last().copied().unwrap_or(0.0);
    Explained {
        candidate_id: of.candidate_id,
        score: of.score,
        probability,
        tested: of.part == "test",
        kept: of.kept,
        base,
        margin: adds.iter().sum(),
        reasons,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_odds_are_more_likely() {
        assert_eq!(MapNote { slope: -1.0, offset: 0.0 }.probability(0.0), 0.5);
        let map = MapNote { slope: -1.2, offset: 0.1 };
        assert!(map.probability(3.0) > 0.9 && map.probability(-3.0) < 0.1);
    }
}
