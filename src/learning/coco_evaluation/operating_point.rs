//! What a detector does at one IoU and one score: counts that can be added, and precision, recall and F1 of them.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::Add;

use rayon::prelude::*;
use tator_domain::{ClassId, ImageId};

use super::assign::{best_truth, overlaps};
use super::rows::{ImageRows, by_class, check};
use super::{Classes, Detection, Shape, Truth};
use crate::bad_number::{BadNumber, shares};

/// What became of a detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It finds the truth of that number.
    Right(usize),
    /// It finds nothing, or what a better one has found.
    Wrong,
    /// It lies on a crowd: neither right nor wrong.
    Ignored,
}

/// Every detection's outcome at one IoU.
#[derive(Debug, Clone, PartialEq)]
pub struct Matches {
    /// For each detection, in the order they were given.
    pub outcomes: Vec<Outcome>,
    /// For each truth the detection that finds it, or `None`; crowds are never found.
    pub found_by: Vec<Option<usize>>,
}

/// Truths found, wrong detections, truths missed. Counts of images, classes and folds add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Detections that find a truth.
    pub right: usize,
    /// Detections that find none.
    pub wrong: usize,
    /// Truths that nothing finds.
    pub missed: usize,
}

impl Counts {
    /// Share of the detections that are right; `None` without detections.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.right, self.right + self.wrong)
    }

    /// Share of the truths that are found; `None` without truths.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.right, self.right + self.missed)
    }

    /// Harmonic mean of both, 2·TP / (2·TP + FP + FN); `None` with neither detections nor truths.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { right: self.right + other.right, wrong: self.wrong + other.wrong, missed: self.missed + other.missed }
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// Counts at one IoU and score.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OperatingPoint {
    /// Over all classes, each box counting once.
    pub overall: Counts,
    /// Every class with truths or detections, by number.
    pub classes: BTreeMap<ClassId, Counts>,
}

/// Matches detections to truths by COCO's rule at one IoU, best score first, without a limit of detections an image.
///
/// A detection's outcome depends on better ones only, so leaving out those below a score afterwards or before is the same.
///
/// # Errors
/// [`BadNumber`] as for [`super::evaluate`], and for an IoU outside `0..=1`.
pub fn match_at<S: Shape>(
    truths: &[Truth<S>],
    detections: &[Detection<S>],
    iou: f64,
    classes: Classes,
) -> Result<Matches, BadNumber> {
    shares("IoU", [iou])?;
    check(truths, detections)?;
    let match_class = |rows: super::rows::ClassRows| {
        let images = rows.images(truths, detections);
        images.into_par_iter().with_min_len(64).flat_map_iter(|image| match_image(truths, detections, iou, &image))
    };
    let found: Vec<(usize, Outcome)> =
        by_class(truths, detections, classes).into_par_iter().flat_map(match_class).collect();
    let mut matches = Matches { outcomes: vec![Outcome::Wrong; detections.len()], found_by: vec![None; truths.len()] };
    for (detection, outcome) in found {
        matches.outcomes[detection] = outcome;
        if let Outcome::Right(truth) = outcome {
            matches.found_by[truth] = Some(detection);
        }
    }
    Ok(matches)
}

/// The detections of an image that are not wrong.
fn match_image<S: Shape>(
    truths: &[Truth<S>],
    detections: &[Detection<S>],
    iou: f64,
    image: &ImageRows,
) -> Vec<(usize, Outcome)> {
    let here: Vec<&Truth<S>> = image.truths.iter().map(|row| &truths[*row as usize]).collect();
    let crowds: Vec<bool> = here.iter().map(|truth| truth.crowd).collect();
    let mut taken = vec![false; here.len()];
    let mut found = Vec::new();
    for detection in image.detections.iter().map(|row| *row as usize) {
        let touched = overlaps(&detections[detection].shape, &here, iou);
        let Some(truth) = best_truth(&touched, iou, &crowds, |truth| !taken[truth] || crowds[truth]) else { continue };
        taken[truth] = true;
        let right = Outcome::Right(image.truths[truth] as usize);
        found.push((detection, if crowds[truth] { Outcome::Ignored } else { right }));
    }
    found
}

impl Matches {
    /// Counts of the detections whose score is `least` or more.
    #[must_use]
    pub fn counts<S>(&self, truths: &[Truth<S>], detections: &[Detection<S>], least: f64) -> OperatingPoint {
        let classes = self.tally(truths, detections, least, |truth| truth.class, |detection| detection.class);
        OperatingPoint { overall: classes.values().copied().sum(), classes }
    }

    /// The same by image, for intervals by bootstrap: images without truths and detections have to be added.
    #[must_use]
    pub fn counts_by_image<S>(
        &self,
        truths: &[Truth<S>],
        detections: &[Detection<S>],
        least: f64,
    ) -> BTreeMap<ImageId, Counts> {
        self.tally(truths, detections, least, |truth| truth.image, |detection| detection.image)
    }

    fn tally<S, K: Ord>(
        &self,
        truths: &[Truth<S>],
        detections: &[Detection<S>],
        least: f64,
        of_truth: impl Fn(&Truth<S>) -> K,
        of_detection: impl Fn(&Detection<S>) -> K,
    ) -> BTreeMap<K, Counts> {
        let mut tally: BTreeMap<K, Counts> = BTreeMap::new();
        for (detection, outcome) in detections.iter().zip(&self.outcomes).filter(|(d, _)| d.score >= least) {
            tally.entry(of_detection(detection)).or_default().wrong += usize::from(*outcome == Outcome::Wrong);
        }
        for (truth, found_by) in truths.iter().zip(&self.found_by).filter(|(truth, _)| !truth.crowd) {
            let is_found = found_by.is_some_and(|detection| detections[detection].score >= least);
            let counts = tally.entry(of_truth(truth)).or_default();
            counts.right += usize::from(is_found);
            counts.missed += usize::from(!is_found);
        }
        tally
    }
}

/// Precision, recall and F1 at one IoU of the detections whose score is `least` or more.
///
/// # Errors
/// [`BadNumber`] as for [`match_at`].
pub fn operating_point<S: Shape>(
    truths: &[Truth<S>],
    detections: &[Detection<S>],
    iou: f64,
    least: f64,
) -> Result<OperatingPoint, BadNumber> {
    Ok(match_at(truths, detections, iou, Classes::Apart)?.counts(truths, detections, least))
}
