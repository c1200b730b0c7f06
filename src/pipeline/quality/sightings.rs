//! What the detectors of a run saw, beside what people drew: boxes that are missing, misplaced, or seen by nobody.

use std::collections::{BTreeMap, HashSet};

use tator_domain::{ImageId, iou};
use tator_store::{Finding, PlacedBox, Sighting};

use super::{about, of_box};

/// A sighting that no box overlaps so much has no box.
const UNCOVERED: f64 = 0.3;
/// A box that overlaps its best sighting less is misplaced.
const PLACED: f64 = 0.55;
/// A sighting whose score is lower contradicts nobody's box.
const SURE: f64 = 0.6;

/// Findings on images that people finished and the run looked at; `least` is the score above which a sighting without a
/// box is told.
pub(super) fn look(
    boxes: &[PlacedBox],
    (run, sightings): (&str, &[Sighting]),
    seen: &HashSet<ImageId>,
    least: f64,
) -> Vec<Finding> {
    let mut by_image = BTreeMap::<ImageId, (Vec<&PlacedBox>, Vec<&Sighting>)>::new();
    for placed in boxes.iter().filter(|placed| placed.is_truth && seen.contains(&placed.image_id)) {
        by_image.entry(placed.image_id).or_default().0.push(placed);
    }
    for sighting in sightings.iter().filter(|sighting| sighting.is_truth && seen.contains(&sighting.image_id)) {
        by_image.entry(sighting.image_id).or_default().1.push(sighting);
    }
    let found = by_image.values().flat_map(|(boxes, sightings)| of_image(boxes, (run, sightings), least));
    found.map(|finding| Finding { run: Some(run.to_owned()), ..finding }).collect()
}

fn of_image(boxes: &[&PlacedBox], (run, sightings): (&str, &[&Sighting]), least: f64) -> Vec<Finding> {
    let mut found = Vec::new();
    for sighting in sightings.iter().filter(|sighting| sighting.score >= least) {
        // Crowds cover whatever lies in them.
        let covered = |placed: &&PlacedBox| {
            iou(&placed.rect, &sighting.rect) > UNCOVERED
                || (placed.is_crowd && iou(&placed.rect, &sighting.rect) > 0.0)
        };
        if !boxes.iter().any(covered) {
            let r = sighting.rect;
            let key = format!(
                "missing:{}:{}:{:.0}:{:.0}:{:.0}:{:.0}",
                sighting.image_id, sighting.class_id, r.x, r.y, r.w, r.h
            );
            let why = format!("{run} gives it {:.0} %", 100.0 * sighting.score);
            let finding = about("missing", sighting.image_id, sighting.score, why);
            found.push(Finding { key, rect: Some(r), suggested_class_id: Some(sighting.class_id), ..finding });
        }
    }
    found.extend(boxes.iter().filter(|b| !b.is_crowd && !b.is_turned).filter_map(|b| doubted(b, boxes, sightings)));
    found
}

fn doubted(placed: &PlacedBox, boxes: &[&PlacedBox], sightings: &[&Sighting]) -> Option<Finding> {
    let overlap = |sighting: &Sighting| iou(&placed.rect, &sighting.rect);
    let best = sightings.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b)));
    let Some(best) = best.filter(|best| overlap(best) >= UNCOVERED) else {
        return Some(of_box("unconfirmed", placed, placed.rect.area().max(1.0).ln(), "no sighting overlaps it".into()));
    };
    let theirs = overlap(best);
    // The sighting is of this box only when no other box of its class fits it better.
    let mine = boxes.iter().filter(|b| b.class_id == placed.class_id).all(|b| iou(&b.rect, &best.rect) <= theirs);
    let is_off = best.class_id == placed.class_id && theirs < PLACED && best.score >= SURE && mine;
    let why = format!("the sighting, at {:.0} %, overlaps it by {:.0} %", 100.0 * best.score, 100.0 * theirs);
    is_off.then(|| Finding { suggested_rect: Some(best.rect), ..of_box("misplaced", placed, 1.0 - theirs, why) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_domain::PixelBox;

    fn rect(x: f64, w: f64) -> PixelBox {
        PixelBox { x, y: 10.0, w, h: 20.0 }
    }

    fn placed(box_id: i64, image_id: ImageId, x: f64, w: f64) -> PlacedBox {
        PlacedBox {
            box_id,
            image_id,
            class_id: 1,
            rect: rect(x, w),
            is_crowd: false,
            is_turned: false,
            size: (200, 100),
            is_truth: true,
        }
    }

    fn sighting(image_id: ImageId, x: f64, score: f64) -> Sighting {
        Sighting { candidate_id: 1, image_id, class_id: 1, rect: rect(x, 20.0), score, is_truth: true }
    }

    #[test]
    fn what_was_forgotten_moved_or_invented_is_found() {
        let boxes =
            [placed(1, 1, 10.0, 20.0), placed(2, 1, 60.0, 20.0), placed(3, 1, 160.0, 20.0), placed(4, 2, 1.0, 9.0)];
        let sightings = [
            sighting(1, 10.0, 0.9),
            sighting(1, 69.0, 0.9),
            sighting(1, 120.0, 0.8),
            sighting(1, 140.0, 0.2),
            sighting(3, 1.0, 0.9),
        ];
        let found = look(&boxes, ("night", &sightings), &HashSet::from([1]), 0.5);
        let told: Vec<_> = found.iter().map(|f| (f.kind.as_str(), f.box_id)).collect();
        assert_eq!(told, [("missing", None), ("misplaced", Some(2)), ("unconfirmed", Some(3))]);
        assert!(found.iter().all(|f| f.run.as_deref() == Some("night")) && found[0].why == "night gives it 80 %");
        assert_eq!(found[0].rect, Some(rect(120.0, 20.0)));
        assert_eq!(found[1].suggested_rect, Some(rect(69.0, 20.0)));
    }
}
