//! A map of vectors that keeps neighbours together: UMAP (McInnes, Healy and Melville, 2018), the same for a seed
//! whatever the number of threads.
//!
//! Each vector's neighbours become a weighted graph (`fuzzy.rs`), which springs then pull into the plane while random
//! others push (`layout.rs`), beginning from the two principal components. Above [`UmapOptions::most`] rows a sample
//! is laid out, and every other row is put among its neighbours of the sample.
//!
//! umap-rs 0.4 does the same, but draws from the thread's own generator: no run of it can be repeated.

mod fuzzy;
mod islands;
mod layout;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Pca;
use crate::chance::hash;
use crate::near::{Gallery, Neighbour};
use crate::{Error, Matrix, Rows, Watch};

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UmapOptions {
    /// Neighbours of a row that belong to its surroundings; more show larger structures.
    pub neighbours: usize,
    /// Rounds of pulling and pushing; 500 up to 10,000 rows and 200 above when not said.
    pub epochs: Option<usize>,
    /// Others that push for each neighbour that pulls.
    pub negatives: usize,
    /// Rows that are laid out by springs; of more, a sample is.
    pub most: usize,
    /// The same seed gives the same map.
    pub seed: u64,
}

impl Default for UmapOptions {
    fn default() -> Self {
        Self { neighbours: 15, epochs: None, negatives: 5, most: 50_000, seed: 0 }
    }
}

/// Neighbours of the sample between which a row of the rest is put.
const ANCHORS: usize = 8;
/// Parts of the work as the watcher sees it: finding neighbours, laying out, placing the rest.
const PART: usize = 1_000;

/// Two coordinates for each row.
pub fn umap(vectors: Matrix<'_>, options: &UmapOptions, watch: Watch<'_>) -> Result<Vec<[f32; 2]>, Error> {
    let rows = vectors.count();
    if options.neighbours < 2 || options.most < 100 {
        let why = format!("{} neighbours and {} rows; 2 and 100 at least", options.neighbours, options.most);
        return Err(Error::invalid("map", why));
    }
    if rows <= options.most {
        return fitted(vectors, options, &|done, total| watch(done * 2 / 3, total));
    }
    let sample = sample(rows, options.most, options.seed);
    let data = vectors.gather(&sample);
    let chosen = Matrix::new(&data, vectors.dims())?;
    let places = fitted(chosen, options, &|done, total| watch(done * 2 / 3, total))?;
    placed(vectors, chosen, &sample, &places, watch)
}

/// Rows in the order of a hash: the same for a seed, whatever else there is.
fn sample(rows: usize, wanted: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<(u64, usize)> = (0..rows).map(|row| (hash(seed, row as u64), row)).collect();
    order.par_sort_unstable();
    let mut chosen: Vec<usize> = order[..wanted].iter().map(|(_, row)| *row).collect();
    chosen.sort_unstable();
    chosen
}

fn fitted(vectors: Matrix<'_>, options: &UmapOptions, watch: Watch<'_>) -> Result<Vec<[f32; 2]>, Error> {
    let rows = vectors.count();
    if rows < 4 || vectors.dims() < 2 {
        return Ok((0..rows).map(|row| [row as f32, 0.0]).collect());
    }
    let part = |number: usize, done: usize, total: usize| watch(number * PART + done * PART / total.max(1), 3 * PART);
    let near = Gallery::new(vectors).neighbours(options.neighbours.min(rows - 1), &|d, t| part(0, d, t))?;
    let graph = fuzzy::graph(&near);
    let start = start(vectors, options.seed)?;
    Ok(islands::together(layout::settled(&graph, start, options, &|d, t| part(1, d, t))?))
}

/// The two principal components, ten across, as the reference begins; a whiff of chance parts equal rows.
fn start(vectors: Matrix<'_>, seed: u64) -> Result<Vec<[f32; 2]>, Error> {
    let flat = Pca::fit(&vectors, 2, seed, &|_, _| true)?.transform(&vectors)?;
    let mut ends = [[f32::INFINITY, f32::NEG_INFINITY]; 2];
    for (at, value) in flat.iter().enumerate() {
        let [low, high] = &mut ends[at % 2];
        (*low, *high) = (low.min(*value), high.max(*value));
    }
    let scaled = |at: usize, axis: usize| {
        let [low, high] = ends[axis];
        let chance = (hash(seed, (2 * at + axis) as u64) >> 40) as f32 / (1u64 << 24) as f32;
        10.0 * (flat[2 * at + axis] - low) / (high - low).max(f32::MIN_POSITIVE) + 1e-3 * chance
    };
    Ok((0..vectors.count()).map(|at| [scaled(at, 0), scaled(at, 1)]).collect())
}

