//! Exact neighbours by cosine: look-alikes of a vector, near-duplicate pairs, and labels that their neighbours doubt.

mod best;
mod disagreement;
mod fingerprints;
mod ivf;
mod outliers;
mod overlay;
mod pairs;
mod suspects;

use rayon::prelude::*;

pub use disagreement::knn_disagreement;
pub use fingerprints::close_fingerprints;
pub use ivf::{Ivf, IvfOptions};
pub use outliers::{class_distances, deviations};
pub use overlay::{SKETCH, overlay};
pub use pairs::{Pair, Pairs, near_duplicates};
pub use suspects::{Suspect, SuspectOptions, out_of_fold, suspects};

use crate::kernel::{Packed, dot, dots, multiply};
use crate::rows::ranges;
use crate::{Error, Matrix, Rows, Watch};
use best::Best;

/// Rows that one thread scans at a time for one query; their cosines stay in the first cache.
const SCAN: usize = 2_048;
/// Rows that are laid out together for many queries.
const BLOCK: usize = 1_024;
/// Queries that one thread answers at a time.
const QUERIES: usize = 96;

/// A row and how alike it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Which row.
    pub row: usize,
    /// Its cosine with the query.
    pub score: f32,
}

/// Vectors to look among, with their lengths known; a vector of length 0 is like nothing.
pub struct Gallery<'a> {
    matrix: Matrix<'a>,
    inverse: Vec<f32>,
}

/// Which rows a query may not have, by the number of the query and of the row.
type Skip<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

impl<'a> Gallery<'a> {
    /// Measures the vectors once.
    pub fn new(matrix: Matrix<'a>) -> Self {
        let lengths = matrix.data().par_chunks(matrix.dims()).with_min_len(SCAN);
        Self { matrix, inverse: lengths.map(inverse_length).collect() }
    }

    /// Over vectors that are known to have length 1: nothing is measured.
    pub fn unit(matrix: Matrix<'a>) -> Self {
        Self { matrix, inverse: vec![1.0; matrix.count()] }
    }

    /// The vectors.
    pub fn matrix(&self) -> Matrix<'a> {
        self.matrix
    }

    /// The `k` rows most like a vector, best first, the lower row of equals.
    pub fn top_k(&self, query: &[f32], k: usize) -> Result<Vec<Neighbour>, Error> {
        self.top_k_among(query, k, |_| true)
    }

    /// The same among the rows that `keep` keeps.
    pub fn top_k_among(
        &self,
        query: &[f32],
        k: usize,
        keep: impl Fn(usize) -> bool + Sync,
    ) -> Result<Vec<Neighbour>, Error> {
        self.check(query.len())?;
        let scale = inverse_length(query);
        let blocks = self.matrix.data().par_chunks(SCAN * query.len()).zip(self.inverse.par_chunks(SCAN));
        let best = blocks.enumerate().fold(
            || (Best::new(k), [0.0; SCAN]),
            |(mut best, mut scores), (number, (rows, inverse))| {
                dots(rows, query, &mut scores);
                let first = number * SCAN;
                offer_all(&mut best, &scores, inverse, scale, |row| !keep(first + row), first);
                (best, scores)
            },
        );
        Ok(best.map(|(best, _)| best).reduce(|| Best::new(k), Best::merged).sorted())
    }

    /// The same for many vectors.
    pub fn top_k_many(&self, queries: Matrix<'_>, k: usize, watch: Watch<'_>) -> Result<Vec<Vec<Neighbour>>, Error> {
        self.many(queries, k, &|_, _| false, watch)
    }

    /// The neighbours of every row among the others.
    pub fn neighbours(&self, k: usize, watch: Watch<'_>) -> Result<Vec<Vec<Neighbour>>, Error> {
        self.many(self.matrix, k, &|query, row| query == row, watch)
    }

    fn many(
        &self,
        queries: Matrix<'_>,
        k: usize,
        skip: Skip<'_>,
        watch: Watch<'_>,
    ) -> Result<Vec<Vec<Neighbour>>, Error> {
        self.check(queries.dims())?;
        let scales: Vec<f32> = queries.data().par_chunks(queries.dims()).map(inverse_length).collect();
        let mut best: Vec<Best> = scales.iter().map(|_| Best::new(k)).collect();
        for block in ranges(self.matrix.count(), BLOCK) {
            crate::error::report(watch, block.start, self.matrix.count())?;
            let packed = Packed::from_columns(self.matrix.slice(block.clone()), queries.dims());
            let inverse = &self.inverse[block.clone()];
            best.par_chunks_mut(QUERIES).enumerate().for_each(|(number, best)| {
                let first = number * QUERIES;
                let mut scores = vec![0.0; best.len() * inverse.len()];
                multiply(queries.slice(first..first + best.len()), &packed, &mut scores);
                for (at, (best, scores)) in best.iter_mut().zip(scores.chunks_exact(inverse.len())).enumerate() {
                    let scale = scales[first + at];
                    offer_all(best, scores, inverse, scale, |row| skip(first + at, block.start + row), block.start);
                }
            });
        }
        Ok(best.into_par_iter().map(Best::sorted).collect())
    }

    fn check(&self, dims: usize) -> Result<(), Error> {
        if dims == self.matrix.dims() {
            return Ok(());
        }
        let why = format!("{dims} numbers cannot be compared with vectors of {}", self.matrix.dims());
        Err(Error::invalid("query", why))
    }
}

