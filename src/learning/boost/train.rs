//! Growing trees: round by round, heard by a watcher, stopped when the rows that are kept aside get no better.

use serde::{Deserialize, Serialize};
use xgb::{Booster, DMatrix};

use super::columns::Columns;
use super::model::Model;
use super::parameters::Parameters;
use super::refused;
use crate::{Error, Watch};

/// Cells up to which one thread is as fast as several: they would mostly wait for each other, once a level of a tree. It
/// depends on the rows alone, so the same rows give the same trees everywhere.
const SMALL: usize = 20_000_000;

/// Rows of a table with what became of them.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The table.
    pub columns: &'a Columns<'a>,
    /// Numbers of the rows.
    pub rows: &'a [usize],
    /// For each of these rows how right it is: 1 or 0, or a share between.
    pub targets: &'a [f32],
    /// For each of these rows how much it weighs; all alike when empty.
    pub weights: &'a [f32],
    /// For each of these rows the log odds its trees start from; the share of right ones when empty.
    pub margins: &'a [f32],
}

/// The losses after a round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Trees so far.
    pub round: u32,
    /// Log loss on the rows trained on.
    pub train: f64,
    /// Log loss on the rows kept aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tune: Option<f64>,
}

/// A model and how it came about.
#[derive(Debug)]
pub struct Trained {
    /// The model, cut back to its best round.
    pub model: Model,
    /// The losses round by round.
    pub curve: Vec<Step>,
    /// Trees of the model.
    pub rounds: u32,
}

impl Sample<'_> {
    fn check(&self) -> Result<(), Error> {
        let fits = self.targets.len() == self.rows.len()
            && (self.weights.is_empty() || self.weights.len() == self.rows.len())
            && (self.margins.is_empty() || self.margins.len() == self.rows.len())
            && self.rows.iter().all(|row| *row < self.columns.rows());
        if !fits {
            return Err(Error::invalid("rows", "rows, targets, weights and margins do not belong together"));
        }
        match self.targets.iter().position(|target| !(0.0..=1.0).contains(target)) {
            Some(at) => Err(Error::invalid("targets", format!("{} is not between 0 and 1", self.targets[at]))),
            None => Ok(()),
        }
    }

    fn matrix(&self) -> Result<DMatrix, Error> {
        self.check()?;
        let mut matrix = self.columns.matrix(self.rows)?;
        matrix.set_labels(self.targets).map_err(refused("targets"))?;
        if !self.weights.is_empty() {
            matrix.set_weights(self.weights).map_err(refused("weights"))?;
        }
        if !self.margins.is_empty() {
            matrix.set_base_margin(self.margins).map_err(refused("margins"))?;
        }
        Ok(matrix)
    }
}

/// Trains a model; `tune` decides when to stop and is never trained on. `hear` gets every step and its `false` stops.
///
/// # Errors
/// [`Error::Invalid`] for parameters or rows that make no sense, [`Error::Stopped`].
pub fn train(
    sample: &Sample<'_>,
    tune: Option<&Sample<'_>>,
    parameters: &Parameters,
    hear: &mut dyn FnMut(&Step) -> bool,
) -> Result<Trained, Error> {
    parameters.check()?;
    let sum: f64 = sample.targets.iter().map(|target| f64::from(*target)).sum();
    let share = sum / sample.targets.len().max(1) as f64;
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::invalid("targets", "all rows are right or all are wrong: there is nothing to tell apart"));
    }
    let weight = if parameters.balance { (1.0 - share) / share } else { 1.0 };
    // Rows that start somewhere else start nowhere else besides.
    let prior = if parameters.balance || !sample.margins.is_empty() { 0.5 } else { share };
    let rows = sample.matrix()?;
    let aside = tune.map(Sample::matrix).transpose()?;
    let cells = rows.num_rows() * rows.num_cols();
    let threads = if cells < SMALL { 1 } else { parameters.threads };
    let parameters = &Parameters { threads, ..parameters.clone() };
    let known: Vec<&DMatrix> = std::iter::once(&rows).chain(aside.as_ref()).collect();
    let mut booster = parameters.booster(&known, sample.columns.names(), (prior, weight))?;
    let curve = grow(&mut booster, &rows, aside.as_ref(), parameters, hear)?;
    let best = best_round(&curve);
    if best < curve.len() as u32 {
        booster = booster.slice(0, i32::try_from(best).unwrap_or(i32::MAX)).map_err(refused("rounds"))?;
    }
    Ok(Trained { model: Model::new(booster, sample.columns.names().to_vec()), curve, rounds: best })
}

fn grow(
    booster: &mut Booster,
    rows: &DMatrix,
    aside: Option<&DMatrix>,
    parameters: &Parameters,
    hear: &mut dyn FnMut(&Step) -> bool,
) -> Result<Vec<Step>, Error> {
    let mut curve: Vec<Step> = Vec::new();
    for round in 1..=parameters.rounds {
        let number = i32::try_from(round - 1).unwrap_or(i32::MAX);
        booster.update(rows, number).map_err(refused("training"))?;
        let tune = aside.map(|aside| loss(booster, aside)).transpose()?;
        let step = Step { round, train: loss(booster, rows)?, tune };
        if !hear(&step) {
            return Err(Error::Stopped);
        }
        curve.push(step);
        let waited = round - best_round(&curve);
        if aside.is_some() && parameters.early_stop > 0 && waited >= parameters.early_stop {
            break;
        }
    }
    Ok(curve)
}

fn loss(booster: &Booster, rows: &DMatrix) -> Result<f64, Error> {
    let told = booster.evaluate(rows).map_err(refused("training"))?;
    let loss = told.get("logloss").copied().map(f64::from);
    loss.ok_or_else(|| Error::invalid("training", "XGBoost told no log loss"))
}

/// The round of least tune loss, the first of equals; the last where nothing was kept aside.
fn best_round(curve: &[Step]) -> u32 {
    let told = curve.iter().filter_map(|step| step.tune.map(|loss| (step.round, loss)));
    let best = told.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    best.map_or(curve.len() as u32, |(round, _)| round)
}

impl Trained {
    /// Trains anew on other rows with as many trees as were found best here.
    ///
    /// # Errors
    /// As [`train`].
    pub fn refit(&self, sample: &Sample<'_>, parameters: &Parameters, watch: Watch<'_>) -> Result<Trained, Error> {
        let parameters = Parameters { rounds: self.rounds.max(1), ..parameters.clone() };
        let total = parameters.rounds as usize;
        train(sample, None, &parameters, &mut |step| watch(step.round as usize, total))
    }
}
