//! Promoted only when better than everything one could do without: otherwise what there is stays, and says why.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::duel::Duel;
use super::rule::Rule;
use crate::calibration::{Interval, Resampling, bootstrap, bootstrap_difference};
use crate::coco_evaluation::Counts;

/// How a way of working does on the test images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Truths found, wrong boxes, truths missed.
    pub right: usize,
    /// Wrong boxes.
    pub wrong: usize,
    /// Truths missed.
    pub missed: usize,
    /// Share of the accepted boxes that is right.
    pub precision: f64,
    /// Where it would lie with other images.
    pub precision_ci: [f64; 2],
    /// Share of the truths that is found.
    pub recall: f64,
    /// Where it would lie with other images.
    pub recall_ci: [f64; 2],
    /// Harmonic mean of both.
    pub f1: f64,
    /// Where it would lie with other images.
    pub f1_ci: [f64; 2],
    /// The rule of each fold.
    pub rules: Vec<Rule>,
}

fn shown(interval: Option<Interval>) -> (f64, [f64; 2]) {
    interval.map_or((0.0, [0.0, 0.0]), |found| (found.value, [found.low, found.high]))
}

impl Standing {
    /// From the counts of every test image.
    #[must_use]
    pub fn of(per_image: &[Counts], rules: Vec<Rule>, resampling: &Resampling) -> Self {
        let sum: Counts = per_image.iter().copied().sum();
        let (precision, precision_ci) = shown(bootstrap(per_image, resampling, Counts::precision));
        let (recall, recall_ci) = shown(bootstrap(per_image, resampling, Counts::recall));
        let (f1, f1_ci) = shown(bootstrap(per_image, resampling, Counts::f1));
        let Counts { right, wrong, missed } = sum;
        Self { right, wrong, missed, precision, precision_ci, recall, recall_ci, f1, f1_ci, rules }
    }
}

/// Whether a calibration is promoted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Better than every baseline by more than the interval.
    pub promoted: bool,
    /// In words.
    pub why: String,
    /// The best of the baselines.
    pub best_baseline: String,
    /// Difference in F1 to each baseline with its interval: value, low, high. Both see the same draws of images.
    pub differences: BTreeMap<String, [f64; 3]>,
    /// Baselines that were compared without a condition that was asked for, since one of the two could not keep it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub eased: Vec<String>,
}

/// Compares ours with every baseline, each on the terms that both could keep; `baselines` are counts by their own rules.
pub(super) fn gate(
    calibrated: &[Counts],
    baselines: &BTreeMap<String, Vec<Counts>>,
    duels: &BTreeMap<String, Duel>,
    resampling: &Resampling,
) -> Gate {
    let f1 = |counts: &[Counts]| counts.iter().copied().sum::<Counts>().f1().unwrap_or(0.0);
    let difference = |(name, duel): (&String, &Duel)| {
        let found = bootstrap_difference(&duel.ours, &duel.theirs, resampling, |sum| Some(sum.f1().unwrap_or(0.0)));
        (name.clone(), found.map_or([0.0; 3], |found| [found.value, found.low, found.high]))
    };
    let differences: BTreeMap<String, [f64; 3]> = duels.iter().map(difference).collect();
    let eased: Vec<String> = duels.iter().filter(|(_, duel)| duel.eased).map(|(name, _)| name.clone()).collect();
    let terms = |name: &String| match eased.contains(name) {
        true => ", both without the condition that one of them cannot keep",
        false => "",
    };
    let best = baselines.iter().max_by(|a, b| f1(a.1).total_cmp(&f1(b.1)).then(b.0.cmp(a.0)));
    let (best_baseline, most) = best.map_or((String::new(), 0.0), |(name, counts)| (name.clone(), f1(counts)));
    let own = f1(calibrated);
    let unsure = differences.iter().filter(|(_, [_, low, _])| *low <= 0.0).min_by(|a, b| a.1[0].total_cmp(&b.1[0]));
    let (promoted, why) = match unsure {
        _ if baselines.is_empty() => (false, "there is nothing to compare with: the run names no source".to_owned()),
        None => {
            let [value, low, high] = differences.get(&best_baseline).copied().unwrap_or_default();
            let why = format!(
                "F1 {own:.3} on images that no part of it has seen; the best baseline, {best_baseline}, has {most:.3}: \
                 better by {value:.3} ({low:.3} to {high:.3}){}",
                terms(&best_baseline)
            );
            (true, why)
        }
        Some((name, [value, low, high])) if *value <= 0.0 => {
            let why = format!(
                "not better than {name}: F1 differs by {value:.3} ({low:.3} to {high:.3}){}; {best_baseline} stays, with F1 {most:.3}",
                terms(name)
            );
            (false, why)
        }
        Some((name, [value, low, high])) => {
            let why = format!(
                "better than {name} by {value:.3} in F1{}, but the interval from {low:.3} to {high:.3} holds 0: \
                 {best_baseline} stays, with F1 {most:.3}; more labelled images would narrow it",
                terms(name)
            );
            (false, why)
        }
    };
    Gate { promoted, why, best_baseline, differences, eased }
}
