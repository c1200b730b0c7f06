//! Boxes that reach beyond their picture, are specks, are drawn twice, or have an odd shape for their class.

use std::collections::HashMap;

use rayon::prelude::*;
use tator_domain::{ClassId, PixelBox, iou};
use tator_learning::near::deviations;
use tator_store::{BoxFigures, Finding, PlacedBox};

use super::of_box;

/// Pixels that a box may reach beyond its picture: rounding of other tools.
const SLACK: f64 = 1.0;
/// A side under so many pixels is a speck.
const SPECK: f64 = 3.0;
/// Two boxes of one class that overlap so much are drawn twice.
const TWICE: f64 = 0.8;
/// Two boxes of different classes that overlap so much are of one object.
const CONFLICT: f64 = 0.9;
/// A size or aspect is odd by so many usual deviations of its class.
const ODD: f64 = 5.0;

/// Figures and findings of every box; `boxes` are by image.
pub(super) fn look(boxes: &[PlacedBox]) -> (Vec<BoxFigures>, Vec<Finding>) {
    let (size, aspect) = deviations_of(boxes);
    let mut figures: Vec<BoxFigures> = size
        .iter()
        .zip(&aspect)
        .map(|(size, aspect)| BoxFigures {
            size_deviation: Some(*size),
            aspect_deviation: Some(*aspect),
            ..BoxFigures::default()
        })
        .collect();
    let mut found = Vec::new();
    let mut first = 0;
    for of_one in boxes.chunk_by(|a, b| a.image_id == b.image_id) {
        found.extend(overlaps(of_one, &mut figures[first..first + of_one.len()]));
        first += of_one.len();
    }
    found.par_extend(boxes.par_iter().enumerate().flat_map_iter(|(at, placed)| alone(placed, size[at], aspect[at])));
    (figures, found)
}

/// Size and aspect of each box in usual deviations of its class.
fn deviations_of(boxes: &[PlacedBox]) -> (Vec<f64>, Vec<f64>) {
    let mut numbers = HashMap::<ClassId, usize>::new();
    let groups: Vec<usize> = boxes
        .iter()
        .map(|placed| {
            let next = numbers.len();
            *numbers.entry(placed.class_id).or_insert(next)
        })
        .collect();
    let share = |placed: &PlacedBox| {
        let whole = f64::from(placed.size.0) * f64::from(placed.size.1);
        (placed.rect.area().max(1e-6) / whole.max(1.0)).ln()
    };
    let sizes: Vec<f64> = boxes.iter().map(share).collect();
    let aspects: Vec<f64> = boxes.iter().map(|b| (b.rect.w.max(1e-3) / b.rect.h.max(1e-3)).ln()).collect();
    (deviations(&sizes, &groups), deviations(&aspects, &groups))
}

/// What a box says by itself: at most one thing, the gravest.
fn alone(placed: &PlacedBox, size: f64, aspect: f64) -> Option<Finding> {
    let PixelBox { x, y, w, h } = placed.rect;
    let (width, height) = (f64::from(placed.size.0), f64::from(placed.size.1));
    let beyond = [-x, -y, placed.rect.right() - width, placed.rect.bottom() - height];
    let beyond = beyond.into_iter().fold(0.0, f64::max);
    if placed.is_crowd {
        return None;
    }
    if beyond > SLACK && !placed.is_turned {
        let why = format!("it reaches {beyond:.0} pixels beyond the edge");
        let cut = placed.rect.clipped(width, height);
        let finding = of_box("outside", placed, beyond / width.max(height).max(1.0), why);
        return Some(Finding { suggested_rect: (cut.w > 0.0 && cut.h > 0.0).then_some(cut), ..finding });
    }
    if w < SPECK || h < SPECK {
        return Some(of_box("tiny", placed, 1.0 / (1.0 + w.min(h)), format!("{w:.1} × {h:.1} pixels")));
    }
    let (what, far) = if size.abs() >= aspect.abs() { ("size", size) } else { ("shape", aspect) };
    let side = match (what, far > 0.0) {
        ("size", true) => "large",
        ("size", false) => "small",
        (_, true) => "wide",
        (_, false) => "tall",
    };
    let why = format!("very {side} for its class: {:.1} usual deviations", far.abs());
    (far.abs() > ODD).then(|| of_box("geometry", placed, far.abs(), why))
}

