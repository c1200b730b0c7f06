//! The trees of a calibration: one model for all candidates, and further ones for some.

use serde::{Deserialize, Serialize};

use super::options::Options;
use super::shelf::{self, Shelf};
use crate::Error;
use crate::boost::{Columns, Format, Model, Parameters, Sample, Step, train};

/// A model of its own for the candidates of which a column is greater than 0.
///
/// With `alpha` 1 it takes the place of the common model (split heads), with less it has a say (quality models).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expert {
    /// What it is called in the record.
    pub name: String,
    /// The column that says which candidates it is for.
    pub column: String,
    /// Its share in their score.
    pub alpha: f64,
}

/// Rows an expert needs, of which both kinds; otherwise the common model does its work.
const LEAST_ROWS: usize = 32;

/// Trained trees.
#[derive(Debug)]
pub struct Ensemble {
    base: Model,
    experts: Vec<(Expert, Model)>,
}

/// An ensemble and how it came about.
pub(super) struct Fitted {
    pub ensemble: Ensemble,
    /// Trees of the common model, then of each expert of the options; 0 for one that has none.
    pub rounds: Vec<u32>,
    pub curve: Vec<Step>,
}

/// What trees are grown on.
pub(super) struct Ground<'a> {
    pub columns: &'a Columns<'a>,
    pub targets: &'a [Option<f32>],
    pub options: &'a Options,
    pub parameters: &'a Parameters,
    pub shelf: &'a dyn Shelf,
    /// Name of the columns' content.
    pub content: &'a str,
}

impl Ground<'_> {
    /// Grows trees on `rows`, stopped by `held` or after given rounds.
    pub fn grow(
        &self,
        rows: &[usize],
        held: Option<&[usize]>,
        rounds: Option<&[u32]>,
        hear: &mut dyn FnMut(&Step) -> bool,
    ) -> Result<Fitted, Error> {
        let (base, of_base, curve) = self.one(rows, held, rounds.map(|rounds| rounds[0]), hear)?;
        let (mut counts, mut experts) = (vec![of_base], Vec::new());
        for (at, expert) in self.options.experts.iter().enumerate() {
            let (mine, aside) = (self.of(expert, rows), held.map(|held| self.of(expert, held)));
            let wanted = rounds.map(|rounds| rounds[at + 1]);
            if !self.is_enough(&mine)
                || !aside.as_deref().is_none_or(|aside| self.is_enough(aside))
                || wanted == Some(0)
            {
                counts.push(0);
                continue;
            }
            let (model, n, _) = self.one(&mine, aside.as_deref(), wanted, hear)?;
            counts.push(n);
            experts.push((expert.clone(), model));
        }
        Ok(Fitted { ensemble: Ensemble { base, experts }, rounds: counts, curve })
    }

    fn one(
        &self,
        rows: &[usize],
        held: Option<&[usize]>,
        rounds: Option<u32>,
        hear: &mut dyn FnMut(&Step) -> bool,
    ) -> Result<(Model, u32, Vec<Step>), Error> {
        let (rows, targets) = self.known(rows);
        let aside = held.map(|held| self.known(held)).filter(|(held, _)| !held.is_empty());
        let columns = self.columns;
        let sample = Sample { columns, rows: &rows, targets: &targets, weights: &[] };
        let tune = aside.as_ref().map(|(rows, targets)| Sample { columns, rows, targets, weights: &[] });
        let rounds = rounds.unwrap_or(self.parameters.rounds);
        let parameters = Parameters { rounds, ..self.parameters.clone() };
        let beside = aside.as_ref().map(|(rows, targets)| (&rows[..], &targets[..]));
        let key = shelf::key(self.content, (&rows, &targets), beside, &parameters);
        if let Some(known) = shelf::find(self.shelf, &key, columns.names()) {
            return Ok(known);
        }
        let trained = train(&sample, tune.as_ref(), &parameters, hear)?;
        let mut grown = (trained.model, trained.rounds, trained.curve);
        shelf::keep(self.shelf, &key, &mut grown)?;
        Ok(grown)
    }

    /// Rows with a target, and the targets.
    fn known(&self, rows: &[usize]) -> (Vec<usize>, Vec<f32>) {
        rows.iter().filter_map(|row| self.targets[*row].map(|target| (*row, target))).unzip()
    }

    fn of(&self, expert: &Expert, rows: &[usize]) -> Vec<usize> {
        let column = self.columns.column(&expert.column);
        rows.iter().copied().filter(|row| column.is_some_and(|column| column[*row] > 0.0)).collect()
    }

    fn is_enough(&self, rows: &[usize]) -> bool {
        let (_, targets) = self.known(rows);
        targets.len() >= LEAST_ROWS && targets.contains(&1.0) && targets.contains(&0.0)
    }
}

impl Ensemble {
    /// The log odds of each of these rows, before the map to probabilities.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the table has other columns.
    pub fn margins(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<f64>, Error> {
        let mut margins = self.base.margins(columns, rows)?;
        for (expert, model) in &self.experts {
            let Some(column) = columns.column(&expert.column) else { continue };
            let places: Vec<usize> = (0..rows.len()).filter(|at| column[rows[*at]] > 0.0).collect();
            let mine: Vec<usize> = places.iter().map(|at| rows[*at]).collect();
            for (at, own) in places.into_iter().zip(model.margins(columns, &mine)?) {
                let share = (1.0 - expert.alpha) * sigmoid(margins[at]) + expert.alpha * sigmoid(own);
                margins[at] = if expert.alpha >= 1.0 { own } else { logit(share) };
            }
        }
        Ok(margins)
    }

    /// The model of all candidates.
    #[must_use]
    pub fn base(&self) -> &Model {
        &self.base
    }

    /// The models as files, by name: `model.json` and one an expert.
    ///
    /// # Errors
    /// [`Error::Invalid`] when XGBoost cannot write them.
    pub fn files(&mut self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let mut files = vec![("model.json".to_owned(), self.base.to_bytes(Format::Json)?)];
        for (expert, model) in &mut self.experts {
            files.push((format!("expert_{}.json", expert.name), model.to_bytes(Format::Json)?));
        }
        Ok(files)
    }

    /// Opens what [`Ensemble::files`] wrote; `read` gives a file or nothing.
    ///
    /// # Errors
    /// [`Error::Artefact`].
    pub fn open(experts: &[Expert], read: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Self, Error> {
        let base = read("model.json").ok_or_else(|| Error::Artefact("model.json is not there".into()))?;
        let mut own = Vec::new();
        for expert in experts {
            if let Some(bytes) = read(&format!("expert_{}.json", expert.name)) {
                own.push((expert.clone(), Model::from_bytes(&bytes)?));
            }
        }
        Ok(Self { base: Model::from_bytes(&base)?, experts: own })
    }
}

pub(super) fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

fn logit(share: f64) -> f64 {
    let share = share.clamp(1e-12, 1.0 - 1e-12);
    (share / (1.0 - share)).ln()
}
