//! Isotonic calibration: the rising steps nearest to the outcomes (Zadrozny and Elkan 2002), by pooling adjacent violators
//! (Ayer and others 1955), between the steps in straight lines as in `sklearn.isotonic.IsotonicRegression`.

use crate::bad_number::{BadNumber, finite};

/// A map from scores to probabilities that never falls.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    /// Corners as score and probability, by score; outside of them the map is level.
    pub corners: Vec<(f64, f64)>,
}

/// Neighbouring scores that share a value.
#[derive(Clone, Copy)]
struct Block {
    first: f64,
    last: f64,
    value: f64,
    weight: f64,
}

impl Isotonic {
    /// Fits scores to outcomes, each with a weight; weights of 0 or less count as none.
    ///
    /// # Errors
    /// [`BadNumber`] when a number is not finite.
    pub fn fit(rows: &[(f64, f64, f64)]) -> Result<Self, BadNumber> {
        finite("score", rows.iter().map(|row| row.0))?;
        finite("outcome", rows.iter().map(|row| row.1))?;
        finite("weight", rows.iter().map(|row| row.2))?;
        let mut sorted: Vec<_> = rows.iter().copied().filter(|row| row.2 > 0.0).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<Block> = Vec::new();
        // Equal scores get one value first, or the order of rows would decide.
        for same in sorted.chunk_by(|a, b| a.0 == b.0) {
            let weight: f64 = same.iter().map(|row| row.2).sum();
            let value = same.iter().map(|row| row.1 * row.2).sum::<f64>() / weight;
            pool(&mut blocks, Block { first: same[0].0, last: same[0].0, value, weight });
        }
        Ok(Self { corners: corners(&blocks) })
    }

    /// The probability of a score; `None` for a map that was fitted to nothing.
    #[must_use]
    pub fn probability(&self, score: f64) -> Option<f64> {
        let above = self.corners.partition_point(|corner| corner.0 < score);
        let next = self.corners.get(above).or_else(|| self.corners.last())?;
        let Some(before) = above.checked_sub(1).and_then(|i| self.corners.get(i)) else { return Some(next.1) };
        if next.0 <= before.0 || score >= next.0 {
            return Some(next.1);
        }
        Some(before.1 + (next.1 - before.1) / (next.0 - before.0) * (score - before.0))
    }
}

/// Adds a block and joins it with those before for as long as values fall.
fn pool(blocks: &mut Vec<Block>, mut new: Block) {
    while let Some(before) = blocks.pop_if(|before| before.value >= new.value) {
        let weight = before.weight + new.weight;
        let value = (before.value * before.weight + new.value * new.weight) / weight;
        new = Block { first: before.first, last: new.last, value, weight };
    }
    blocks.push(new);
}

fn corners(blocks: &[Block]) -> Vec<(f64, f64)> {
    let both = blocks.iter().flat_map(|block| [(block.first, block.value), (block.last, block.value)]);
    let mut corners: Vec<_> = both.collect();
    corners.dedup();
    corners
}
