//! The most that any choice among the detections could find.

use rayon::prelude::*;

use super::rows::{ClassRows, by_class, check};
use super::{Classes, Detection, Shape, Truth};
use crate::bad_number::{BadNumber, shares};

/// For each truth whether some detection of its class overlaps it by `iou` or more, however many share that detection.
/// What no threshold, ranking or calibration of these detections can find is `false`; crowds are always `false`.
///
/// # Errors
/// [`BadNumber`] as for [`super::evaluate`], and for an IoU outside `0..=1`.
pub fn covered<S: Shape>(
    truths: &[Truth<S>],
    detections: &[Detection<S>],
    iou: f64,
    classes: Classes,
) -> Result<Vec<bool>, BadNumber> {
    shares("IoU", [iou])?;
    check(truths, detections)?;
    let found: Vec<usize> = by_class(truths, detections, classes)
        .into_par_iter()
        .flat_map_iter(|rows| covered_of_class(truths, detections, iou, rows))
        .collect();
    let mut covered = vec![false; truths.len()];
    found.into_iter().for_each(|truth| covered[truth] = true);
    Ok(covered)
}

fn covered_of_class<S: Shape>(
    truths: &[Truth<S>],
    detections: &[Detection<S>],
    iou: f64,
    rows: ClassRows,
) -> Vec<usize> {
    let mut found = Vec::new();
    for image in rows.images(truths, detections) {
        let shapes = || image.detections.iter().map(|row| &detections[*row as usize].shape);
        let reached = image.truths.iter().map(|row| *row as usize).filter(|row| {
            let truth = &truths[*row];
            !truth.crowd && shapes().any(|shape| shape.overlap(&truth.shape, false) >= iou)
        });
        found.extend(reached);
    }
    found
}

#[cfg(test)]
mod tests {
    use tator_domain::PixelBox;

    use super::*;

    fn rect(x: f64) -> PixelBox {
        PixelBox { x, y: 0.0, w: 10.0, h: 10.0 }
    }

    #[test]
    fn one_detection_may_cover_two_truths_but_not_another_class() {
        let truth = |x, class| Truth { image: 1, class, shape: rect(x), area: 100.0, crowd: false };
        let truths = [truth(0.0, 1), truth(1.0, 1), truth(0.0, 2), Truth { crowd: true, ..truth(0.0, 1) }];
        let found = [Detection { image: 1, class: 1, shape: rect(0.0), score: 0.1 }];
        assert_eq!(covered(&truths, &found, 0.5, Classes::Apart).unwrap(), [true, true, false, false]);
        assert_eq!(covered(&truths, &found, 0.9, Classes::Apart).unwrap(), [true, false, false, false]);
        assert!(covered(&truths, &found, 1.5, Classes::Apart).is_err());
    }
}
