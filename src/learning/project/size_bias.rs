//! Takes out of embeddings what the size and form of a box explain, so that a map shows content and not scale.
//!
//! A linear regression of each number on the logs of box area, crop area, and the aspects of both; what remains is
//! brought back to length one. Fit it on the rows that are looked at, or on training rows when it precedes a head.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kernel::dot;
use crate::rows::ranges;
use crate::{Error, Matrix, Rows};

/// One, and four properties.
const TERMS: usize = 5;

/// Size and form of a box and of the crop that was embedded for it, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxSize {
    /// Width and height of the box.
    pub box_sides: [f64; 2],
    /// Width and height of the crop.
    pub crop_sides: [f64; 2],
}

impl BoxSize {
    fn logs(&self) -> [f64; 4] {
        let log = |side: f64| side.max(1e-6).ln();
        let [[w, h], [cw, ch]] = [self.box_sides.map(log), self.crop_sides.map(log)];
        [w + h, cw + ch, w - h, cw - ch]
    }
}

/// A fitted regression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeBias {
    /// Mean and deviation of each property.
    scales: [[f64; 2]; 4],
    /// For each number of a vector what one and each property add.
    coefficients: Vec<[f64; TERMS]>,
    /// Share of the variance of all numbers that size and form explain.
    pub explained: f64,
}

impl SizeBias {
    /// Fits the regression.
    pub fn fit(vectors: Matrix<'_>, sizes: &[BoxSize]) -> Result<Self, Error> {
        let rows = vectors.count();
        if sizes.len() != rows || rows <= TERMS {
            let why = format!("{} sizes for {rows} vectors; there must be as many, and more than {TERMS}", sizes.len());
            return Err(Error::invalid("sizes", why));
        }
        let scales = scales(sizes);
        let terms: Vec<[f64; TERMS]> = sizes.iter().map(|size| terms(size, &scales)).collect();
        let mut normal = [[0.0; TERMS]; TERMS];
        for row in &terms {
            (0..TERMS * TERMS).for_each(|at| normal[at / TERMS][at % TERMS] += row[at / TERMS] * row[at % TERMS]);
        }
        // A crop may follow from its box; a whiff of ridge keeps the system solvable then.
        (1..TERMS).for_each(|at| normal[at][at] += 1e-9 * rows as f64);
        let sums = sums(vectors, &terms);
        let coefficients: Vec<[f64; TERMS]> = sums.iter().map(|sum| solved(normal, sum.right)).collect();
        let total: f64 = sums.iter().map(|sum| sum.squares - sum.right[0].powi(2) / rows as f64).sum();
        let told = |(sum, fit): (&Sums, &[f64; TERMS])| (1..TERMS).map(|at| fit[at] * sum.right[at]).sum::<f64>();
        let told: f64 = sums.iter().zip(&coefficients).map(told).sum();
        let explained = if total > 0.0 { (told / total).clamp(0.0, 1.0) } else { 0.0 };
        Ok(Self { scales, coefficients, explained })
    }

    /// Takes it out of vectors, row after row, and brings what remains to length one.
    pub fn remove(&self, vectors: &mut [f32], sizes: &[BoxSize]) -> Result<(), Error> {
        let dims = self.coefficients.len();
        if vectors.len() != sizes.len() * dims {
            let why = format!("{} numbers for {} sizes and vectors of {dims}", vectors.len(), sizes.len());
            return Err(Error::invalid("sizes", why));
        }
        vectors.par_chunks_mut(dims).zip(sizes).for_each(|(row, size)| {
            let terms = terms(size, &self.scales);
            for (value, coefficients) in row.iter_mut().zip(&self.coefficients) {
                *value -= coefficients.iter().zip(terms).map(|(c, t)| c * t).sum::<f64>() as f32;
            }
            let length = dot(row, row).sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|value| *value /= length);
            }
        });
        Ok(())
    }
}

fn scales(sizes: &[BoxSize]) -> [[f64; 2]; 4] {
    std::array::from_fn(|at| {
        let count = sizes.len() as f64;
        let mean = sizes.iter().map(|size| size.logs()[at]).sum::<f64>() / count;
        let variance = sizes.iter().map(|size| (size.logs()[at] - mean).powi(2)).sum::<f64>() / count;
        [mean, variance.sqrt()]
    })
}

