//! Greedy k-centre: again and again the row that is farthest from all that is labelled or picked (Sener and Savarese).

use rayon::prelude::*;

use super::{Pool, random_picks};
use crate::kernel::{Packed, dot, multiply, squared_distance};
use crate::rows::{each_chunk, gather};
use crate::{Error, Rows, Watch};

/// Labelled rows that are compared with; more are stood for by a sample of so many.
const MOST_CENTRES: usize = 2_048;
/// Rows that one thread compares at a time.
const BLOCK: usize = 256;

/// Picks the rows that the labelled ones cover worst; without labelled ones it begins with the most ordinary row.
pub fn k_centre_picks(pool: &Pool<'_>, count: usize, seed: u64, watch: Watch<'_>) -> Result<Vec<usize>, Error> {
    let wanted = count.min(pool.free());
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let mut picks = Vec::with_capacity(wanted);
    let mut distances = to_labelled(pool, seed)?;
    if !pool.taken.contains(&true) {
        picks.push(most_ordinary(pool.rows)?);
    }
    let mut buffer = Vec::new();
    loop {
        crate::error::report(watch, picks.len(), wanted)?;
        if let Some(&last) = picks.last() {
            let centre = crate::rows::checked(pool.rows, last..last + 1, &mut buffer)?.to_vec();
            shrink(pool.rows, &mut distances, &centre)?;
            distances[last] = -1.0;
        }
        if picks.len() == wanted {
            return Ok(picks);
        }
        picks.push(farthest(&distances));
    }
}

/// The row of the largest distance, the lower of equals.
pub(super) fn farthest(distances: &[f32]) -> usize {
    let worse = |a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0));
    distances.iter().copied().enumerate().max_by(worse).map_or(0, |(row, _)| row)
}

/// Squared distances to the nearest labelled row; −1 for the labelled themselves, infinite when there are none.
fn to_labelled(pool: &Pool<'_>, seed: u64) -> Result<Vec<f32>, Error> {
    let mut distances: Vec<f32> = pool.taken.iter().map(|taken| if *taken { -1.0 } else { f32::INFINITY }).collect();
    let unlabelled: Vec<bool> = pool.taken.iter().map(|taken| !taken).collect();
    let mut labelled = random_picks(&unlabelled, MOST_CENTRES, seed);
    labelled.sort_unstable();
    if labelled.is_empty() {
        return Ok(distances);
    }
    let dims = pool.rows.dims();
    let centres = gather(pool.rows, &labelled)?;
    let lengths: Vec<f32> = centres.chunks_exact(dims).map(|centre| dot(centre, centre)).collect();
    let packed = Packed::from_columns(&centres, dims);
    each_chunk(pool.rows, |range, data| {
        let blocks = data.par_chunks(BLOCK * dims).zip(distances[range].par_chunks_mut(BLOCK));
        blocks.for_each(|(data, distances)| nearest(data, &packed, &lengths, dims, distances));
        Ok(())
    })?;
    Ok(distances)
}

/// Lowers distances to the nearest of the packed centres; marks below zero stay.
fn nearest(data: &[f32], packed: &Packed, lengths: &[f32], dims: usize, distances: &mut [f32]) {
    let mut products = vec![0.0; distances.len() * lengths.len()];
    multiply(data, packed, &mut products);
    let rows = data.chunks_exact(dims).zip(products.chunks_exact(lengths.len()));
    for (distance, (row, products)) in distances.iter_mut().zip(rows) {
        let least =
            products.iter().zip(lengths).map(|(product, length)| length - 2.0 * product).fold(f32::MAX, f32::min);
        *distance = distance.min((dot(row, row) + least).max(0.0));
    }
}

/// Lowers distances to those of one more centre; marks below zero stay.
fn shrink(rows: &dyn Rows, distances: &mut [f32], centre: &[f32]) -> Result<(), Error> {
    let dims = rows.dims();
    each_chunk(rows, |range, data| {
        let blocks = data.par_chunks(BLOCK * dims).zip(distances[range].par_chunks_mut(BLOCK));
        blocks.for_each(|(data, distances)| {
            for (row, distance) in data.chunks_exact(dims).zip(distances) {
                if *distance > 0.0 {
                    *distance = distance.min(squared_distance(row, centre));
                }
            }
        });
        Ok(())
    })
}

/// The row nearest to the mean of all.
fn most_ordinary(rows: &dyn Rows) -> Result<usize, Error> {
    let mean = mean(rows)?;
    let mut distances = vec![f32::INFINITY; rows.count()];
    shrink(rows, &mut distances, &mean)?;
    let nearest = distances.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    Ok(nearest.map_or(0, |(row, _)| row))
}

/// The mean of all vectors.
pub(crate) fn mean(rows: &dyn Rows) -> Result<Vec<f32>, Error> {
    let mut sums = vec![0.0f64; rows.dims()];
    each_chunk(rows, |_, data| {
        for row in data.chunks_exact(rows.dims()) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        Ok(())
    })?;
    Ok(sums.into_iter().map(|sum| (sum / rows.count().max(1) as f64) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn the_far_corner_comes_first_and_the_gap_next() {
        let data = [0.0, 0.0, 0.1, 0.0, 10.0, 0.0, 5.0, 0.0, 5.2, 0.0];
        let matrix = Matrix::new(&data, 2).unwrap();
        let taken = [true, false, false, false, false];
        let pool = Pool::new(&matrix, &taken).unwrap();
        assert_eq!(k_centre_picks(&pool, 4, 1, &|_, _| true).unwrap(), [2, 3, 4, 1]);
        let none = [false; 5];
        let pool = Pool::new(&matrix, &none).unwrap();
        assert_eq!(k_centre_picks(&pool, 2, 1, &|_, _| true).unwrap()[0], 3);
        assert!(matches!(k_centre_picks(&pool, 2, 1, &|_, _| false), Err(Error::Stopped)));
    }
}