/// Pairs of one image that cover the same object; the later box is the one in question.
fn overlaps(boxes: &[PlacedBox], figures: &mut [BoxFigures]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, one) in boxes.iter().enumerate().filter(|(_, one)| !one.is_crowd && !one.is_turned) {
        for (before, other) in boxes[..at].iter().enumerate().filter(|(_, other)| !other.is_crowd && !other.is_turned) {
            let overlap = iou(&one.rect, &other.rect);
            if overlap <= 0.0 {
                continue;
            }
            for (mine, theirs) in [(at, other.box_id), (before, one.box_id)] {
                if figures[mine].overlap.is_none_or(|(known, _)| known < overlap) {
                    figures[mine].overlap = Some((overlap, theirs));
                }
            }
            let (kind, bar) = if one.class_id == other.class_id { ("overlap", TWICE) } else { ("conflict", CONFLICT) };
            if overlap >= bar {
                let why = format!("{:.0} % overlap with box {}", 100.0 * overlap, other.box_id);
                let finding = of_box(kind, one, overlap, why);
                let key = format!("{}:{}", finding.key, other.box_id);
                found.push(Finding { other_id: Some(other.box_id), key, ..finding });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(box_id: i64, image_id: i64, class_id: ClassId, [x, y, w, h]: [f64; 4]) -> PlacedBox {
        PlacedBox {
            box_id,
            image_id,
            class_id,
            rect: PixelBox { x, y, w, h },
            is_crowd: false,
            is_turned: false,
            size: (640, 480),
            is_truth: true,
        }
    }

    fn kinds(found: &[Finding]) -> Vec<(String, i64)> {
        let mut kinds: Vec<_> = found.iter().map(|f| (f.kind.clone(), f.box_id.unwrap())).collect();
        kinds.sort();
        kinds
    }

    #[test]
    fn what_cannot_be_right_is_named() {
        let mut boxes: Vec<PlacedBox> = (0..30)
            .map(|at| placed(at, at, 0, [100.0, 100.0, 60.0 + (at % 5) as f64, 40.0 + (at % 3) as f64]))
            .collect();
        boxes.push(placed(100, 50, 0, [600.0, 100.0, 60.0, 40.0]));
        boxes.push(placed(101, 51, 0, [10.0, 10.0, 2.0, 40.0]));
        boxes.push(placed(102, 52, 0, [10.0, 10.0, 600.0, 400.0]));
        boxes.push(placed(103, 53, 0, [100.0, 100.0, 62.0, 40.0]));
        boxes.push(placed(104, 53, 0, [103.0, 100.0, 62.0, 43.0]));
        boxes.push(placed(105, 53, 1, [100.0, 100.0, 62.0, 40.0]));
        let (figures, found) = look(&boxes);
        let wanted = [("conflict", 105), ("geometry", 102), ("outside", 100), ("overlap", 104), ("tiny", 101)];
        assert_eq!(kinds(&found), wanted.map(|(kind, id)| (kind.to_owned(), id)));
        let cut = found.iter().find(|f| f.kind == "outside").unwrap().suggested_rect.unwrap();
        assert_eq!((cut.x, cut.w), (600.0, 40.0));
        assert_eq!(figures[33].overlap.map(|overlap| overlap.1), Some(105));
    }

    #[test]
    fn crowds_and_turned_boxes_are_left_alone() {
        let mut crowd = placed(1, 1, 0, [0.0, 0.0, 700.0, 2.0]);
        crowd.is_crowd = true;
        let mut turned = placed(2, 1, 0, [600.0, 10.0, 90.0, 30.0]);
        turned.is_turned = true;
        assert_eq!(look(&[crowd, turned]).1, []);
    }
}
