//! The guard against boxes that hold nothing: hidden background classes, and what to make of their probability.

use serde::{Deserialize, Serialize};

use super::HeadClass;
use crate::select::{KMeansOptions, k_means};
use crate::{Error, Matrix};

/// What a prediction comes to once background is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// That class, by its index in the head.
    Class(usize),
    /// That class, with background so near that a person should look.
    Doubtful(usize),
    /// Nothing.
    Background,
}

/// Judges the probabilities of one vector: its best class against all kinds of background together.
pub fn verdict(probabilities: &[f32], classes: &[HeadClass], margin: f32) -> Verdict {
    let (mut best, mut own, mut background) = (0, f32::NEG_INFINITY, 0.0);
    let mut hidden = false;
    for (at, (&p, class)) in probabilities.iter().zip(classes).enumerate() {
        match class {
            HeadClass::Background(_) => (background, hidden) = (background + p, true),
            HeadClass::Class(_) if p > own => (best, own) = (at, p),
            HeadClass::Class(_) => {}
        }
    }
    match own - background {
        _ if !hidden => Verdict::Class(best),
        lead if lead <= 0.0 => Verdict::Background,
        lead if lead < margin => Verdict::Doubtful(best),
        _ => Verdict::Class(best),
    }
}

/// How the guard does on rows whose truth is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Background rows that it refused.
    pub refused: usize,
    /// Background rows that it flagged.
    pub flagged: usize,
    /// Background rows that passed as an object.
    pub passed: usize,
    /// Objects that it let through.
    pub objects_kept: usize,
    /// Objects that it flagged.
    pub objects_flagged: usize,
    /// Objects that it refused.
    pub objects_refused: usize,
}

impl Guard {
    /// Counts verdicts over rows of probabilities.
    pub fn of(probabilities: &[f32], truth: &[usize], classes: &[HeadClass], margin: f32) -> Self {
        let mut guard = Self::default();
        for (row, &label) in probabilities.chunks_exact(classes.len()).zip(truth) {
            let object = matches!(classes[label], HeadClass::Class(_));
            *match (verdict(row, classes, margin), object) {
                (Verdict::Background, false) => &mut guard.refused,
                (Verdict::Doubtful(_), false) => &mut guard.flagged,
                (Verdict::Class(_), false) => &mut guard.passed,
                (Verdict::Class(_), true) => &mut guard.objects_kept,
                (Verdict::Doubtful(_), true) => &mut guard.objects_flagged,
                (Verdict::Background, true) => &mut guard.objects_refused,
            } += 1;
        }
        guard
    }
}

/// Tells kinds of background apart; give it training rows only, and assign others with what it returns.
pub fn clusters(background: Matrix<'_>, kinds: usize, seed: u64) -> Result<crate::select::KMeans, Error> {
    k_means(&background, &KMeansOptions { centres: kinds, seed, ..KMeansOptions::default() }, &|_, _| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [HeadClass; 4] =
        [HeadClass::Class(5), HeadClass::Class(9), HeadClass::Background(0), HeadClass::Background(1)];

    #[test]
    fn kinds_of_background_stand_together() {
        assert_eq!(verdict(&[0.1, 0.7, 0.1, 0.1], &CLASSES, 0.1), Verdict::Class(1));
        assert_eq!(verdict(&[0.0, 0.45, 0.3, 0.25], &CLASSES, 0.1), Verdict::Background);
        assert_eq!(verdict(&[0.52, 0.0, 0.3, 0.18], &CLASSES, 0.1), Verdict::Doubtful(0));
        assert_eq!(verdict(&[0.4, 0.3], &CLASSES[..2], 0.9), Verdict::Class(0));
    }

    #[test]
    fn the_guard_counts_both_ways() {
        let rows =
            [[0.1, 0.7, 0.1, 0.1], [0.0, 0.45, 0.3, 0.25], [0.52, 0.0, 0.3, 0.18], [0.0, 0.9, 0.1, 0.0]].concat();
        let guard = Guard::of(&rows, &[1, 2, 0, 3], &CLASSES, 0.1);
        let wanted = Guard { refused: 1, passed: 1, objects_kept: 1, objects_flagged: 1, ..Guard::default() };
        assert_eq!(guard, wanted);
    }
}
