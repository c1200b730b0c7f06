//! Doubt together with something else: how ordinary a row is and how unlike the other picks, or how rare its class.

use rayon::prelude::*;

use super::k_centre::{farthest, mean};
use super::{Pool, highest};
use crate::kernel::{dot, squared_distance};
use crate::rows::{each_chunk, gather};
use crate::{Error, Watch};

/// How doubt, density and spread weigh against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DensityOptions {
    /// Power of the density; 0 leaves it out.
    pub beta: f32,
    /// Picks are spread among so many times as many candidates.
    pub candidates: usize,
}

impl Default for DensityOptions {
    fn default() -> Self {
        Self { beta: 1.0, candidates: 10 }
    }
}

/// Picks doubtful rows that stand for many others (Settles and Craven, 2008), and spreads them.
///
/// A row's density is its mean cosine with all rows. Among the candidates of the highest doubt × density^β, each pick
/// is the one of the highest product of that and the distance to the picks so far.
pub fn density_picks(
    pool: &Pool<'_>,
    scores: &[f32],
    count: usize,
    options: &DensityOptions,
    watch: Watch<'_>,
) -> Result<Vec<usize>, Error> {
    if scores.len() != pool.taken.len() {
        return Err(Error::invalid("scores", format!("{} scores, {} rows", scores.len(), pool.taken.len())));
    }
    let densities = densities(pool)?;
    let value = |(score, density): (&f32, &f32)| score * density.powf(options.beta);
    let values: Vec<f32> = scores.iter().zip(&densities).map(value).collect();
    let candidates = highest(&values, pool.taken, count.saturating_mul(options.candidates.max(1)));
    spread(pool, &candidates, &values, count, watch)
}

/// The mean cosine of each row with all, from 0 (opposite) to 1 (the same).
fn densities(pool: &Pool<'_>) -> Result<Vec<f32>, Error> {
    let middle = mean(pool.rows)?;
    let mut densities = Vec::with_capacity(pool.taken.len());
    each_chunk(pool.rows, |_, data| {
        let cosine =
            |row: &[f32]| dot(row, &middle) / (dot(row, row) * dot(&middle, &middle)).sqrt().max(f32::MIN_POSITIVE);
        let rows = data.par_chunks(middle.len()).with_min_len(256);
        densities.par_extend(rows.map(|row| (0.5 + 0.5 * cosine(row)).clamp(0.0, 1.0)));
        Ok(())
    })?;
    Ok(densities)
}

fn spread(
    pool: &Pool<'_>,
    candidates: &[usize],
    values: &[f32],
    count: usize,
    watch: Watch<'_>,
) -> Result<Vec<usize>, Error> {
    let vectors = gather(pool.rows, candidates)?;
    let dims = pool.rows.dims();
    let wanted = count.min(candidates.len());
    let (mut picks, mut left) = (Vec::with_capacity(wanted), vec![f32::INFINITY; candidates.len()]);
    let mut next = 0;
    while picks.len() < wanted {
        crate::error::report(watch, picks.len(), wanted)?;
        picks.push(candidates[next]);
        left[next] = -1.0;
        let centre = &vectors[next * dims..][..dims];
        left.par_iter_mut().zip(vectors.par_chunks(dims)).for_each(|(left, row)| {
            if *left >= 0.0 {
                *left = left.min(squared_distance(row, centre));
            }
        });
        let worth = |(left, row): (&f32, &usize)| if *left < 0.0 { -1.0 } else { left.sqrt() * values[*row].max(0.0) };
        next = farthest(&left.iter().zip(candidates).map(worth).collect::<Vec<_>>());
    }
    Ok(picks)
}

/// Picks for the classes that have fewest labels: each time the class that is behind, its most doubtful row.
pub fn balanced_picks(
    scores: &[f32],
    predicted: &[usize],
    labelled: &[usize],
    taken: &[bool],
    count: usize,
) -> Vec<usize> {
    let classes = predicted.iter().map(|class| class + 1).max().unwrap_or(0).max(labelled.len());
    let mut queues: Vec<std::collections::VecDeque<usize>> = vec![Default::default(); classes];
    highest(scores, taken, taken.len()).into_iter().for_each(|row| queues[predicted[row]].push_back(row));
    let mut have: Vec<usize> = (0..classes).map(|class| labelled.get(class).copied().unwrap_or(0)).collect();
    let mut picks = Vec::new();
    while picks.len() < count {
        let waiting = (0..classes).filter(|class| !queues[*class].is_empty());
        let Some(class) = waiting.min_by_key(|class| (have[*class], *class)) else { break };
        picks.extend(queues[class].pop_front());
        have[class] += 1;
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn an_odd_row_is_left_for_ordinary_ones() {
        // Nine rows in two groups that look one way, one that looks the other; all equally doubtful.
        let mut data: Vec<f32> = (0..9).flat_map(|row| [1.0, (row % 2) as f32 * 0.2 + row as f32 * 0.001]).collect();
        data.extend([-1.0, 0.0]);
        let (matrix, taken) = (Matrix::new(&data, 2).unwrap(), [false; 10]);
        let pool = Pool::new(&matrix, &taken).unwrap();
        let options = DensityOptions { beta: 4.0, candidates: 4 };
        let picks = density_picks(&pool, &[0.5; 10], 2, &options, &|_, _| true).unwrap();
        assert!(!picks.contains(&9) && picks[0] % 2 != picks[1] % 2, "{picks:?}");
    }

    #[test]
    fn the_class_behind_is_served_first() {
        let picks = balanced_picks(&[0.9, 0.8, 0.1, 0.2], &[0, 0, 1, 1], &[3, 1], &[false; 4], 4);
        assert_eq!(picks, [3, 2, 0, 1]);
    }
}
