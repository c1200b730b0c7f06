//! Everything that is fitted, on development images alone: priors, trees, the map to probabilities, the rule.

use serde::{Deserialize, Serialize};

use super::ensemble::{Ensemble, Ground, sigmoid};
use super::folds::deal;
use super::options::{MOST_WAYS, Options};
use super::pool::Pool;
use super::priors::{PRIOR_COLUMNS, Priors};
use super::rule::{Rule, choose_rule};
use super::run::Heard;
use super::shelf::Shelf;
use crate::Error;
use crate::boost::{Columns, Parameters, Step};
use crate::calibration::Platt;

/// A way of growing trees that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// How they were grown.
    pub parameters: Parameters,
    /// Mean log loss on the images left out.
    pub loss: f64,
    /// Trees that were best, the middle of the folds.
    pub rounds: u32,
}

/// What was fitted on development images.
#[derive(Debug)]
pub struct Development {
    /// The trees.
    pub ensemble: Ensemble,
    /// Usual shapes.
    pub priors: Priors,
    /// The map of log odds to probabilities.
    pub platt: Platt,
    /// How candidates are accepted.
    pub rule: Rule,
    /// The ways of growing that were tried, the one taken first.
    pub tried: Vec<Tried>,
    /// Losses of the first fold, round by round.
    pub curve: Vec<Step>,
    /// Rows of the development images with the probability that models without their image gave.
    pub out_of_fold: Vec<(usize, f64)>,
}

/// Images to develop on; `aside` are those of a tune part, otherwise they are scored in turn.
pub(super) struct Fitting<'a> {
    pub pool: &'a Pool<'a>,
    pub targets: &'a [Option<f32>],
    pub dev: &'a [bool],
    pub aside: Option<&'a [bool]>,
    pub options: &'a Options,
    pub shelf: &'a dyn Shelf,
}

/// Log odds of rows whose image no model has seen, and the models.
struct Crossed {
    /// Rows with where their trees start and where they end.
    steps: Vec<(usize, [f64; 2])>,
    has_start: bool,
    loss: f64,
    rounds: Vec<u32>,
    curve: Vec<Step>,
    only: Option<(Ensemble, Priors)>,
}

impl Development {
    /// The probability of each of these rows of a table that has the columns of the pool and those of the priors.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the table has other columns.
    pub fn probabilities(&self, columns: &Columns<'_>, rows: &[usize]) -> Result<Vec<f64>, Error> {
        let margins = self.ensemble.margins(columns, rows)?;
        Ok(margins.into_iter().map(|margin| self.platt.probability(margin)).collect())
    }
}

