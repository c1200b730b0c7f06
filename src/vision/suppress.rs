//! Taking away what overlaps with something better (non-maximum suppression).

use std::collections::BTreeMap;

use tator_domain::{PixelBox, iou};

use crate::detector::Overlap;

/// What suppression has to know of a candidate.
pub(crate) trait Candidate {
    fn rect(&self) -> &PixelBox;
    /// Clockwise turn in degrees.
    fn angle(&self) -> Option<f64>;
    fn class(&self) -> usize;
}

/// Places of the candidates that stay, of a list sorted best first. Something better suppresses what overlaps more than
/// `overlap.iou`, unless it was itself suppressed; among turned boxes it does so even then, as Ultralytics has it there.
pub(crate) fn survivors<C: Candidate>(candidates: &[C], overlap: &Overlap, most: usize) -> Vec<usize> {
    let mut kept = Vec::new();
    // Those that may suppress a later one, by class: classes are told apart by name, not by shifting coordinates.
    let mut judges: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, candidate) in candidates.iter().enumerate() {
        if kept.len() == most {
            break;
        }
        let class = if overlap.across_classes { 0 } else { candidate.class() };
        let judges = judges.entry(class).or_default();
        let stays = judges.iter().all(|judge| same(&candidates[*judge], candidate) <= overlap.iou);
        if stays {
            kept.push(place);
        }
        if stays || candidate.angle().is_some() {
            judges.push(place);
        }
    }
    kept
}

fn same<C: Candidate>(a: &C, b: &C) -> f64 {
    match (a.angle(), b.angle()) {
        (None, None) => iou(a.rect(), b.rect()),
        (first, second) => probable_iou(a.rect(), first.unwrap_or(0.0), b.rect(), second.unwrap_or(0.0)),
    }
}

/// Overlap of two turned boxes, each taken as a normal distribution (Llerena et al. 2021, as in Ultralytics
/// `batch_probiou`).
fn probable_iou(a: &PixelBox, turn_a: f64, b: &PixelBox, turn_b: f64) -> f64 {
    const TINY: f64 = 1e-7;
    let ((a1, b1, c1), (a2, b2, c2)) = (spread(a, turn_a), spread(b, turn_b));
    let (dx, dy) = ((a.x + a.w / 2.0) - (b.x + b.w / 2.0), (a.y + a.h / 2.0) - (b.y + b.h / 2.0));
    let (sa, sb, sc) = (a1 + a2, b1 + b2, c1 + c2);
    let d = sa * sb - sc * sc;
    let t1 = (sa * dy * dy + sb * dx * dx) / (d + TINY) * 0.25;
    let t2 = -(sc * dx * dy) / (d + TINY) * 0.5;
    let areas = (a1 * b1 - c1 * c1).max(0.0) * (a2 * b2 - c2 * c2).max(0.0);
    let t3 = (d / (4.0 * areas.sqrt() + TINY) + TINY).ln() * 0.5;
    let distance = (t1 + t2 + t3).clamp(TINY, 100.0);
    1.0 - (1.0 - (-distance).exp() + TINY).sqrt()
}

/// Variances across and down, and their covariance.
fn spread(rect: &PixelBox, degrees: f64) -> (f64, f64, f64) {
    let (across, down) = (rect.w * rect.w / 12.0, rect.h * rect.h / 12.0);
    let (sin, cos) = degrees.to_radians().sin_cos();
    (across * cos * cos + down * sin * sin, across * sin * sin + down * cos * cos, (across - down) * cos * sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Box(PixelBox, usize, Option<f64>);

    impl Candidate for Box {
        fn rect(&self) -> &PixelBox {
            &self.0
        }
        fn angle(&self) -> Option<f64> {
            self.2
        }
        fn class(&self) -> usize {
            self.1
        }
    }

    fn at(x: f64, class: usize) -> Box {
        Box(PixelBox { x, y: 0.0, w: 10.0, h: 10.0 }, class, None)
    }

    #[test]
    fn the_suppressed_do_not_suppress() {
        // Neighbours share 7 of 13: 0.54. The second goes, so the third stays.
        let row = [at(0.0, 1), at(3.0, 1), at(6.0, 1), at(1.0, 2)];
        assert_eq!(survivors(&row, &Overlap::within_classes(0.5), 10), [0, 2, 3]);
        assert_eq!(survivors(&row, &Overlap { iou: 0.5, across_classes: true }, 10), [0, 2]);
        assert_eq!(survivors(&row, &Overlap::within_classes(0.5), 1), [0]);
    }

    #[test]
    fn an_overlap_at_the_limit_is_allowed() {
        let pair = [at(0.0, 0), at(5.0, 0)];
        assert_eq!(survivors(&pair, &Overlap::within_classes(5.0 / 15.0), 10), [0, 1]);
    }

    #[test]
    fn turned_boxes_are_compared_as_turned() {
        let long = PixelBox { x: 0.0, y: 45.0, w: 100.0, h: 10.0 };
        let pair = |turn| [Box(long, 0, Some(0.0)), Box(long, 0, Some(turn))];
        assert_eq!(survivors(&pair(2.0), &Overlap::within_classes(0.5), 10).len(), 1);
        assert_eq!(survivors(&pair(90.0), &Overlap::within_classes(0.5), 10).len(), 2);
        let same = probable_iou(&long, 30.0, &long, 30.0);
        assert!(same > 0.99, "{same}");
    }
}
