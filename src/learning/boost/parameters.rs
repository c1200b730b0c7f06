//! What a model is trained with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xgb::parameters::BoosterParameters;
use xgb::{Booster, DMatrix};

use super::refused;
use crate::Error;

/// Which way a column may move the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Greater values never lower it.
    Up,
    /// Greater values never raise it.
    Down,
}

/// How trees are grown; the defaults are those of Tator's calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// Most trees.
    pub rounds: u32,
    /// Rounds without a better tune loss after which no more trees are grown; 0 for never.
    pub early_stop: u32,
    /// Greatest depth of a tree.
    pub max_depth: u32,
    /// Share of each tree that is taken.
    pub eta: f64,
    /// Share of the rows a tree sees.
    pub subsample: f64,
    /// Share of the columns a tree sees.
    pub colsample: f64,
    /// Least weight of a leaf.
    pub min_child_weight: f64,
    /// Least gain of a split.
    pub gamma: f64,
    /// Penalty on squared weights.
    pub lambda: f64,
    /// Penalty on weights.
    pub alpha: f64,
    /// Bins of a column.
    pub max_bin: u32,
    /// Right rows weigh as much as wrong ones together.
    pub balance: bool,
    /// Columns that may move the answer one way only.
    pub monotone: BTreeMap<String, Direction>,
    /// The same seed gives the same trees.
    pub seed: u32,
    /// Threads that add up sums; part of the recipe, since it decides their order.
    pub threads: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            rounds: 600,
            early_stop: 50,
            max_depth: 8,
            eta: 0.05,
            subsample: 0.8,
            colsample: 0.8,
            min_child_weight: 1.0,
            gamma: 0.0,
            lambda: 1.0,
            alpha: 0.0,
            max_bin: 256,
            balance: true,
            monotone: BTreeMap::new(),
            seed: 42,
            threads: 2,
        }
    }
}

impl Parameters {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Invalid`], saying what would do.
    pub fn check(&self) -> Result<(), Error> {
        let share = |what: &'static str, value: f64| match value > 0.0 && value <= 1.0 {
            true => Ok(()),
            false => Err(Error::invalid(what, format!("{value} is no share: more than 0, at most 1"))),
        };
        share("eta", self.eta)?;
        share("subsample", self.subsample)?;
        share("colsample", self.colsample)?;
        for (what, value) in [("lambda", self.lambda), ("alpha", self.alpha), ("gamma", self.gamma)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::invalid(what, format!("{value} must be 0 or more")));
            }
        }
        let counts = [
            ("rounds", self.rounds, 1, 10_000),
            ("max_depth", self.max_depth, 1, 20),
            ("max_bin", self.max_bin, 2, 4096),
            ("threads", self.threads, 1, 64),
        ];
        for (what, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                return Err(Error::invalid(what, format!("{value} must be {least} to {most}")));
            }
        }
        Ok(())
    }

    /// A booster without trees for these rows with columns of these names; `prior` is the share of right rows, `weight`
    /// that of one of them.
    pub(super) fn booster(
        &self,
        rows: &[&DMatrix],
        names: &[String],
        (prior, weight): (f64, f64),
    ) -> Result<Booster, Error> {
        let mut booster =
            Booster::new_with_cached_dmats(&BoosterParameters::default(), rows).map_err(refused("booster"))?;
        let text = [
            ("verbosity", "0".to_owned()),
            ("objective", "binary:logistic".to_owned()),
            ("eval_metric", "logloss".to_owned()),
            ("tree_method", "hist".to_owned()),
            ("nthread", self.threads.to_string()),
            ("seed", self.seed.to_string()),
            ("max_depth", self.max_depth.to_string()),
            ("max_bin", self.max_bin.to_string()),
            ("eta", self.eta.to_string()),
            ("subsample", self.subsample.to_string()),
            ("colsample_bytree", self.colsample.to_string()),
            ("min_child_weight", self.min_child_weight.to_string()),
            ("gamma", self.gamma.to_string()),
            ("lambda", self.lambda.to_string()),
            ("alpha", self.alpha.to_string()),
            ("base_score", prior.to_string()),
            ("scale_pos_weight", weight.to_string()),
            ("monotone_constraints", self.constraints(names)),
        ];
        for (name, value) in text.iter().filter(|(_, value)| !value.is_empty()) {
            booster.set_param(name, value).map_err(refused("parameters"))?;
        }
        Ok(booster)
    }

    /// One number a column, or nothing where no column is bound.
    fn constraints(&self, names: &[String]) -> String {
        let sign = |name: &String| match self.monotone.get(name) {
            Some(Direction::Up) => "1",
            Some(Direction::Down) => "-1",
            None => "0",
        };
        let signs: Vec<&str> = names.iter().map(sign).collect();
        if signs.iter().all(|sign| *sign == "0") { String::new() } else { format!("({})", signs.join(",")) }
    }
}
