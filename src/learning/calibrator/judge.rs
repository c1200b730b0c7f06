//! What accepting candidates comes to: suppression on the final score, the one evaluator's matching, counts an image.

use rayon::prelude::*;
use tator_domain::PixelBox;

use super::pool::ImageSize;
use super::rule::Rule;
use crate::bad_number::BadNumber;
use crate::candidate::Candidate;
use crate::coco_evaluation::{Classes, Counts, Detection, Matches, Outcome, Truth, match_at};
use crate::fusion::{Limit, Metric, Overlap, nms};

/// Detections that stay after suppression, with their outcomes.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Numbers of those that stay, ascending.
    pub kept: Vec<usize>,
    /// What became of each of these.
    pub matches: Matches,
}

/// Numbers of the detections that no better one of their class and image overlaps by `overlap` or more, ascending.
#[must_use]
pub fn suppress(detections: &[Detection<PixelBox>], overlap: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..detections.len()).collect();
    order.sort_by_key(|row| detections[*row].image);
    let images: Vec<&[usize]> = order.chunk_by(|a, b| detections[*a].image == detections[*b].image).collect();
    let rule = Overlap { metric: Metric::Iou, limit: Limit::From(overlap), class_agnostic: false };
    let of_image = |rows: &&[usize]| {
        let candidate = |row: &usize| {
            let one = &detections[*row];
            Candidate { rect: one.shape, class: one.class, score: one.score, source: 0 }
        };
        let here: Vec<Candidate> = rows.iter().map(candidate).collect();
        nms(&here, &rule).into_iter().map(|group| rows[group.keeper]).collect::<Vec<_>>()
    };
    let mut kept: Vec<usize> = images.par_iter().with_min_len(16).flat_map_iter(of_image).collect();
    kept.sort_unstable();
    kept
}

/// Suppresses and matches.
///
/// # Errors
/// [`BadNumber`].
pub fn judge(
    truths: &[Truth<PixelBox>],
    detections: &[Detection<PixelBox>],
    iou: f64,
    dedupe: f64,
) -> Result<Judgement, BadNumber> {
    let kept = suppress(detections, dedupe);
    let left: Vec<Detection<PixelBox>> = kept.iter().map(|row| detections[*row].clone()).collect();
    Ok(Judgement { matches: match_at(truths, &left, iou, Classes::Apart)?, kept })
}

impl Judgement {
    /// Counts of every image when a rule accepts; images without truths and detections have zeros.
    #[must_use]
    pub fn by_image(
        &self,
        rule: &Rule,
        truths: &[Truth<PixelBox>],
        detections: &[Detection<PixelBox>],
        images: &[ImageSize],
    ) -> Vec<Counts> {
        let place = |image| images.binary_search_by_key(&image, |size| size.image).ok();
        let accepted = |at: usize| {
            let one = &detections[self.kept[at]];
            rule.accepts(one.class, one.score)
        };
        let mut counts = vec![Counts::default(); images.len()];
        for (at, outcome) in self.matches.outcomes.iter().enumerate() {
            if *outcome == Outcome::Wrong
                && accepted(at)
                && let Some(place) = place(detections[self.kept[at]].image)
            {
                counts[place].wrong += 1;
            }
        }
        for (truth, found_by) in truths.iter().zip(&self.matches.found_by).filter(|(truth, _)| !truth.crowd) {
            let Some(place) = place(truth.image) else { continue };
            if found_by.is_some_and(&accepted) {
                counts[place].right += 1;
            } else {
                counts[place].missed += 1;
            }
        }
        counts
    }
}
