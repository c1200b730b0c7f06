//! How unsure a head or a detector is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tator_domain::ImageId;

use super::highest;

/// How doubt is measured; all lie between 0 and 1, 1 being no idea at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Entropy, as a share of the largest possible.
    #[default]
    Entropy,
    /// One less the lead of the best class over the second.
    Margin,
    /// One less the probability of the best class.
    LeastConfidence,
}

/// How the doubts of the boxes on an image become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gather {
    /// The worst box counts.
    #[default]
    Max,
    /// All boxes count alike.
    Mean,
    /// Many doubtful boxes count more.
    Sum,
}

impl Measure {
    fn of(self, row: &[f32]) -> f32 {
        let (_, first, second) = crate::head::top_two(row);
        match self {
            Measure::Entropy if row.len() < 2 => 0.0,
            Measure::Entropy => {
                let entropy: f32 = row.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
                entropy / (row.len() as f32).ln()
            }
            Measure::Margin => 1.0 - (first - second),
            Measure::LeastConfidence => 1.0 - first,
        }
    }
}

/// The doubt of each row of probabilities.
pub fn uncertainties(probabilities: &[f32], classes: usize, measure: Measure) -> Vec<f32> {
    probabilities.chunks_exact(classes.max(1)).map(|row| measure.of(row)).collect()
}

/// The doubt of each image from those of its boxes, by image.
pub fn by_image(scores: &[f32], images: &[ImageId], gather: Gather) -> BTreeMap<ImageId, f32> {
    let mut gathered: BTreeMap<ImageId, (f32, f32)> = BTreeMap::new();
    for (&score, image) in scores.iter().zip(images) {
        let (sum, count) = gathered.entry(*image).or_default();
        *sum = if gather == Gather::Max { sum.max(score) } else { *sum + score };
        *count += 1.0;
    }
    let finish = |(sum, count): (f32, f32)| if gather == Gather::Mean { sum / count } else { sum };
    gathered.into_iter().map(|(image, parts)| (image, finish(parts))).collect()
}

/// Picks the free rows of the greatest doubt.
pub fn most_uncertain(scores: &[f32], taken: &[bool], count: usize) -> Vec<usize> {
    highest(scores, taken, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_is_no_doubt_and_evenness_is_most() {
        let rows = [1.0, 0.0, 0.0, 0.0, 0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.0, 0.0];
        assert_eq!(uncertainties(&rows, 4, Measure::Entropy), [0.0, 1.0, 0.5]);
        assert_eq!(uncertainties(&rows, 4, Measure::Margin), [0.0, 1.0, 1.0]);
        assert_eq!(uncertainties(&rows, 4, Measure::LeastConfidence), [0.0, 0.75, 0.5]);
    }

    #[test]
    fn boxes_are_gathered_by_image() {
        let (scores, images) = ([0.5, 0.1, 0.9], [7, 7, 2]);
        let of = |gather| by_image(&scores, &images, gather).into_iter().collect::<Vec<_>>();
        assert_eq!(of(Gather::Max), [(2, 0.9), (7, 0.5)]);
        assert_eq!(of(Gather::Mean), [(2, 0.9), (7, 0.3)]);
        assert_eq!(of(Gather::Sum), [(2, 0.9), (7, 0.6)]);
        assert_eq!(most_uncertain(&[0.1, f32::NAN, 0.9], &[false; 3], 3), [2, 0, 1]);
    }
}
