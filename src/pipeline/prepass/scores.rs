//! Scores of different sources on one scale: for each pass a map from what it says to how often it is right, fitted on the
//! labelled images. An image is never scored by a map that has seen its truth: five maps leave out a fold each.

use std::collections::HashSet;

use serde::Serialize;
use tator_domain::ImageId;
use tator_learning::calibration::{Isotonic, Platt};
use tator_learning::coco_evaluation::{Classes, Outcome, match_at};
use tator_learning::fold_of;

use super::recipe::Calibrate;
use crate::error::Error;
use crate::evaluate::{Detection, Truths};

/// Maps of a pass.
pub(super) const FOLDS: usize = 5;
/// With fewer boxes, or fewer right ones, than this a map would be a guess.
const LEAST: (usize, usize) = (50, 10);
/// Overlap from which on a box is right.
const RIGHT: f64 = 0.5;

/// The maps of one pass.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Maps {
    folds: Vec<Map>,
    all: Option<Map>,
    truth: HashSet<ImageId>,
    seed: u64,
    rows: usize,
    right: usize,
}

/// What the record says of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct MapNote {
    /// Boxes on labelled images it was fitted on, those on crowds left out.
    pub boxes: usize,
    /// Right ones among them.
    pub right: usize,
    /// Whether there is a map.
    pub fitted: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Map {
    Platt(Platt),
    Isotonic(Isotonic),
}

impl Map {
    fn fit(kind: Calibrate, rows: &[(f64, bool)]) -> Option<Self> {
        let right = rows.iter().filter(|row| row.1).count();
        if rows.len() < LEAST.0 || right < LEAST.1 || right == rows.len() {
            return None;
        }
        match kind {
            Calibrate::None => None,
            Calibrate::Platt => Platt::fit(rows).ok().filter(|platt| platt.slope < 0.0).map(Self::Platt),
            Calibrate::Isotonic => {
                let rows: Vec<_> =
                    rows.iter().map(|(score, right)| (*score, f64::from(u8::from(*right)), 1.0)).collect();
                Isotonic::fit(&rows).ok().map(Self::Isotonic)
            }
        }
    }

    fn of(&self, score: f64) -> Option<f64> {
        match self {
            Self::Platt(platt) => Some(platt.probability(score)),
            Self::Isotonic(steps) => steps.probability(score),
        }
    }
}

impl Maps {
    /// Fits the maps of a pass on what it found on images with truth.
    pub fn fit(kind: Calibrate, truths: &Truths, found: &[Detection], seed: u64) -> Result<Self, Error> {
        let matches = match_at(&truths.rows, found, RIGHT, Classes::Apart);
        let matches = matches.map_err(|e| Error::invalid("detections", e.to_string()))?;
        let judged: Vec<(usize, (f64, bool))> = found
            .iter()
            .zip(&matches.outcomes)
            .filter(|(_, outcome)| **outcome != Outcome::Ignored)
            .map(|(one, outcome)| (fold_of(one.image, seed, FOLDS), (one.score, matches!(outcome, Outcome::Right(_)))))
            .collect();
        let without = |fold: Option<usize>| -> Vec<(f64, bool)> {
            judged.iter().filter(|(own, _)| Some(*own) != fold).map(|(_, row)| *row).collect()
        };
        let folds: Option<Vec<Map>> = (0..FOLDS).map(|fold| Map::fit(kind, &without(Some(fold)))).collect();
        let all = Map::fit(kind, &without(None));
        // All or none: half a scale is none.
        let (folds, all) = match (folds, all) {
            (Some(folds), Some(all)) => (folds, Some(all)),
            _ => (Vec::new(), None),
        };
        let truth = truths.images.iter().copied().collect();
        let right = judged.iter().filter(|(_, row)| row.1).count();
        Ok(Self { folds, all, truth, seed, rows: judged.len(), right })
    }

    /// The score of a box on an image on the common scale; `None` without a map.
    pub fn calibrated(&self, score: Option<f64>, image: ImageId) -> Option<f64> {
        let own = if self.truth.contains(&image) { self.folds.get(fold_of(image, self.seed, FOLDS)) } else { None };
        own.or(self.all.as_ref())?.of(score?)
    }

    pub fn note(&self) -> MapNote {
        MapNote { boxes: self.rows, right: self.right, fitted: self.all.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use tator_domain::PixelBox;

    use super::*;
    use crate::evaluate::Truth;

    fn rect(x: f64) -> PixelBox {
        PixelBox { x, y: 0.0, w: 10.0, h: 10.0 }
    }

    /// A hundred images with an object each, found with a high score, and something wrong with a low one.
    fn sample() -> (Truths, Vec<Detection>) {
        let images = 1..=100_i64;
        let truth = |image| Truth { image, class: 1, shape: rect(0.0), area: 100.0, crowd: false };
        let found = |image: i64| {
            let shift = (image % 10) as f64 / 100.0;
            [(0.0, 0.6 + shift), (100.0, 0.2 + shift)].map(|(x, score)| Detection {
                image,
                class: 1,
                shape: rect(x),
                score,
            })
        };
        let truths = Truths {
            rows: images.clone().map(truth).collect(),
            box_ids: images.clone().collect(),
            images: images.clone().collect(),
            ..Truths::default()
        };
        (truths, images.flat_map(found).collect())
    }

    #[test]
    fn what_is_right_more_often_scores_more() {
        let (truths, found) = sample();
        for kind in [Calibrate::Platt, Calibrate::Isotonic] {
            let maps = Maps::fit(kind, &truths, &found, 7).unwrap();
            assert!(maps.note().fitted);
            let at = |score| maps.calibrated(Some(score), 3).unwrap();
            assert!(at(0.65) > 0.9 && at(0.25) < 0.1, "{kind:?}");
            assert_eq!(maps.calibrated(None, 3), None);
        }
    }

    #[test]
    fn a_handful_of_boxes_makes_no_map() {
        let (truths, found) = sample();
        assert!(!Maps::fit(Calibrate::Platt, &truths, &found[..40], 7).unwrap().note().fitted);
        assert!(!Maps::fit(Calibrate::None, &truths, &found, 7).unwrap().note().fitted);
        assert_eq!(Maps::default().calibrated(Some(0.5), 1), None);
    }

    #[test]
    fn no_image_is_scored_by_a_map_that_saw_it() {
        let (truths, mut found) = sample();
        let before = Maps::fit(Calibrate::Platt, &truths, &found, 7).unwrap();
        // What happens on image 3 changes the map of other folds, never its own.
        found.iter_mut().filter(|one| one.image == 3).for_each(|one| one.score = 1.0 - one.score);
        let after = Maps::fit(Calibrate::Platt, &truths, &found, 7).unwrap();
        assert_eq!(before.calibrated(Some(0.5), 3), after.calibrated(Some(0.5), 3));
        let other = (1..=100).find(|image| fold_of(*image, 7, FOLDS) != fold_of(3, 7, FOLDS)).unwrap();
        assert_ne!(before.calibrated(Some(0.5), other), after.calibrated(Some(0.5), other));
    }
}
