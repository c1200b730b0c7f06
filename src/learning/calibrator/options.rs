//! How a calibration is done.

use serde::{Deserialize, Serialize};

use super::ensemble::Expert;
use crate::Error;
use crate::boost::Parameters;
use crate::calibration::{Objective, Resampling};

/// Ways of growing trees that a sweep can try besides the one asked for.
pub(super) const MOST_WAYS: usize = 7;

/// How many candidates of an object count as right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// One, the best by the run's score: what is left over after suppression is what is wanted.
    #[default]
    OneToOne,
    /// All that overlap it enough.
    ManyToOne,
}

/// What a calibration is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Least overlap with an object to have found it.
    pub iou: f64,
    /// Least recall of a threshold.
    pub recall_floor: f64,
    /// Most wrong ones per right one; none for any number.
    pub wrong_per_right: Option<f64>,
    /// How many candidates of an object count as right in training.
    pub labels: Labels,
    /// The column whose greatest value chooses first where one candidate an object counts as right; the run's score where the
    /// table has no such column. Scores of unlike models compare badly.
    pub rank_by: String,
    /// The trees start from a regression on what each look says, not from the share of right candidates.
    pub start: bool,
    /// How the trees are grown.
    pub parameters: Parameters,
    /// How many other ways of growing them are tried.
    pub sweep: usize,
    /// Models of their own for some candidates.
    pub experts: Vec<Expert>,
    /// Images from which on a third part is kept aside for one test, given truths enough; fewer are tested in turn.
    pub split_from: usize,
    /// Truths from which on that is done, given images enough.
    pub split_truths: usize,
    /// Parts that are tested in turn.
    pub outer_folds: usize,
    /// Parts of the development images that are scored in turn.
    pub inner_folds: usize,
    /// Overlaps of which suppression takes the best.
    pub dedupe: Vec<f64>,
    /// Truths a class needs for a threshold of its own.
    pub least_truths: usize,
    /// Draws of an interval.
    pub draws: usize,
    /// Decides the parts and all chance.
    pub seed: u64,
}

/// Shallower trees on fewer columns than Tator's, which take small steps from where they start: some thousand right candidates
/// are few, and deep trees learn them by heart.
fn shallow() -> Parameters {
    Parameters {
        rounds: 300,
        early_stop: 20,
        max_depth: 3,
        eta: 0.1,
        colsample: 0.5,
        min_child_weight: 15.0,
        lambda: 10.0,
        balance: false,
        ..Parameters::default()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            iou: 0.5,
            recall_floor: 0.6,
            wrong_per_right: None,
            labels: Labels::OneToOne,
            rank_by: "agreement".to_owned(),
            start: true,
            parameters: shallow(),
            sweep: 0,
            experts: Vec::new(),
            split_from: 1_000,
            split_truths: 10_000,
            outer_folds: 5,
            inner_folds: 4,
            dedupe: vec![0.5, 0.6, 0.75],
            least_truths: 25,
            draws: 1_000,
            seed: 42,
        }
    }
}

impl Options {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Invalid`], saying what would do.
    pub fn check(&self) -> Result<(), Error> {
        let share = |what: &'static str, value: f64| match (0.0..=1.0).contains(&value) {
            true => Ok(()),
            false => Err(Error::invalid(what, format!("{value} is not between 0 and 1"))),
        };
        share("iou", self.iou)?;
        share("recall_floor", self.recall_floor)?;
        self.dedupe.iter().try_for_each(|overlap| share("dedupe", *overlap))?;
        if self.wrong_per_right.is_some_and(|most| most.is_nan() || most < 0.0) {
            return Err(Error::invalid("wrong_per_right", "must be 0 or more"));
        }
        if self.sweep > MOST_WAYS {
            return Err(Error::invalid("sweep", format!("{} ways are asked for, there are {MOST_WAYS}", self.sweep)));
        }
        if self.dedupe.is_empty() {
            return Err(Error::invalid("dedupe", "name at least one overlap, such as 0.5"));
        }
        let folds = [("outer_folds", self.outer_folds), ("inner_folds", self.inner_folds)];
        if let Some((what, n)) = folds.into_iter().find(|(_, n)| !(2..=20).contains(n)) {
            return Err(Error::invalid(what, format!("{n} must be 2 to 20")));
        }
        for (at, Expert { name, alpha, .. }) in self.experts.iter().enumerate() {
            share("alpha", *alpha)?;
            let is_word = !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_');
            if !is_word || self.experts[..at].iter().any(|other| other.name == *name) {
                return Err(Error::invalid("experts", format!("{name:?}: names are letters and digits, each once")));
            }
        }
        self.parameters.check()
    }

    /// What thresholds are chosen for.
    #[must_use]
    pub fn objective(&self) -> Objective {
        Objective { recall_floor: self.recall_floor, wrong_per_right: self.wrong_per_right }
    }

    /// How intervals are drawn.
    #[must_use]
    pub fn resampling(&self) -> Resampling {
        Resampling { n: self.draws, seed: self.seed, level: 0.95 }
    }
}
