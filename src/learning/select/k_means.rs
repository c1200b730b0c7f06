//! k-means: Lloyd's steps from good beginnings (k-means++), by small batches above a hundred thousand rows.

use std::ops::Range;

use rayon::prelude::*;

use super::Pool;
use super::exchange::exchange;
use crate::chance::Chance;
use crate::error::report;
use crate::kernel::{Packed, dot, multiply, squared_distance};
use crate::rows::{checked, each_chunk, ranges};
use crate::{Error, Rows, Watch};

/// Rows that one thread compares at a time.
const BLOCK: usize = 256;
/// Shares of the rows whose sums are added in order.
const SHARDS: usize = 16;
/// Neighbouring rows that are read together for a small batch or a sample.
const RUN: usize = 64;
/// Rows of a small batch.
const BATCH: usize = 4_096;
/// Small batches at most.
const BATCHES: usize = 200;

/// How to cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansOptions {
    /// How many centres.
    pub centres: usize,
    /// How many beginnings are tried; the best end counts.
    pub tries: usize,
    /// Steps at most.
    pub iterations: usize,
    /// Above so many rows, small batches.
    pub whole_up_to: usize,
    /// Same seed, same centres.
    pub seed: u64,
}

impl Default for KMeansOptions {
    fn default() -> Self {
        Self { centres: 8, tries: 3, iterations: 300, whole_up_to: 100_000, seed: 42 }
    }
}

/// Centres, and to which each row belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeans {
    /// Numbers of a vector.
    pub dims: usize,
    /// Centre after centre.
    pub centres: Vec<f32>,
    /// The nearest centre of each row.
    pub labels: Vec<u32>,
    /// The squared distance of each row to it.
    pub distances: Vec<f32>,
    /// Their sum.
    pub inertia: f64,
}

impl KMeans {
    /// The nearest centre of another vector.
    pub fn assign(&self, vector: &[f32]) -> usize {
        let distances = self.centres.chunks_exact(self.dims).map(|centre| squared_distance(centre, vector));
        distances.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(centre, _)| centre)
    }
}

/// Clusters rows.
pub fn k_means(rows: &dyn Rows, options: &KMeansOptions, watch: Watch<'_>) -> Result<KMeans, Error> {
    let (count, dims) = (rows.count(), rows.dims());
    if options.centres == 0 || options.centres > count {
        let why = format!("{} centres cannot be found among {count} vectors", options.centres);
        return Err(Error::invalid("k-means", why));
    }
    let mut buffer = Vec::new();
    if count <= options.whole_up_to {
        let data = checked(rows, 0..count, &mut buffer)?;
        return best_of_tries(data, dims, options, watch);
    }
    let mut chance = Chance::new(options.seed);
    let wanted = (16 * options.centres).max(5 * BATCH).min(count);
    let sample = sample(rows, wanted, &mut chance)?;
    let begun = best_of_tries(&sample, dims, &KMeansOptions { tries: 1, ..options.clone() }, watch)?;
    let centres = by_small_batches(rows, begun.centres, &mut chance, watch)?;
    assigned_by_chunks(rows, centres)
}

