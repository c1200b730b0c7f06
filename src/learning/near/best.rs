//! The best few of many, whatever order they come in.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Neighbour;

/// Ordered so that the worst of a heap is on top: the lower score, and of equals the higher row.
#[derive(Clone, Copy, PartialEq)]
struct Held(Neighbour);

impl Eq for Held {}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.score.total_cmp(&self.0.score).then(self.0.row.cmp(&other.0.row))
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// At most `k` rows of the highest scores.
pub(super) struct Best {
    k: usize,
    held: BinaryHeap<Held>,
    /// A score below is not wanted.
    bar: f32,
}

impl Best {
    pub fn new(k: usize) -> Self {
        Self { k, held: BinaryHeap::new(), bar: f32::NEG_INFINITY }
    }

    /// Whether a row of that score may be among the best.
    #[inline]
    pub fn wants(&self, score: f32) -> bool {
        score >= self.bar
    }

    #[inline]
    pub fn offer(&mut self, row: usize, score: f32) {
        if self.wants(score) {
            self.take(Held(Neighbour { row, score }));
        }
    }

    fn take(&mut self, new: Held) {
        if self.held.len() < self.k {
            self.held.push(new);
        } else if self.held.peek().is_some_and(|worst| new < *worst) {
            self.held.pop();
            self.held.push(new);
        }
        if self.held.len() == self.k {
            self.bar = self.held.peek().map_or(f32::INFINITY, |worst| worst.0.score);
        }
    }

    pub fn merged(mut self, other: Self) -> Self {
        other.held.into_iter().for_each(|held| self.offer(held.0.row, held.0.score));
        self
    }

    pub fn sorted(self) -> Vec<Neighbour> {
        self.held.into_sorted_vec().into_iter().map(|held| held.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_offers_does_not_matter() {
        let offers = [(4, 0.5), (1, 0.5), (2, 0.9), (3, 0.1), (0, 0.5)];
        let rows = |offers: &mut dyn Iterator<Item = &(usize, f32)>| {
            let mut best = Best::new(3);
            offers.for_each(|(row, score)| best.offer(*row, *score));
            best.sorted().iter().map(|held| held.row).collect::<Vec<_>>()
        };
        assert_eq!(rows(&mut offers.iter()), [2, 0, 1]);
        assert_eq!(rows(&mut offers.iter().rev()), [2, 0, 1]);
        assert!(Best::new(0).sorted().is_empty());
    }
}
