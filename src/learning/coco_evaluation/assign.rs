//! Which detection finds which truth on one image: `COCOeval.evaluateImg`.

use super::accumulate::IOU_THRESHOLDS;
use super::rows::ImageRows;
use super::{Detection, Shape, Truth};

/// Detections of one class that are looked at on one image.
pub(super) const MAX_DETECTIONS: usize = 100;

/// Area ranges in square pixels, both ends within: all, small, medium, large.
pub(super) const AREAS: [(f64, f64); 4] = [(0.0, 1e10), (0.0, 1024.0), (1024.0, 9216.0), (9216.0, 1e10)];

/// One detection for each area range: a bit for each IoU threshold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub score: f64,
    /// Detections of this class and image with a better score.
    pub rank: u32,
    pub matched: [u16; AREAS.len()],
    pub ignored: [u16; AREAS.len()],
}

/// All detections of one class on one image, and how many truths there were to find in each area range.
#[derive(Debug)]
pub(super) struct Assigned {
    pub found: Vec<Found>,
    pub n_truths: [usize; AREAS.len()],
}

/// Overlap of one detection with the truths it touches, in the order of the truths.
pub(super) type Overlaps = Vec<(u32, f64)>;

/// Matches at all thresholds and area ranges.
pub(super) fn assign<S: Shape>(truths: &[Truth<S>], detections: &[Detection<S>], image: &ImageRows) -> Assigned {
    let truths: Vec<&Truth<S>> = image.truths.iter().map(|row| &truths[*row as usize]).collect();
    let rows = image.detections.iter().take(MAX_DETECTIONS);
    let detections: Vec<&Detection<S>> = rows.map(|row| &detections[*row as usize]).collect();
    let overlaps: Vec<Overlaps> =
        detections.iter().map(|detection| overlaps(&detection.shape, &truths, IOU_THRESHOLDS[0])).collect();
    let unseen = |(rank, score)| Found { score, rank: rank as u32, matched: [0; 4], ignored: [0; 4] };
    let scores = detections.iter().map(|detection| detection.score);
    let mut assigned = Assigned { found: scores.enumerate().map(unseen).collect(), n_truths: [0; 4] };
    let areas: Vec<f64> = detections.iter().map(|detection| detection.shape.area()).collect();
    for range in 0..AREAS.len() {
        assign_in_range(range, &truths, &areas, &overlaps, &mut assigned);
    }
    assigned
}

fn assign_in_range<S>(
    range: usize,
    truths: &[&Truth<S>],
    areas: &[f64],
    overlaps: &[Overlaps],
    assigned: &mut Assigned,
) {
    let outside = |area: f64| area < AREAS[range].0 || area > AREAS[range].1;
    let ignored: Vec<bool> = truths.iter().map(|truth| truth.crowd || outside(truth.area)).collect();
    let crowds: Vec<bool> = truths.iter().map(|truth| truth.crowd).collect();
    assigned.n_truths[range] = ignored.iter().filter(|ignored| !**ignored).count();
    let mut taken = vec![0u16; truths.len()];
    for ((found, overlaps), area) in assigned.found.iter_mut().zip(overlaps).zip(areas) {
        for (step, threshold) in IOU_THRESHOLDS.iter().enumerate() {
            let bit = 1 << step;
            let is_free = |truth: usize| taken[truth] & bit == 0 || crowds[truth];
            let Some(truth) = best_truth(overlaps, *threshold, &ignored, is_free) else { continue };
            taken[truth] |= bit;
            found.matched[range] |= bit;
            found.ignored[range] |= if ignored[truth] { bit } else { 0 };
        }
        if outside(*area) {
            found.ignored[range] |= !found.matched[range];
        }
    }
}

/// The truths that a shape overlaps by `least` or more.
pub(super) fn overlaps<S: Shape>(shape: &S, truths: &[&Truth<S>], least: f64) -> Overlaps {
    let overlap = |(row, truth): (usize, &&Truth<S>)| (row as u32, shape.overlap(&truth.shape, truth.crowd));
    truths.iter().enumerate().map(overlap).filter(|(_, overlap)| *overlap > 0.0 && *overlap >= least - 1e-9).collect()
}

/// The free truth of greatest overlap, the later of equals; an ignored one only when no other reaches the threshold.
pub(super) fn best_truth(
    overlaps: &[(u32, f64)],
    threshold: f64,
    ignored: &[bool],
    is_free: impl Fn(usize) -> bool,
) -> Option<usize> {
    let best = |of_ignored: bool| {
        // The reference lets an overlap of 1 pass a threshold of 1 that rounding has missed.
        let mut least = threshold.min(1.0 - 1e-10);
        let mut best = None;
        for (truth, overlap) in overlaps {
            let truth = *truth as usize;
            if *overlap >= least && ignored[truth] == of_ignored && is_free(truth) {
                (least, best) = (*overlap, Some(truth));
            }
        }
        best
    };
    if overlaps.is_empty() { None } else { best(false).or_else(|| best(true)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_overlaps_the_later_truth_is_found() {
        assert_eq!(best_truth(&[(0, 0.7), (1, 0.7), (2, 0.6)], 0.5, &[false; 3], |_| true), Some(1));
    }

    #[test]
    fn an_overlap_at_the_threshold_counts() {
        assert_eq!(best_truth(&[(0, 0.5)], 0.5, &[false], |_| true), Some(0));
    }

    #[test]
    fn an_ignored_truth_comes_last() {
        assert_eq!(best_truth(&[(0, 0.9), (1, 0.6)], 0.5, &[true, false], |_| true), Some(1));
        assert_eq!(best_truth(&[(0, 0.9), (1, 0.6)], 0.5, &[true, false], |t| t == 0), Some(0));
    }
}
