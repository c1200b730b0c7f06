//! An index for where looking at every vector takes too long: rows gathered around centres, of which a search looks at
//! the nearest few, first at a byte a number, then exactly at the best of those.
//!
//! Two shortcuts, and what they lose is measured when the index is built, on rows of its own: it then takes as many
//! centres as the wanted recall needs. Scores are exact. Beside the vectors it takes a byte a number, and a few bytes a
//! row.

use rayon::prelude::*;

use super::best::Best;
use super::{Gallery, Neighbour};
use crate::chance::Chance;
use crate::kernel::{Packed, dot, dot_bytes, dots, multiply};
use crate::rows::ranges;
use crate::{Error, Matrix, Rows, Watch};

/// How many rows a centre has in the mean.
const ROWS_OF_A_CENTRE: usize = 1_000;
/// Rows of a centre from which it is learnt.
const LEARNT_FROM: usize = 48;
/// Steps of learning: centres that are not quite in the middle serve as well.
const STEPS: usize = 8;
/// Rows that one thread compares with the centres at a time.
const BLOCK: usize = 256;
/// Rows whose true neighbours are compared with those that are found.
const TESTED: usize = 256;
/// Rows looked at exactly, for each that is wanted.
const SECOND_LOOK: usize = 6;
/// Second looks at least.
const LEAST_LOOK: usize = 64;
/// Largest number of a query; the sum over 4,096 numbers then fits in 32 bits.
const QUERY_RANGE: f32 = 2_047.0;

/// How to build an index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IvfOptions {
    /// Share of the true neighbours that must be found.
    pub recall: f32,
    /// Among so many nearest.
    pub k: usize,
    /// Same seed, same index.
    pub seed: u64,
}

impl Default for IvfOptions {
    fn default() -> Self {
        Self { recall: 0.99, k: 10, seed: 42 }
    }
}

/// An index over the rows of a matrix, which it does not hold.
pub struct Ivf {
    dims: usize,
    /// Centres of length 1.
    centres: Vec<f32>,
    /// Where the rows of each centre begin; one more than there are centres.
    starts: Vec<usize>,
    rows: Vec<u32>,
    /// The vectors as bytes, in the order of `rows`.
    bytes: Vec<i8>,
    /// What a byte of each row is worth.
    scales: Vec<f32>,
    probes: usize,
    recall: f32,
}

impl Ivf {
    /// Gathers vectors of length 1 around centres, and measures how many centres a search has to look at.
    ///
    /// # Errors
    /// [`Error::Invalid`] for too few vectors; [`Error::Stopped`].
    pub fn build(matrix: Matrix<'_>, options: &IvfOptions, watch: Watch<'_>) -> Result<Self, Error> {
        let (count, dims) = (matrix.count(), matrix.dims());
        if count < 2 * ROWS_OF_A_CENTRE || dims > 4_096 {
            let why = format!("{count} vectors of {dims} need no index, or cannot have one");
            return Err(Error::invalid("index", why));
        }
        let centres = learn_centres(matrix, count / ROWS_OF_A_CENTRE, options.seed, watch)?;
        let labels = labels_of(matrix, &centres, &|done| crate::error::report(watch, count / 4 + done / 2, count))?;
        let mut index = Self::gathered(matrix, centres, &labels);
        index.measure(matrix, options, watch)?;
        Ok(index)
    }

    fn gathered(matrix: Matrix<'_>, centres: Vec<f32>, labels: &[u32]) -> Self {
        let dims = matrix.dims();
        let mut starts = vec![0; centres.len() / dims + 1];
        labels.iter().for_each(|label| starts[*label as usize + 1] += 1);
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let (mut next, mut rows) = (starts.clone(), vec![0; labels.len()]);
        for (row, label) in labels.iter().enumerate() {
            rows[next[*label as usize]] = row as u32;
            next[*label as usize] += 1;
        }
        let mut bytes = vec![0; labels.len() * dims];
        let mut scales = vec![0.0; labels.len()];
        let places = bytes.par_chunks_mut(dims).zip(scales.par_iter_mut()).zip(rows.par_iter());
        places.for_each(|((to, scale), row)| *scale = to_bytes(matrix.row(*row as usize), to));
        Self { dims, centres, starts, rows, bytes, scales, probes: 1, recall: 0.0 }
    }

    /// Takes as many centres as the wanted recall needs, on rows whose true neighbours are looked up.
    fn measure(&mut self, matrix: Matrix<'_>, options: &IvfOptions, watch: Watch<'_>) -> Result<(), Error> {
        let mut chance = Chance::part(options.seed, 2);
        let tested: Vec<usize> = (0..TESTED).map(|_| chance.below(matrix.count())).collect();
        let queries = matrix.gather(&tested);
        let exact = Gallery::unit(matrix);
        let heard = |done: usize, total: usize| watch(3 * total / 4 + done / 4, total);
        // Each row finds itself in any case: that proves nothing, so one more is asked and it is left out.
        let true_ones = exact.top_k_many(Matrix::known(&queries, self.dims)?, options.k + 1, &heard)?;
        let all = self.starts.len() - 1;
        let mut probes = 4.min(all);
        loop {
            self.probes = probes;
            self.recall = self.recall_of(matrix, &tested, &true_ones, options.k)?;
            if self.recall >= options.recall || probes == all {
                return Ok(());
            }
            probes = (probes + probes.div_ceil(4)).min(all);
        }
    }

