//! Who is trained on and who is tested: by a hash of the image's number, so that the same images go together wherever
//! the rows come from, and an image more moves no other to another hash.

use serde::{Deserialize, Serialize};
use tator_domain::ImageId;

use super::pool::ImageSize;
use crate::chance::hash;

/// What an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Trees and priors are fitted on it.
    Train,
    /// Decides when to stop, and thresholds.
    Tune,
    /// Looked at once, at the end.
    Test,
}

/// How the test is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Three parts, 60, 20 and 20 of a hundred images; the test part is opened once.
    Split,
    /// Few images: each part is tested once, by a model of the others, developed by cross-validation among them.
    Nested {
        /// How many parts.
        folds: usize,
    },
    /// A recipe from elsewhere: every image with truth tests it.
    Imported,
}

/// For each image the fold it is in: the images in the order of their hash are dealt out in turn.
pub(super) fn deal(images: &[ImageSize], marked: &[bool], folds: usize, seed: u64) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..images.len()).filter(|at| marked[*at]).collect();
    order.sort_by_key(|at| (key(images[*at].image, seed), images[*at].image));
    let mut dealt = vec![None; images.len()];
    order.into_iter().enumerate().for_each(|(turn, at)| dealt[at] = Some(turn % folds));
    dealt
}

/// The part of each image when there are many: by the hash alone, so that an image keeps its part when others come.
pub(super) fn parts(images: &[ImageSize], seed: u64) -> Vec<Part> {
    let part = |size: &ImageSize| match key(size.image, seed) as f64 / u64::MAX as f64 {
        share if share < 0.6 => Part::Train,
        share if share < 0.8 => Part::Tune,
        _ => Part::Test,
    };
    images.iter().map(part).collect()
}

fn key(image: ImageId, seed: u64) -> u64 {
    hash(seed, image.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(n: i64) -> Vec<ImageSize> {
        (0..n).map(|image| ImageSize { image, width: 1.0, height: 1.0 }).collect()
    }

    #[test]
    fn every_image_is_dealt_once_and_another_seed_deals_otherwise() {
        let (all, marked) = (images(103), vec![true; 103]);
        let dealt = deal(&all, &marked, 5, 1);
        for fold in 0..5 {
            let n = dealt.iter().filter(|one| **one == Some(fold)).count();
            assert!((20..=21).contains(&n), "{n}");
        }
        assert_ne!(dealt, deal(&all, &marked, 5, 2));
    }

    #[test]
    fn an_image_keeps_its_part_when_others_come() {
        let (few, many) = (parts(&images(500), 7), parts(&images(1000), 7));
        assert_eq!(few, many[..500]);
        let tests = many.iter().filter(|part| **part == Part::Test).count();
        assert!((160..240).contains(&tests), "{tests}");
    }
}