/// Every row of the sample at its place, every other between its neighbours of the sample.
fn placed(
    vectors: Matrix<'_>,
    chosen: Matrix<'_>,
    sample: &[usize],
    places: &[[f32; 2]],
    watch: Watch<'_>,
) -> Result<Vec<[f32; 2]>, Error> {
    let gallery = Gallery::new(chosen);
    let steps = &|done: usize, total: usize| watch(2 * PART + done * PART / total.max(1), 3 * PART);
    let near = gallery.top_k_many(vectors, ANCHORS, steps)?;
    let mut all: Vec<[f32; 2]> = near.par_iter().map(|near| between(near, places)).collect();
    sample.iter().zip(places).for_each(|(row, place)| all[*row] = *place);
    Ok(all)
}

/// The middle of some places, the nearest weighing most.
fn between(near: &[Neighbour], places: &[[f32; 2]]) -> [f32; 2] {
    let weights = fuzzy::weights(near);
    let total: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let mean =
        |axis: usize| near.iter().zip(&weights).map(|(n, weight)| weight * places[n.row][axis]).sum::<f32>() / total;
    [mean(0), mean(1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    /// Five clouds in 16 dimensions, row after row in turn.
    fn clouds(rows: usize) -> Vec<f32> {
        let mut chance = Chance::new(4);
        let centres: Vec<f64> = (0..5 * 16).map(|_| 4.0 * chance.normal()).collect();
        (0..rows * 16).map(|at| (centres[(at / 16 % 5) * 16 + at % 16] + chance.normal()) as f32).collect()
    }

    /// The share of a place's ten nearest places that are of the same cloud.
    fn together(places: &[[f32; 2]]) -> f64 {
        let near = |at: usize| {
            let distance =
                |other: usize| (places[at][0] - places[other][0]).powi(2) + (places[at][1] - places[other][1]).powi(2);
            let mut others: Vec<usize> = (0..places.len()).filter(|other| *other != at).collect();
            others.sort_by(|a, b| distance(*a).total_cmp(&distance(*b)));
            others[..10].iter().filter(|other| *other % 5 == at % 5).count()
        };
        (0..places.len()).map(near).sum::<usize>() as f64 / (10 * places.len()) as f64
    }

    #[test]
    fn clouds_stay_together_and_apart() {
        let data = clouds(400);
        let places = umap(Matrix::new(&data, 16).unwrap(), &UmapOptions::default(), &|_, _| true).unwrap();
        assert!(together(&places) > 0.99, "{}", together(&places));
        assert!(places.iter().flatten().all(|value| value.is_finite()));
    }

    #[test]
    fn a_seed_gives_one_map_on_any_number_of_threads() {
        let data = clouds(300);
        let vectors = Matrix::new(&data, 16).unwrap();
        let options = UmapOptions { most: 200, ..UmapOptions::default() };
        let on = |threads: usize, options: UmapOptions| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| umap(vectors, &options, &|_, _| true).unwrap())
        };
        assert_eq!(on(1, options), on(4, options));
        assert_ne!(on(1, options), on(1, UmapOptions { seed: 1, ..options }));
    }

    #[test]
    fn the_rest_lies_among_the_sample() {
        let data = clouds(600);
        let options = UmapOptions { most: 300, ..UmapOptions::default() };
        let places = umap(Matrix::new(&data, 16).unwrap(), &options, &|_, _| true).unwrap();
        assert_eq!(places.len(), 600);
        assert!(together(&places) > 0.97, "{}", together(&places));
    }

    #[test]
    fn few_rows_and_equal_rows_have_places_too() {
        for rows in [0, 1, 3, 4, 20] {
            let data = vec![1.0; rows * 8];
            let places = umap(Matrix::new(&data, 8).unwrap(), &UmapOptions::default(), &|_, _| true).unwrap();
            assert_eq!(places.len(), rows);
            assert!(places.iter().flatten().all(|value| value.is_finite()), "{rows}");
        }
        assert!(
            umap(
                Matrix::new(&[1.0, 2.0], 2).unwrap(),
                &UmapOptions { neighbours: 1, ..UmapOptions::default() },
                &|_, _| true
            )
            .is_err()
        );
    }

    #[test]
    fn a_watcher_stops_it() {
        let data = clouds(300);
        let stopped = umap(Matrix::new(&data, 16).unwrap(), &UmapOptions::default(), &|done, _| done == 0);
        assert!(matches!(stopped, Err(Error::Stopped)));
    }
}