/// One, and the properties at mean 0 and deviation 1; a property that never varies is left out.
fn terms(size: &BoxSize, scales: &[[f64; 2]; 4]) -> [f64; TERMS] {
    let logs = size.logs();
    let scaled = |at: usize| if scales[at][1] > 1e-9 { (logs[at] - scales[at][0]) / scales[at][1] } else { 0.0 };
    std::array::from_fn(|at| if at == 0 { 1.0 } else { scaled(at - 1) })
}

/// Sums over the rows for one number of the vectors.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// Of term × number.
    right: [f64; TERMS],
    /// Of number × number.
    squares: f64,
}

/// Shards of rows are summed side by side and added in order.
fn sums(vectors: Matrix<'_>, terms: &[[f64; TERMS]]) -> Vec<Sums> {
    let dims = vectors.dims();
    let shards: Vec<_> = ranges(terms.len(), terms.len().div_ceil(16)).collect();
    let shard = |range: std::ops::Range<usize>| {
        let mut sums = vec![Sums::default(); dims];
        for (row, terms) in vectors.slice(range.clone()).chunks_exact(dims).zip(&terms[range]) {
            for (sum, value) in sums.iter_mut().zip(row) {
                let value = f64::from(*value);
                sum.right.iter_mut().zip(terms).for_each(|(right, term)| *right += term * value);
                sum.squares += value * value;
            }
        }
        sums
    };
    let parts: Vec<Vec<Sums>> = shards.into_par_iter().map(shard).collect();
    let mut all = vec![Sums::default(); dims];
    for (dim, part) in parts.iter().flat_map(|part| part.iter().enumerate()) {
        all[dim].squares += part.squares;
        all[dim].right.iter_mut().zip(part.right).for_each(|(to, value)| *to += value);
    }
    all
}

/// Gauss and Jordan; the matrix is symmetric and positive, so its diagonal never fails.
fn solved(mut a: [[f64; TERMS]; TERMS], mut b: [f64; TERMS]) -> [f64; TERMS] {
    for pivot in 0..TERMS {
        for row in (0..TERMS).filter(|row| *row != pivot) {
            let factor = a[row][pivot] / a[pivot][pivot];
            (0..TERMS).for_each(|at| a[row][at] -= factor * a[pivot][at]);
            b[row] -= factor * b[pivot];
        }
    }
    std::array::from_fn(|at| b[at] / a[at][at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;

    #[test]
    fn what_size_explains_is_gone_afterwards() {
        let (mut chance, dims) = (Chance::new(4), 6);
        let mut side = || (2.0 * chance.normal() + 4.0).exp();
        let sizes: Vec<BoxSize> = (0..400)
            .map(|_| {
                let sides = [side(), side()];
                BoxSize { box_sides: sides, crop_sides: [sides[0].max(sides[1]); 2] }
            })
            .collect();
        let mut chance = Chance::new(5);
        let mut data: Vec<f32> = sizes
            .iter()
            .flat_map(|size| {
                (0..dims).map(|dim| 0.3 * dim as f64 * size.logs()[0] + chance.normal()).collect::<Vec<_>>()
            })
            .map(|value| value as f32)
            .collect();
        let fitted = SizeBias::fit(Matrix::new(&data, dims).unwrap(), &sizes).unwrap();
        assert!(fitted.explained > 0.5, "{}", fitted.explained);
        fitted.remove(&mut data, &sizes).unwrap();
        let after = SizeBias::fit(Matrix::new(&data, dims).unwrap(), &sizes).unwrap();
        assert!(after.explained < 0.02, "{}", after.explained);
        assert!(data.chunks(dims).all(|row| (dot(row, row) - 1.0).abs() < 1e-5));
        assert!(fitted.remove(&mut data, &sizes[1..]).is_err());
    }

    #[test]
    fn sizes_that_never_vary_do_no_harm() {
        let data: Vec<f32> = (0..40).map(|at| (at % 7) as f32).collect();
        let sizes = [BoxSize { box_sides: [10.0, 10.0], crop_sides: [20.0, 20.0] }; 10];
        let fitted = SizeBias::fit(Matrix::new(&data, 4).unwrap(), &sizes).unwrap();
        assert!(fitted.explained.abs() < 1e-9);
    }
}
