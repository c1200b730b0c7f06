//! What a model proposes on one image.

use std::cmp::Ordering;

use tator_domain::{ClassId, PixelBox};

/// One box that a source proposes on an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Where, in pixels of the upright image.
    pub rect: PixelBox,
    /// What it is said to show.
    pub class: ClassId,
    /// How sure the source is; 0 when it does not say.
    pub score: f64,
    /// Number of the model or stage that proposed it.
    pub source: u32,
}

/// Best first: by score, then x, y, right, bottom (the rule of SAHI), class and source, so that the order of rows decides nothing.
#[must_use]
pub fn best_first(a: &Candidate, b: &Candidate) -> Ordering {
    let corners = |c: &Candidate| [c.rect.x, c.rect.y, c.rect.right(), c.rect.bottom()];
    let places = corners(a).into_iter().zip(corners(b)).map(|(a, b)| a.total_cmp(&b));
    let place = places.fold(Ordering::Equal, Ordering::then);
    b.score.total_cmp(&a.score).then(place).then(a.class.cmp(&b.class)).then(a.source.cmp(&b.source))
}

/// Numbers of the candidates, best first.
#[must_use]
pub fn ranked(candidates: &[Candidate]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|a, b| best_first(&candidates[*a], &candidates[*b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_are_told_apart_by_place() {
        let at = |x, score| Candidate { rect: PixelBox { x, y: 0.0, w: 1.0, h: 1.0 }, class: 0, score, source: 0 };
        assert_eq!(ranked(&[at(5.0, 0.5), at(2.0, 0.5), at(9.0, 0.9)]), [2, 1, 0]);
    }
}
