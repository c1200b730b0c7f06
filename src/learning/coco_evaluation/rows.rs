//! Puts rows into the order in which the reference looks at them.

use std::collections::BTreeMap;

use tator_domain::{ClassId, ImageId};

use super::{Classes, Detection, Shape, Truth};
use crate::bad_number::{BadNumber, bad_box, finite};

/// Numbers of the truths and detections of one class, in the order they came.
#[derive(Debug, Default)]
pub(super) struct ClassRows {
    pub class: ClassId,
    pub truths: Vec<u32>,
    pub detections: Vec<u32>,
}

/// The truths and detections of one class on one image; the detections by score, best first.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ImageRows {
    pub truths: Vec<u32>,
    pub detections: Vec<u32>,
}

/// Refuses numbers that no figure can be made of.
pub(super) fn check<S: Shape>(truths: &[Truth<S>], detections: &[Detection<S>]) -> Result<(), BadNumber> {
    finite("area of truth", truths.iter().map(|truth| truth.area))?;
    finite("score of detection", detections.iter().map(|detection| detection.score))?;
    let truths = truths.iter().enumerate().map(|(row, truth)| ("box of truth", row, truth.shape.around()));
    let found = detections.iter().enumerate();
    let found = found.map(|(row, detection)| ("box of detection", row, detection.shape.around()));
    match truths.chain(found).find(|(_, _, rect)| !rect.is_valid()) {
        Some((what, row, rect)) => Err(bad_box(what, row, &rect)),
        None => Ok(()),
    }
}

/// Every class that has rows, by number.
pub(super) fn by_class<S>(truths: &[Truth<S>], detections: &[Detection<S>], classes: Classes) -> Vec<ClassRows> {
    let key = |class: ClassId| if classes == Classes::Pooled { -1 } else { class };
    let mut found: BTreeMap<ClassId, ClassRows> = BTreeMap::new();
    for (row, truth) in truths.iter().enumerate() {
        found.entry(key(truth.class)).or_default().truths.push(row as u32);
    }
    for (row, detection) in detections.iter().enumerate() {
        found.entry(key(detection.class)).or_default().detections.push(row as u32);
    }
    found.into_iter().map(|(class, rows)| ClassRows { class, ..rows }).collect()
}

impl ClassRows {
    /// The images of this class, by number; within one the rows keep their order, pooled classes one after the other.
    pub fn images<S>(mut self, truths: &[Truth<S>], detections: &[Detection<S>]) -> Vec<ImageRows> {
        let truth = |row: &u32| (truths[*row as usize].image, truths[*row as usize].class);
        let detection = |row: &u32| (detections[*row as usize].image, detections[*row as usize].class);
        self.truths.sort_by_key(truth);
        self.detections.sort_by_key(detection);
        let truths = self.truths.chunk_by(|a, b| truth(a).0 == truth(b).0);
        let found = self.detections.chunk_by(|a, b| detection(a).0 == detection(b).0);
        let mut images = joined(truths.map(|rows| (truth(&rows[0]).0, rows)), found.map(|r| (detection(&r[0]).0, r)));
        for image in &mut images {
            // Stable: equal scores stay as they came. The scores were checked, so they compare.
            image.detections.sort_by(|a, b| {
                let (a, b) = (detections[*a as usize].score, detections[*b as usize].score);
                b.partial_cmp(&a).unwrap_or(std::cmp::Ordering::Equal)
            });
        }
        images
    }
}

/// Merges two lists that are sorted by image.
fn joined<'a>(
    truths: impl Iterator<Item = (ImageId, &'a [u32])>,
    detections: impl Iterator<Item = (ImageId, &'a [u32])>,
) -> Vec<ImageRows> {
    let (mut truths, mut detections) = (truths.peekable(), detections.peekable());
    let mut images = Vec::new();
    while let Some(next) = [truths.peek(), detections.peek()].into_iter().flatten().map(|(image, _)| *image).min() {
        let mine = truths.next_if(|(image, _)| *image == next);
        let found = detections.next_if(|(image, _)| *image == next);
        let rows = |part: Option<(ImageId, &[u32])>| part.map(|(_, rows)| rows.to_vec()).unwrap_or_default();
        images.push(ImageRows { truths: rows(mine), detections: rows(found) });
    }
    images
}

#[cfg(test)]
mod tests {
    use tator_domain::PixelBox;

    use super::*;

    const RECT: PixelBox = PixelBox { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };

    fn detection(image: ImageId, score: f64) -> Detection<PixelBox> {
        Detection { image, class: 1, shape: RECT, score }
    }

    #[test]
    fn images_come_by_number_and_ties_as_they_came() {
        let truth = |image| Truth { image, class: 1, shape: RECT, area: 1.0, crowd: false };
        let truths = [truth(9), truth(3), truth(9)];
        let found = [detection(9, 0.2), detection(9, 0.5), detection(9, 0.5), detection(4, 0.1)];
        let classes = by_class(&truths, &found, Classes::Apart);
        let images = classes.into_iter().next().unwrap().images(&truths, &found);
        let wanted = [(vec![1], vec![]), (vec![], vec![3]), (vec![0, 2], vec![1, 2, 0])];
        assert_eq!(images, wanted.map(|(truths, detections)| ImageRows { truths, detections }));
    }

    #[test]
    fn a_score_that_is_no_number_is_refused() {
        let bad = check::<PixelBox>(&[], &[detection(1, 0.5), detection(1, f64::NAN)]).unwrap_err();
        assert_eq!((bad.what, bad.row), ("score of detection", 1));
    }

    #[test]
    fn a_box_with_a_negative_side_is_refused() {
        let shape = PixelBox { w: -1.0, ..RECT };
        let bad = check(&[], &[Detection { image: 1, class: 1, shape, score: 0.5 }]).unwrap_err();
        assert_eq!(bad.value, "x 0 y 0 w -1 h 1");
    }
}