/// Calls `with` with the columns of a pool and those of priors.
pub(super) fn with_priors<T>(
    pool: &Pool<'_>,
    priors: &Priors,
    with: impl FnOnce(&Columns<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let fitted = priors.columns_of(pool);
    let names: Vec<String> = pool.columns.names().iter().cloned().chain(PRIOR_COLUMNS.map(str::to_owned)).collect();
    let mut columns: Vec<&[f32]> = pool.columns.slices().to_vec();
    columns.extend(fitted.iter().map(Vec::as_slice));
    with(&Columns::new(&names, columns)?)
}

impl Fitting<'_> {
    /// Fits everything.
    pub fn develop(&self, hear: &mut dyn FnMut(&Heard) -> bool) -> Result<Development, Error> {
        let folds = match self.aside {
            Some(aside) => aside.iter().zip(self.dev).map(|(aside, dev)| (*aside && *dev).then_some(0)).collect(),
            None => deal(self.pool.images, self.dev, self.options.inner_folds, self.options.seed.wrapping_add(1)),
        };
        let mut tried: Vec<(Tried, Crossed)> = Vec::new();
        for parameters in self.ways() {
            let crossed = self.cross(&folds, &parameters, hear)?;
            let rounds = crossed.rounds[0];
            tried.push((Tried { parameters, loss: crossed.loss, rounds }, crossed));
        }
        tried.sort_by(|a, b| a.0.loss.total_cmp(&b.0.loss));
        let (tried, mut crossed): (Vec<Tried>, Vec<Crossed>) = tried.into_iter().unzip();
        let best = crossed.swap_remove(0);
        let Settled { share, platt, out_of_fold, rule } = self.settle(&best, &folds)?;
        let (mut ensemble, priors) = match best.only {
            Some(made) => made,
            None => self.whole(&tried[0].parameters, &best.rounds, hear)?,
        };
        ensemble.take(share);
        Ok(Development { ensemble, priors, platt, rule, tried, curve: best.curve, out_of_fold })
    }

    /// How much of the trees' correction counts: as much as finds objects best on images left out. Trees lower their loss, which
    /// is another thing: where few candidates are right, they may know more and still put them into a worse order.
    fn settle(&self, crossed: &Crossed, folds: &[Option<usize>]) -> Result<Settled, Error> {
        let marked: Vec<bool> = folds.iter().map(Option::is_some).collect();
        let mut best: Option<Settled> = None;
        for share in Ensemble::shares(crossed.has_start) {
            let margins = of_share(&crossed.steps, *share);
            let platt = self.map(&margins)?;
            let out_of_fold: Vec<(usize, f64)> =
                margins.into_iter().map(|(row, margin)| (row, platt.probability(margin))).collect();
            let rule = choose_rule(self.pool, &marked, folds, &self.pool.scored(&out_of_fold), self.options)?;
            if best.as_ref().is_none_or(|best| rule.cross_fitted_f1 > best.rule.cross_fitted_f1) {
                best = Some(Settled { share: *share, platt, out_of_fold, rule });
            }
        }
        best.ok_or_else(|| Error::invalid("shares", "there is none to choose from"))
    }

    /// The parameters asked for, and as many neighbours of them as the sweep may try.
    fn ways(&self) -> Vec<Parameters> {
        let base = &self.options.parameters;
        let deeper = |by: i64| (i64::from(base.max_depth) + by).clamp(2, 14).unsigned_abs() as u32;
        let tators =
            Parameters { balance: true, rounds: 600, early_stop: 50, seed: base.seed, ..Parameters::default() };
        let others: [_; MOST_WAYS] = [
            Parameters { max_depth: deeper(2), ..base.clone() },
            Parameters { max_depth: deeper(-1), ..base.clone() },
            Parameters { eta: base.eta / 2.0, colsample: 0.8, ..base.clone() },
            Parameters { min_child_weight: 2.0 * base.min_child_weight, subsample: 0.7, ..base.clone() },
            Parameters { monotone: base.monotone.clone(), ..tators },
            Parameters { gamma: base.gamma + 0.2, ..base.clone() },
            Parameters { max_depth: deeper(4), eta: base.eta / 2.0, ..base.clone() },
        ];
        std::iter::once(base.clone()).chain(others.into_iter().take(self.options.sweep)).collect()
    }

    /// Scores every image by models that were not trained on it.
    fn cross(
        &self,
        folds: &[Option<usize>],
        parameters: &Parameters,
        hear: &mut dyn FnMut(&Heard) -> bool,
    ) -> Result<Crossed, Error> {
        let n_folds = folds.iter().flatten().max().map_or(0, |most| most + 1);
        if n_folds == 0 {
            return Err(Error::invalid("images", "too few images have known truth to leave some out"));
        }
        let mut crossed = Crossed {
            steps: Vec::new(),
            has_start: false,
            loss: 0.0,
            rounds: Vec::new(),
            curve: Vec::new(),
            only: None,
        };
        let mut all_rounds: Vec<Vec<u32>> = Vec::new();
        for fold in 0..n_folds {
            let held: Vec<bool> = folds.iter().map(|one| *one == Some(fold)).collect();
            let train: Vec<bool> = self.dev.iter().zip(&held).map(|(dev, held)| *dev && !*held).collect();
            let priors = Priors::fit(self.pool, &train);
            let (rows, aside) = (self.pool.rows_on(&train), self.pool.rows_on(&held));
            let (fitted, steps) = with_priors(self.pool, &priors, |columns| {
                let content = self.content(&priors);
                let ground = self.ground(columns, parameters, &content);
                let fitted = ground.grow(&rows, Some(&aside), None, &mut |step| hear(&Heard { fold, step: *step }))?;
                let steps = fitted.ensemble.steps(columns, &aside)?;
                Ok((fitted, steps))
            })?;
            crossed.steps.extend(aside.into_iter().zip(steps));
            crossed.has_start = fitted.ensemble.has_start();
            all_rounds.push(fitted.rounds);
            if fold == 0 {
                crossed.curve = fitted.curve;
            }
            if self.aside.is_some() {
                crossed.only = Some((fitted.ensemble, priors));
            }
        }
        crossed.steps.sort_by_key(|(row, _)| *row);
        crossed.rounds =
            (0..all_rounds[0].len()).map(|at| middle(all_rounds.iter().map(|of| of[at]).collect())).collect();
        crossed.loss = self.loss(&of_share(&crossed.steps, 1.0))?;
        Ok(crossed)
    }

    /// The trees of all development images, as many as were best when some were left out.
    fn whole(
        &self,
        parameters: &Parameters,
        rounds: &[u32],
        hear: &mut dyn FnMut(&Heard) -> bool,
    ) -> Result<(Ensemble, Priors), Error> {
        let priors = Priors::fit(self.pool, self.dev);
        let rows = self.pool.rows_on(self.dev);
        let fitted = with_priors(self.pool, &priors, |columns| {
            let content = self.content(&priors);
            let ground = self.ground(columns, parameters, &content);
            let fold = self.options.inner_folds;
            ground.grow(&rows, None, Some(rounds), &mut |step| hear(&Heard { fold, step: *step }))
        })?;
        Ok((fitted.ensemble, priors))
    }

    fn ground<'b>(&'b self, columns: &'b Columns<'b>, parameters: &'b Parameters, content: &'b str) -> Ground<'b> {
        Ground { columns, targets: self.targets, options: self.options, parameters, shelf: self.shelf, content }
    }

    /// Says what columns the trees see: those of the pool, and those that priors make of them.
    fn content(&self, priors: &Priors) -> String {
        let priors = serde_json::to_string(priors).unwrap_or_default();
        format!("{} {}", self.pool.content(), blake3::hash(priors.as_bytes()).to_hex())
    }

    fn known(&self, margins: &[(usize, f64)]) -> Vec<(f64, bool)> {
        margins.iter().filter_map(|(row, margin)| self.targets[*row].map(|target| (*margin, target > 0.5))).collect()
    }

    /// A falling map would turn the order round: then the trees have learnt nothing, and their own odds stay.
    fn map(&self, margins: &[(usize, f64)]) -> Result<Platt, Error> {
        let fit = Platt::fit(&self.known(margins)).map_err(|e| Error::invalid("scores", e.to_string()))?;
        Ok(if fit.slope < 0.0 { fit } else { Platt { slope: -1.0, offset: 0.0 } })
    }

    /// Log loss after the best map: ways that weigh rows differently are compared by what they know.
    fn loss(&self, margins: &[(usize, f64)]) -> Result<f64, Error> {
        let (map, known) = (self.map(margins)?, self.known(margins));
        let one = |(margin, right): &(f64, bool)| {
            let share = sigmoid(-(map.slope * margin + map.offset)).clamp(1e-12, 1.0 - 1e-12);
            if *right { -share.ln() } else { -(1.0 - share).ln() }
        };
        Ok(known.iter().map(one).sum::<f64>() / known.len().max(1) as f64)
    }
}

/// What is chosen on images left out.
struct Settled {
    share: f64,
    platt: Platt,
    out_of_fold: Vec<(usize, f64)>,
    rule: Rule,
}

/// Log odds when a share of the trees' correction counts.
fn of_share(steps: &[(usize, [f64; 2])], share: f64) -> Vec<(usize, f64)> {
    steps.iter().map(|(row, [from, to])| (*row, from + share * (to - from))).collect()
}

fn middle(mut rounds: Vec<u32>) -> u32 {
    rounds.sort_unstable();
    rounds[rounds.len() / 2].max(u32::from(rounds.iter().any(|n| *n > 0)))
}