    fn recall_of(&self, m: Matrix<'_>, tested: &[usize], wanted: &[Vec<Neighbour>], k: usize) -> Result<f32, Error> {
        let (mut found, mut all) = (0, 0);
        for (row, wanted) in tested.iter().zip(wanted) {
            let near = self.top_k(m, m.row(*row), k + 1)?;
            let others = wanted.iter().filter(|n| n.row != *row).take(k);
            // Equals may come in any order: what counts is how alike a row is.
            let worst = near.last().map_or(f32::INFINITY, |n| n.score);
            for neighbour in others {
                all += 1;
                let has = near.iter().any(|n| n.row == neighbour.row);
                found += usize::from(has || neighbour.score <= worst);
            }
        }
        Ok(found as f32 / (all as f32).max(1.0))
    }

    /// The share of true neighbours that were found when the index was measured.
    pub fn recall(&self) -> f32 {
        self.recall
    }

    /// Centres that a search looks at, and centres in all.
    pub fn probes(&self) -> (usize, usize) {
        (self.probes, self.starts.len() - 1)
    }

    /// Bytes it takes beside the vectors.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + 4 * (self.centres.len() + self.rows.len() + self.scales.len()) + 8 * self.starts.len()
    }

    /// The `k` rows most like a vector of `matrix`'s kind, best first, with exact cosines; `matrix` is the one it was
    /// built of.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the vectors are of another length or number.
    pub fn top_k(&self, matrix: Matrix<'_>, query: &[f32], k: usize) -> Result<Vec<Neighbour>, Error> {
        if query.len() != self.dims || matrix.dims() != self.dims || matrix.count() != self.rows.len() {
            return Err(Error::invalid("query", "it is not of the vectors that were indexed"));
        }
        let length = dot(query, query).sqrt();
        let unit: Vec<f32> = query.iter().map(|value| value / length.max(f32::MIN_POSITIVE)).collect();
        let looked = (SECOND_LOOK * k).max(LEAST_LOOK);
        let numbers = to_numbers(&unit);
        let near = self.nearest_centres(&unit);
        let scanned = near.par_iter().map(|centre| self.scan(*centre, &numbers, looked));
        let rough = scanned.reduce(|| Best::new(looked), Best::merged).sorted();
        let mut best = Best::new(k);
        rough.iter().for_each(|n| best.offer(n.row, dot(matrix.row(n.row), &unit)));
        Ok(best.sorted())
    }

    fn nearest_centres(&self, query: &[f32]) -> Vec<usize> {
        let mut scores = vec![0.0; self.starts.len() - 1];
        dots(&self.centres, query, &mut scores);
        let mut best = Best::new(self.probes);
        scores.iter().enumerate().for_each(|(centre, score)| best.offer(centre, *score));
        best.sorted().into_iter().map(|n| n.row).collect()
    }

    fn scan(&self, centre: usize, query: &[i16], looked: usize) -> Best {
        let mut best = Best::new(looked);
        let range = self.starts[centre]..self.starts[centre + 1];
        let bytes = self.bytes[range.start * self.dims..range.end * self.dims].chunks_exact(self.dims);
        for ((bytes, scale), row) in bytes.zip(&self.scales[range.clone()]).zip(&self.rows[range]) {
            best.offer(*row as usize, dot_bytes(bytes, query) as f32 * scale);
        }
        best
    }
}

/// Writes a vector in steps of a 127th of its largest number; gives what a step is worth.
fn to_bytes(vector: &[f32], to: &mut [i8]) -> f32 {
    let largest = vector.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let step = largest.max(f32::MIN_POSITIVE) / 127.0;
    to.iter_mut().zip(vector).for_each(|(to, value)| *to = (value / step).round() as i8);
    step
}

fn to_numbers(query: &[f32]) -> Vec<i16> {
    let largest = query.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
    query.iter().map(|value| (value / largest * QUERY_RANGE).round() as i16).collect()
}

/// Centres of some of the rows: begun at random rows, moved to the mean of their own, by direction alone.
fn learn_centres(matrix: Matrix<'_>, centres: usize, seed: u64, watch: Watch<'_>) -> Result<Vec<f32>, Error> {
    let (count, dims) = (matrix.count(), matrix.dims());
    let mut chance = Chance::part(seed, 1);
    let mut drawn: Vec<usize> = (0..(centres * LEARNT_FROM).min(count)).map(|_| chance.below(count)).collect();
    drawn.sort_unstable();
    drawn.dedup();
    chance.shuffle(&mut drawn);
    let sample = matrix.gather(&drawn);
    let sample = Matrix::known(&sample, dims)?;
    let mut found = sample.slice(0..centres.min(sample.count())).to_vec();
    for step in 0..STEPS {
        crate::error::report(watch, count * step / STEPS / 4, count)?;
        let labels = labels_of(sample, &found, &|_| Ok(()))?;
        found = directions(sample, &labels, &found);
    }
    Ok(found)
}

