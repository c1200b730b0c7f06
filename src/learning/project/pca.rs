//! Principal components: the directions in which embeddings differ most.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::eigen::largest;
use crate::kernel::{Packed, multiply, multiply_wide, transposed};
use crate::rows::{each_chunk, ranges};
use crate::{Error, Rows, Watch};

/// Rows whose products are summed in 32 bits before they go into the 64-bit sums.
const BLOCK: usize = 1_024;
/// More numbers a vector than any encoder gives; a covariance of so many squared is 128 MiB.
const MOST_DIMS: usize = 4_096;

/// A projection on the leading components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    /// The mean of the fitted vectors.
    pub mean: Vec<f32>,
    /// Component after component, each of length one, its largest number positive.
    pub components: Vec<f32>,
    /// The variance along each component.
    pub variances: Vec<f64>,
    /// The variance of all dimensions together.
    pub total_variance: f64,
}

impl Pca {
    /// Finds the `count` leading components; vectors are read twice, piece by piece.
    pub fn fit(rows: &dyn Rows, count: usize, seed: u64, watch: Watch<'_>) -> Result<Self, Error> {
        let (vectors, dims) = (rows.count(), rows.dims());
        if count == 0 || count > dims.min(vectors) || dims > MOST_DIMS || vectors < 2 {
            let why = format!("{count} of {vectors} vectors of {dims} numbers cannot be found");
            return Err(Error::invalid("principal components", why));
        }
        let mean = crate::select::k_centre::mean(rows)?;
        let covariance = covariance(rows, &mean, watch)?;
        let total_variance = (0..dims).map(|at| covariance[at * dims + at]).sum();
        let (variances, found) = largest(&covariance, dims, count, seed);
        let components = found.chunks_exact(dims).flat_map(signed).collect();
        let variances = variances.into_iter().map(|variance| variance.max(0.0)).collect();
        Ok(Self { mean, components, variances, total_variance })
    }

    /// How many components there are.
    pub fn count(&self) -> usize {
        self.variances.len()
    }

    /// The coordinates of vectors, row after row.
    pub fn transform(&self, rows: &dyn Rows) -> Result<Vec<f32>, Error> {
        if rows.dims() != self.mean.len() {
            let why = format!("vectors of {} numbers, the projection knows {}", rows.dims(), self.mean.len());
            return Err(Error::invalid("projection", why));
        }
        let packed = Packed::from_columns(&self.components, rows.dims());
        let mut all = Vec::with_capacity(rows.count() * self.count());
        each_chunk(rows, |range, data| {
            let mut part = vec![0.0; range.len() * self.count()];
            let blocks = data.par_chunks(128 * rows.dims()).zip(part.par_chunks_mut(128 * self.count()));
            blocks.for_each(|(data, part)| multiply(&centred(data, &self.mean), &packed, part));
            all.extend(part);
            Ok(())
        })?;
        Ok(all)
    }
}

fn centred(data: &[f32], mean: &[f32]) -> Vec<f32> {
    data.chunks_exact(mean.len()).flat_map(|row| row.iter().zip(mean).map(|(value, mean)| value - mean)).collect()
}

fn covariance(rows: &dyn Rows, mean: &[f32], watch: Watch<'_>) -> Result<Vec<f64>, Error> {
    let dims = mean.len();
    let (mut sums, mut products) = (vec![0.0f64; dims * dims], vec![0.0f32; dims * dims]);
    each_chunk(rows, |range, data| {
        crate::error::report(watch, range.start, rows.count())?;
        for part in ranges(range.len(), BLOCK) {
            let centred = centred(&data[part.start * dims..part.end * dims], mean);
            multiply_wide(&transposed(&centred, dims), &Packed::from_rows(&centred, dims), &mut products);
            sums.par_iter_mut().zip(&products).for_each(|(sum, product)| *sum += f64::from(*product));
        }
        Ok(())
    })?;
    let inverse = 1.0 / (rows.count() - 1) as f64;
    sums.iter_mut().for_each(|sum| *sum *= inverse);
    Ok(sums)
}

/// The direction whose largest number is positive, so that maps do not flip from run to run.
fn signed(vector: &[f64]) -> Vec<f32> {
    let largest = vector.iter().fold(0.0f64, |most, value| if value.abs() > most.abs() { *value } else { most });
    vector.iter().map(|value| (value * largest.signum()) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;
    use crate::chance::Chance;

    #[test]
    fn a_flat_cloud_is_seen_whole_from_above() {
        let mut chance = Chance::new(2);
        let data: Vec<f32> = (0..3_000)
            .flat_map(|_| {
                let (a, b) = (3.0 * chance.normal() as f32, chance.normal() as f32);
                [5.0 + a, a, b, 1.0]
            })
            .collect();
        let matrix = Matrix::new(&data, 4).unwrap();
        let pca = Pca::fit(&matrix, 2, 1, &|_, _| true).unwrap();
        assert!((pca.variances.iter().sum::<f64>() / pca.total_variance - 1.0).abs() < 1e-5);
        assert!((pca.components[0] - 0.5f32.sqrt()).abs() < 0.02 && pca.components[6] > 0.99);
        let flat = pca.transform(&matrix).unwrap();
        assert_eq!(flat.len(), 6_000);
        assert!((flat.chunks(2).map(|row| row[0]).sum::<f32>() / 3_000.0).abs() < 1e-3);
        assert!(Pca::fit(&matrix, 5, 1, &|_, _| true).is_err());
    }
}
