//! What to label next: rows of embeddings that would teach most, by several strategies and by chance as their control.
//!
//! All are reproducible: the same pool, options and seed give the same picks in the same order. Vectors are read by
//! pieces, so a pool may be larger than memory.

mod exchange;
mod hybrid;
pub(crate) mod k_centre;
mod k_means;
mod uncertainty;

pub use hybrid::{DensityOptions, balanced_picks, density_picks};
pub use k_centre::k_centre_picks;
pub use k_means::{KMeans, KMeansOptions, k_means, k_means_picks};
pub use uncertainty::{Gather, Measure, by_image, most_uncertain, uncertainties};

use crate::chance::hash;
use crate::{Error, Rows};

/// The vectors to choose from.
#[derive(Clone, Copy)]
pub struct Pool<'a> {
    /// All vectors, labelled ones too.
    pub rows: &'a dyn Rows,
    /// Which rows are labelled or chosen already.
    pub taken: &'a [bool],
}

impl<'a> Pool<'a> {
    /// A pool; there must be a mark for each row.
    pub fn new(rows: &'a dyn Rows, taken: &'a [bool]) -> Result<Self, Error> {
        if rows.count() == taken.len() {
            return Ok(Self { rows, taken });
        }
        let why = format!("{} vectors have {} marks of what is taken", rows.count(), taken.len());
        Err(Error::invalid("pool", why))
    }

    pub(crate) fn free(&self) -> usize {
        self.taken.iter().filter(|taken| !**taken).count()
    }
}

/// Picks by chance: the free rows whose hash is lowest, so that picks hardly change when the pool grows.
pub fn random_picks(taken: &[bool], count: usize, seed: u64) -> Vec<usize> {
    let mut free: Vec<(u64, usize)> =
        (0..taken.len()).filter(|row| !taken[*row]).map(|row| (hash(seed, row as u64), row)).collect();
    free.sort_unstable();
    free.into_iter().take(count).map(|(_, row)| row).collect()
}

/// The free rows of the highest scores, the lower row of equals; a score that is no number comes last.
pub(crate) fn highest(scores: &[f32], taken: &[bool], count: usize) -> Vec<usize> {
    let score = |row: &usize| if scores[*row].is_nan() { f32::NEG_INFINITY } else { scores[*row] };
    let mut free: Vec<usize> = (0..scores.len().min(taken.len())).filter(|row| !taken[*row]).collect();
    free.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
    free.truncate(count);
    free
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Matrix;
    use crate::chance::Chance;

    /// Every strategy on one pool.
    fn all(data: &[f32], taken: &[bool], count: usize, seed: u64) -> Vec<(&'static str, Vec<usize>)> {
        let matrix = Matrix::new(data, 3).unwrap();
        let pool = Pool::new(&matrix, taken).unwrap();
        let scores: Vec<f32> = data.chunks(3).map(|row| row[0].abs()).collect();
        let predicted: Vec<usize> = (0..taken.len()).map(|row| row % 3).collect();
        let means = KMeansOptions { seed, ..KMeansOptions::default() };
        vec![
            ("random", random_picks(taken, count, seed)),
            ("k-centre", k_centre_picks(&pool, count, seed, &|_, _| true).unwrap()),
            ("k-means", k_means_picks(&pool, count, &means, &|_, _| true).unwrap()),
            ("uncertainty", most_uncertain(&scores, taken, count)),
            ("density", density_picks(&pool, &scores, count, &DensityOptions::default(), &|_, _| true).unwrap()),
            ("balanced", balanced_picks(&scores, &predicted, &[5, 0, 1], taken, count)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn picks_are_free_distinct_enough_and_the_same_again(
            marks in proptest::collection::vec(any::<bool>(), 1..60),
            count in 0usize..20,
            seed in any::<u64>(),
        ) {
            let mut chance = Chance::new(seed);
            let data: Vec<f32> = (0..marks.len() * 3).map(|_| chance.normal() as f32).collect();
            let free = marks.iter().filter(|taken| !**taken).count();
            for ((name, picks), (_, again)) in all(&data, &marks, count, seed).into_iter().zip(all(&data, &marks, count, seed)) {
                prop_assert_eq!(&picks, &again, "{}", name);
                prop_assert_eq!(picks.len(), count.min(free), "{}", name);
                prop_assert!(picks.iter().all(|row| !marks[*row]), "{}", name);
                let distinct: std::collections::BTreeSet<_> = picks.iter().collect();
                prop_assert_eq!(distinct.len(), picks.len(), "{}", name);
            }
        }
    }

    #[test]
    fn equal_vectors_are_still_distinct_picks() {
        let (data, taken) = (vec![1.0; 30], vec![false; 10]);
        for (name, picks) in all(&data, &taken, 5, 1) {
            let distinct: std::collections::BTreeSet<_> = picks.iter().collect();
            assert_eq!(distinct.len(), 5, "{name}");
        }
    }

    #[test]
    fn a_pool_needs_a_mark_for_each_row() {
        let matrix = Matrix::new(&[0.0; 6], 3).unwrap();
        assert!(Pool::new(&matrix, &[false]).is_err());
    }
}