/// The centre in whose direction each row lies most.
fn labels_of(
    matrix: Matrix<'_>,
    centres: &[f32],
    heard: &(dyn Fn(usize) -> Result<(), Error> + Sync),
) -> Result<Vec<u32>, Error> {
    let dims = matrix.dims();
    let packed = Packed::from_columns(centres, dims);
    let count = centres.len() / dims;
    let mut labels = vec![0; matrix.count()];
    for part in ranges(matrix.count(), 64 * BLOCK) {
        heard(part.start)?;
        let blocks = matrix.slice(part.clone()).par_chunks(BLOCK * dims).zip(labels[part].par_chunks_mut(BLOCK));
        blocks.for_each(|(data, labels)| {
            let mut products = vec![0.0; labels.len() * count];
            multiply(data, &packed, &mut products);
            for (products, label) in products.chunks_exact(count).zip(labels) {
                *label = highest(products) as u32;
            }
        });
    }
    Ok(labels)
}

fn highest(scores: &[f32]) -> usize {
    let mut best = 0;
    for (at, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = at;
        }
    }
    best
}

/// The mean direction of each centre's rows; one without rows stays where it is.
fn directions(matrix: Matrix<'_>, labels: &[u32], before: &[f32]) -> Vec<f32> {
    let dims = matrix.dims();
    let mut sums = vec![0.0f32; before.len()];
    for (row, label) in labels.iter().enumerate() {
        let sum = &mut sums[*label as usize * dims..][..dims];
        sum.iter_mut().zip(matrix.row(row)).for_each(|(sum, value)| *sum += value);
    }
    for (sum, before) in sums.chunks_exact_mut(dims).zip(before.chunks_exact(dims)) {
        let length = dot(sum, sum).sqrt();
        if length > 0.0 {
            sum.iter_mut().for_each(|value| *value /= length);
        } else {
            sum.copy_from_slice(before);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::normalise;

    /// Clouds as encoders make them: many directions, each with its own spread.
    fn clouds(rows: usize, dims: usize, kinds: usize, seed: u64) -> Vec<f32> {
        let mut chance = Chance::new(seed);
        let centres: Vec<f32> = (0..kinds * dims).map(|_| chance.normal() as f32).collect();
        let mut data = Vec::with_capacity(rows * dims);
        for _ in 0..rows {
            let kind = chance.below(kinds);
            data.extend(centres[kind * dims..][..dims].iter().map(|c| c + 0.7 * chance.normal() as f32));
        }
        normalise(&mut data, dims);
        data
    }

    #[test]
    fn the_wanted_share_of_neighbours_is_found_and_scores_are_exact() {
        let data = clouds(6_000, 48, 60, 1);
        let matrix = Matrix::new(&data, 48).unwrap();
        let options = IvfOptions { recall: 0.95, ..IvfOptions::default() };
        let index = Ivf::build(matrix, &options, &|_, _| true).unwrap();
        assert!(index.recall() >= 0.95, "{}", index.recall());
        let exact = Gallery::new(matrix).top_k(&data[..48], 5).unwrap();
        let found = index.top_k(matrix, &data[..48], 5).unwrap();
        assert_eq!(found[0].row, 0);
        assert!(found.iter().all(|n| (dot(matrix.row(n.row), &data[..48]) - n.score).abs() < 1e-5));
        assert!((found[0].score - exact[0].score).abs() < 1e-5);
        assert!(index.bytes() < data.len() * 4);
    }

    #[test]
    fn the_same_seed_gives_the_same_index_and_a_watcher_stops_it() {
        let data = clouds(4_000, 16, 20, 2);
        let matrix = Matrix::new(&data, 16).unwrap();
        let [one, two] = [(); 2].map(|()| Ivf::build(matrix, &IvfOptions::default(), &|_, _| true).unwrap());
        assert!(one.rows == two.rows && one.bytes == two.bytes && one.probes == two.probes);
        assert!(matches!(Ivf::build(matrix, &IvfOptions::default(), &|_, _| false), Err(Error::Stopped)));
        let few = Matrix::new(&data[..1_600], 16).unwrap();
        assert!(Ivf::build(few, &IvfOptions::default(), &|_, _| true).is_err());
    }

    #[test]
    fn bytes_keep_the_order_of_unlike_vectors() {
        let data = clouds(3, 512, 3, 3);
        let rough: Vec<f32> = data
            .chunks_exact(512)
            .map(|row| {
                let mut bytes = vec![0; 512];
                let step = to_bytes(row, &mut bytes);
                dot_bytes(&bytes, &to_numbers(&data[..512])) as f32 * step
            })
            .collect();
        assert!(rough[0] > rough[1] && rough[0] > rough[2]);
    }
}