fn offer_all(best: &mut Best, scores: &[f32], inverse: &[f32], scale: f32, skip: impl Fn(usize) -> bool, first: usize) {
    for (row, (score, inverse)) in scores.iter().zip(inverse).enumerate() {
        let score = score * inverse * scale;
        if best.wants(score) && !skip(row) {
            best.offer(first + row, score);
        }
    }
}

fn inverse_length(vector: &[f32]) -> f32 {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 { 1.0 / length } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chance::Chance;

    fn vectors(rows: usize, dims: usize, seed: u64) -> Vec<f32> {
        let mut chance = Chance::new(seed);
        (0..rows * dims).map(|_| chance.normal() as f32).collect()
    }

    fn plain(data: &[f32], query: &[f32], k: usize) -> Vec<usize> {
        let cosine = |row: &[f32]| dot(row, query) * inverse_length(row);
        let mut rows: Vec<(f32, usize)> = data.chunks(query.len()).map(cosine).zip(0..).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        rows.into_iter().take(k).map(|(_, row)| row).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_nearest_are_those_of_the_plain_way(rows in 1usize..300, dims in 1usize..40, k in 0usize..20, seed in any::<u64>()) {
            let data = vectors(rows, dims, seed);
            let matrix = Matrix::new(&data, dims).unwrap();
            let gallery = Gallery::new(matrix);
            let query = vectors(1, dims, seed ^ 1);
            let rows_of = |found: &[Neighbour]| found.iter().map(|n| n.row).collect::<Vec<_>>();
            let found = gallery.top_k(&query, k).unwrap();
            if dims > 1 {
                prop_assert_eq!(rows_of(&found), plain(&data, &query, k));
                let many = gallery.top_k_many(Matrix::new(&query, dims).unwrap(), k, &|_, _| true).unwrap();
                prop_assert_eq!(rows_of(&many[0]), rows_of(&found));
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
            prop_assert_eq!(found.len(), k.min(rows));
        }
    }

    #[test]
    fn rows_that_are_not_kept_are_not_found() {
        let data = vectors(5_000, 8, 7);
        let gallery = Gallery::new(Matrix::new(&data, 8).unwrap());
        let found = gallery.top_k_among(&data[..8], 20, |row| row % 3 == 1).unwrap();
        let wanted = gallery.top_k(&data[..8], 5_000).unwrap().into_iter().filter(|n| n.row % 3 == 1).take(20);
        assert_eq!(found, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn no_row_is_its_own_neighbour() {
        let data = vectors(50, 8, 1);
        let gallery = Gallery::new(Matrix::new(&data, 8).unwrap());
        let all = gallery.neighbours(3, &|_, _| true).unwrap();
        assert!(all.iter().enumerate().all(|(row, near)| near.len() == 3 && near.iter().all(|n| n.row != row)));
        assert!(gallery.top_k(&[0.0; 7], 1).is_err());
    }

    /// `cargo test -p tator-learning speed -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    #[allow(clippy::print_stderr)]
    fn speed_of_exact_search() {
        let data = vectors(100_000, 512, 1);
        let gallery = Gallery::new(Matrix::new(&data, 512).unwrap());
        for _ in 0..10 {
            let begun = std::time::Instant::now();
            let found = gallery.top_k(&data[..512], 20).unwrap();
            eprintln!("100 k x 512, 20 nearest: {:.1?}, first {}", begun.elapsed(), found[0].row);
        }
    }
}
