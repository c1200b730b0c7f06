//! Pairs of rows that are almost the same.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::{BLOCK, Gallery, QUERIES};
use crate::kernel::{Packed, multiply};
use crate::rows::ranges;
use crate::{Error, Rows, Watch};

/// Two rows that are alike; `first` is the lower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The lower row.
    pub first: usize,
    /// The higher row.
    pub second: usize,
    /// Their cosine.
    pub score: f32,
}

/// The pairs that were kept, and how many there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// The most alike first.
    pub pairs: Vec<Pair>,
    /// All pairs above the threshold, kept or not.
    pub found: u64,
}

/// Keeps the most alike, whatever order they come in; bits of a positive float sort like the float.
struct Keep {
    limit: usize,
    held: BTreeSet<(std::cmp::Reverse<u32>, usize, usize)>,
    found: u64,
}

impl Keep {
    fn add(&mut self, pairs: Vec<Pair>) {
        self.found += pairs.len() as u64;
        for pair in pairs {
            self.held.insert((std::cmp::Reverse(pair.score.to_bits()), pair.first, pair.second));
            if self.held.len() > self.limit {
                self.held.pop_last();
            }
        }
    }
}

/// All pairs whose cosine reaches a threshold above 0, at most `limit` of them, the most alike first.
pub fn near_duplicates(gallery: &Gallery<'_>, threshold: f32, limit: usize, watch: Watch<'_>) -> Result<Pairs, Error> {
    if !(threshold > 0.0 && threshold <= 1.0) {
        return Err(Error::invalid("threshold of likeness", format!("{threshold} is not between 0 and 1")));
    }
    let (matrix, total) = (gallery.matrix, gallery.matrix.count());
    let keep = Mutex::new(Keep { limit, held: BTreeSet::new(), found: 0 });
    for block in ranges(total, BLOCK) {
        // The work done so far grows with the square of the rows.
        let pairs = |rows: usize| rows * rows / 2;
        crate::error::report(watch, pairs(block.start), pairs(total))?;
        let packed = Packed::from_columns(matrix.slice(block.clone()), matrix.dims());
        let bands: Vec<_> = ranges(block.end, QUERIES).collect();
        bands.into_par_iter().for_each(|band| {
            let mut scores = vec![0.0; band.len() * block.len()];
            multiply(matrix.slice(band.clone()), &packed, &mut scores);
            let found = alike(gallery, band, block.clone(), &scores, threshold);
            if !found.is_empty() {
                keep.lock().unwrap_or_else(PoisonError::into_inner).add(found);
            }
        });
    }
    let keep = keep.into_inner().unwrap_or_else(PoisonError::into_inner);
    let pair = |(bits, first, second): &(std::cmp::Reverse<u32>, usize, usize)| Pair {
        first: *first,
        second: *second,
        score: f32::from_bits(bits.0),
    };
    Ok(Pairs { pairs: keep.held.iter().map(pair).collect(), found: keep.found })
}

fn alike(
    gallery: &Gallery<'_>,
    band: std::ops::Range<usize>,
    block: std::ops::Range<usize>,
    scores: &[f32],
    threshold: f32,
) -> Vec<Pair> {
    let mut found = Vec::new();
    for (first, scores) in band.zip(scores.chunks_exact(block.len())) {
        let scale = gallery.inverse[first];
        for (second, score) in block.clone().zip(scores) {
            let score = score * scale * gallery.inverse[second];
            if score >= threshold && first < second {
                found.push(Pair { first, second, score });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;
    use crate::chance::Chance;

    #[test]
    fn planted_copies_are_found_and_nothing_else() {
        let (rows, dims) = (2_500, 24);
        let mut chance = Chance::new(3);
        let mut data: Vec<f32> = (0..rows * dims).map(|_| chance.normal() as f32).collect();
        for (from, to) in [(3, 2_400), (1_500, 1_501), (0, 2_499)] {
            let copy: Vec<f32> = data[from * dims..][..dims].iter().map(|v| 2.0 * v + 0.01).collect();
            data[to * dims..][..dims].copy_from_slice(&copy);
        }
        let gallery = Gallery::new(Matrix::new(&data, dims).unwrap());
        let pairs = near_duplicates(&gallery, 0.99, 10, &|_, _| true).unwrap();
        let mut found: Vec<_> = pairs.pairs.iter().map(|pair| (pair.first, pair.second)).collect();
        found.sort_unstable();
        assert_eq!(found, [(0, 2_499), (3, 2_400), (1_500, 1_501)]);
        let few = near_duplicates(&gallery, 0.5, 5, &|_, _| true).unwrap();
        assert!(few.pairs.len() == 5 && few.found > 5 && few.pairs[..3] == pairs.pairs);
        assert!(near_duplicates(&gallery, f32::NAN, 5, &|_, _| true).is_err());
    }
}