fn best_of_tries(data: &[f32], dims: usize, options: &KMeansOptions, watch: Watch<'_>) -> Result<KMeans, Error> {
    let mut best: Option<KMeans> = None;
    for number in 0..options.tries.max(1) {
        let mut chance = Chance::part(options.seed, number as u64);
        let centres = plus_plus(data, dims, options.centres, &mut chance);
        let heard = |done| report(watch, number * options.iterations + done, options.tries.max(1) * options.iterations);
        let mut found = lloyd(data, dims, centres, options.iterations, &heard)?;
        if exchange(data, dims, &mut found.centres, &mut found.labels) {
            found = lloyd(data, dims, found.centres, options.iterations, &heard)?;
        }
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    best.ok_or(Error::Stopped)
}

/// Beginnings far from each other: each drawn by squared distance, the best of a few draws (Arthur and Vassilvitskii).
fn plus_plus(data: &[f32], dims: usize, count: usize, chance: &mut Chance) -> Vec<f32> {
    let rows = data.len() / dims;
    let row = |at: usize| &data[at * dims..][..dims];
    let trials = 2 + (count as f64).ln() as usize;
    let mut centres = row(chance.below(rows)).to_vec();
    let mut distances = distances_to(data, dims, &centres, &vec![f64::INFINITY; rows]);
    while centres.len() < count * dims {
        let trial = |chance: &mut Chance| {
            let drawn = chance.weighted(&distances);
            let shrunk = distances_to(data, dims, row(drawn), &distances);
            (shrunk.iter().sum::<f64>(), drawn, shrunk)
        };
        let draws: Vec<_> = (0..trials).map(|_| trial(chance)).collect();
        let Some(best) = draws.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        centres.extend_from_slice(row(best.1));
        distances = best.2;
    }
    centres
}

fn distances_to(data: &[f32], dims: usize, centre: &[f32], before: &[f64]) -> Vec<f64> {
    let rows = data.par_chunks(dims).with_min_len(BLOCK).zip(before);
    rows.map(|(row, before)| before.min(f64::from(squared_distance(row, centre)))).collect()
}

fn lloyd(
    data: &[f32],
    dims: usize,
    mut centres: Vec<f32>,
    iterations: usize,
    watch: &dyn Fn(usize) -> Result<(), Error>,
) -> Result<KMeans, Error> {
    let mut last: Vec<u32> = Vec::new();
    for step in 0..iterations {
        watch(step)?;
        let (labels, distances) = assigned(data, dims, &centres);
        if labels == last {
            break;
        }
        centres = means(data, dims, &labels, &distances, &centres);
        last = labels;
    }
    let (labels, distances) = assigned(data, dims, &centres);
    let inertia = distances.iter().map(|distance| f64::from(*distance)).sum();
    Ok(KMeans { dims, centres, labels, distances, inertia })
}

/// The nearest centre of each row, and the squared distance to it.
fn assigned(data: &[f32], dims: usize, centres: &[f32]) -> (Vec<u32>, Vec<f32>) {
    let lengths: Vec<f32> = centres.chunks_exact(dims).map(|centre| dot(centre, centre)).collect();
    let packed = Packed::from_columns(centres, dims);
    let rows = data.len() / dims;
    let (mut labels, mut distances) = (vec![0; rows], vec![0.0; rows]);
    let blocks = data.par_chunks(BLOCK * dims).zip(labels.par_chunks_mut(BLOCK)).zip(distances.par_chunks_mut(BLOCK));
    blocks.for_each(|((data, labels), distances)| {
        let mut products = vec![0.0; labels.len() * lengths.len()];
        multiply(data, &packed, &mut products);
        let products = products.chunks_exact(lengths.len());
        for ((row, products), (label, distance)) in
            data.chunks_exact(dims).zip(products).zip(labels.iter_mut().zip(distances))
        {
            let nearest = nearest(products, &lengths);
            *label = nearest as u32;
            *distance = squared_distance(row, &centres[nearest * dims..][..dims]);
        }
    });
    (labels, distances)
}

fn nearest(products: &[f32], lengths: &[f32]) -> usize {
    let (mut best, mut least) = (0, f32::INFINITY);
    for (centre, (product, length)) in products.iter().zip(lengths).enumerate() {
        let distance = length - 2.0 * product;
        if distance < least {
            (best, least) = (centre, distance);
        }
    }
    best
}

/// The means of the clusters; an empty one moves to the row that lies worst.
fn means(data: &[f32], dims: usize, labels: &[u32], distances: &[f32], before: &[f32]) -> Vec<f32> {
    let count = before.len() / dims;
    let shards: Vec<Range<usize>> = ranges(labels.len(), labels.len().div_ceil(SHARDS)).collect();
    let sums = shards.into_par_iter().map(|shard| {
        let (mut sums, mut sizes) = (vec![0.0f64; count * dims], vec![0usize; count]);
        for row in shard {
            let label = labels[row] as usize;
            sizes[label] += 1;
            let values = &data[row * dims..][..dims];
            sums[label * dims..][..dims].iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        (sums, sizes)
    });
    let (mut total, mut sizes) = (vec![0.0; count * dims], vec![0; count]);
    for (part, rows) in sums.collect::<Vec<_>>() {
        total.iter_mut().zip(part).for_each(|(to, value)| *to += value);
        sizes.iter_mut().zip(rows).for_each(|(to, value)| *to += value);
    }
    let empty = sizes.iter().filter(|size| **size == 0).count();
    let mut worst = super::highest(distances, &vec![false; labels.len()], empty).into_iter();
    let mut centre = |at: usize| -> Vec<f32> {
        if sizes[at] > 0 {
            return total[at * dims..][..dims].iter().map(|sum| (sum / sizes[at] as f64) as f32).collect();
        }
        worst.next().map_or(&before[at * dims..][..dims], |row| &data[row * dims..][..dims]).to_vec()
    };
    (0..count).flat_map(&mut centre).collect()
}

/// Runs of neighbouring rows from everywhere.
fn sample(rows: &dyn Rows, wanted: usize, chance: &mut Chance) -> Result<Vec<f32>, Error> {
    let (mut data, mut buffer) = (Vec::with_capacity(wanted * rows.dims()), Vec::new());
    while data.len() < wanted * rows.dims() {
        let from = chance.below(rows.count().saturating_sub(RUN) + 1);
        data.extend_from_slice(checked(rows, from..(from + RUN).min(rows.count()), &mut buffer)?);
    }
    Ok(data)
}

/// Centres drift towards the rows of random batches, less and less (Sculley, 2010).
fn by_small_batches(
    rows: &dyn Rows,
    mut centres: Vec<f32>,
    chance: &mut Chance,
    watch: Watch<'_>,
) -> Result<Vec<f32>, Error> {
    let dims = rows.dims();
    let mut seen = vec![0.0f32; centres.len() / dims];
    let steps = (2 * rows.count() / BATCH).clamp(20, BATCHES);
    for step in 0..steps {
        report(watch, step, steps)?;
        let batch = sample(rows, BATCH, chance)?;
        let (labels, _) = assigned(&batch, dims, &centres);
        for (row, label) in batch.chunks_exact(dims).zip(labels) {
            let label = label as usize;
            seen[label] += 1.0;
            let centre = &mut centres[label * dims..][..dims];
            centre.iter_mut().zip(row).for_each(|(to, value)| *to += (value - *to) / seen[label]);
        }
    }
    Ok(centres)
}

fn assigned_by_chunks(rows: &dyn Rows, centres: Vec<f32>) -> Result<KMeans, Error> {
    let (mut labels, mut distances) = (Vec::with_capacity(rows.count()), Vec::with_capacity(rows.count()));
    each_chunk(rows, |_, data| {
        let (some, far) = assigned(data, rows.dims(), &centres);
        labels.extend(some);
        distances.extend(far);
        Ok(())
    })?;
    let inertia = distances.iter().map(|distance| f64::from(*distance)).sum();
    Ok(KMeans { dims: rows.dims(), centres, labels, distances, inertia })
}

/// Picks the free row nearest to each centre of as many clusters of all rows, the largest cluster's first.
pub fn k_means_picks(
    pool: &Pool<'_>,
    count: usize,
    options: &KMeansOptions,
    watch: Watch<'_>,
) -> Result<Vec<usize>, Error> {
    let wanted = count.min(pool.free());
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let found = k_means(pool.rows, &KMeansOptions { centres: wanted, ..options.clone() }, watch)?;
    let mut sizes = vec![0usize; wanted];
    found.labels.iter().for_each(|label| sizes[*label as usize] += 1);
    let mut order: Vec<usize> = (0..wanted).collect();
    order.sort_by_key(|centre| (std::cmp::Reverse(sizes[*centre]), *centre));
    let mut taken = pool.taken.to_vec();
    let mut picks = Vec::with_capacity(wanted);
    for centre in order {
        let centre = &found.centres[centre * found.dims..][..found.dims];
        if let Some(pick) = nearest_free(pool.rows, centre, &taken)? {
            taken[pick] = true;
            picks.push(pick);
        }
    }
    Ok(picks)
}

fn nearest_free(rows: &dyn Rows, centre: &[f32], taken: &[bool]) -> Result<Option<usize>, Error> {
    let mut best: Option<(f32, usize)> = None;
    each_chunk(rows, |range, data| {
        let free = data.par_chunks(centre.len()).with_min_len(BLOCK).zip(range).filter(|(_, row)| !taken[*row]);
        let near = free.map(|(vector, row)| (squared_distance(vector, centre), row));
        let nearest = near.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        best = [best, nearest].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ok(())
    })?;
    Ok(best.map(|(_, row)| row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    fn clouds(rows: usize) -> Vec<f32> {
        let mut chance = Chance::new(5);
        (0..rows).flat_map(|row| [(row % 4) as f32 * 10.0 + chance.normal() as f32, chance.normal() as f32]).collect()
    }

    #[test]
    fn clouds_are_told_apart_whole_and_by_small_batches() {
        let data = clouds(8_000);
        let matrix = Matrix::new(&data, 2).unwrap();
        let whole = KMeansOptions { centres: 4, ..KMeansOptions::default() };
        let small = KMeansOptions { whole_up_to: 1_000, ..whole };
        let [whole, small] = [whole, small].map(|options| k_means(&matrix, &options, &|_, _| true).unwrap());
        assert!(small.inertia < 1.01 * whole.inertia, "{} {}", small.inertia, whole.inertia);
        for found in [whole, small] {
            assert!((0..8_000).all(|row| found.labels[row] == found.labels[row % 4]));
            assert_eq!(found.assign(&[0.0, 0.0]), found.labels[0] as usize);
        }
    }

    #[test]
    fn picks_take_one_of_each_cloud() {
        let data = clouds(400);
        let matrix = Matrix::new(&data, 2).unwrap();
        let mut taken = vec![false; 400];
        taken[..40].fill(true);
        let pool = Pool::new(&matrix, &taken).unwrap();
        let picks = k_means_picks(&pool, 4, &KMeansOptions::default(), &|_, _| true).unwrap();
        let mut kinds: Vec<usize> = picks.iter().map(|row| row % 4).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [0, 1, 2, 3]);
        assert!(k_means(&matrix, &KMeansOptions { centres: 401, ..KMeansOptions::default() }, &|_, _| true).is_err());
    }
}
