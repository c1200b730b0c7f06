//! How far a row lies from the others of its class.

use rayon::prelude::*;

use crate::kernel::dot;
use crate::{Error, Matrix, Rows};

/// Rows of a class without which nothing is said about it.
const FEWEST: usize = 8;

/// For each row one minus its cosine with the mean of the other rows of its class; 0 in a class of one.
pub fn class_distances(vectors: Matrix<'_>, labels: &[usize]) -> Result<Vec<f32>, Error> {
    if labels.len() != vectors.count() {
        let why = format!("{} for {} vectors", labels.len(), vectors.count());
        return Err(Error::invalid("labels", why));
    }
    let (dims, classes) = (vectors.dims(), labels.iter().max().map_or(0, |most| most + 1));
    let (mut sums, mut counts) = (vec![0.0f32; classes * dims], vec![0usize; classes]);
    for (row, &label) in labels.iter().enumerate() {
        counts[label] += 1;
        let sum = &mut sums[label * dims..][..dims];
        sum.iter_mut().zip(vectors.row(row)).for_each(|(sum, value)| *sum += value);
    }
    let distance = |row: usize| {
        let (own, sum) = (vectors.row(row), &sums[labels[row] * dims..][..dims]);
        let others: Vec<f32> = sum.iter().zip(own).map(|(sum, value)| sum - value).collect();
        let lengths = (dot(own, own) * dot(&others, &others)).sqrt();
        if counts[labels[row]] > 1 && lengths > 0.0 { 1.0 - dot(own, &others) / lengths } else { 0.0 }
    };
    Ok((0..labels.len()).into_par_iter().map(distance).collect())
}

/// How many usual deviations each value lies from the middle of its group: 0.6745 · (value − median) / MAD. Values of
/// groups of fewer than eight are 0.
pub fn deviations(values: &[f64], groups: &[usize]) -> Vec<f64> {
    let classes = groups.iter().max().map_or(0, |most| most + 1);
    let mut of_group = vec![Vec::new(); classes];
    values.iter().zip(groups).for_each(|(value, group)| of_group[*group].push(*value));
    let scales: Vec<Option<(f64, f64)>> = of_group.into_iter().map(scale).collect();
    let deviation =
        |(value, group): (&f64, &usize)| scales[*group].map_or(0.0, |(middle, spread)| (value - middle) / spread);
    values.iter().zip(groups).map(deviation).collect()
}

/// Median and usual deviation; `None` for too few values, or when most are the same.
fn scale(mut values: Vec<f64>) -> Option<(f64, f64)> {
    if values.len() < FEWEST {
        return None;
    }
    let middle = median(&mut values);
    let mut apart: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    let spread = median(&mut apart) / 0.6745;
    (spread > 1e-9).then_some((middle, spread))
}

fn median(values: &mut [f64]) -> f64 {
    let at = values.len() / 2;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stranger_of_a_class_is_farthest_from_it() {
        let data: Vec<f32> =
            (0..10).flat_map(|row| if row == 3 { [0.0, 1.0] } else { [1.0, 0.02 * row as f32] }).collect();
        let distances = class_distances(Matrix::new(&data, 2).unwrap(), &[0; 10]).unwrap();
        assert!(distances[3] > 0.8 && distances.iter().filter(|d| **d > 0.1).count() == 1, "{distances:?}");
        assert!(class_distances(Matrix::new(&data, 2).unwrap(), &[0]).is_err());
    }

    #[test]
    fn deviations_are_of_the_own_group_and_silent_on_small_ones() {
        let mut values: Vec<f64> = (0..20).map(f64::from).collect();
        values.extend([1000.0, 3.0, 500.0]);
        let mut groups = vec![0; 21];
        groups.extend([1, 1]);
        let found = deviations(&values, &groups);
        assert!(found[20] > 50.0 && found[10].abs() < 0.1 && found[0] < -1.0);
        assert_eq!(found[21..], [0.0, 0.0]);
        assert_eq!(deviations(&[5.0; 9], &[0; 9]), [0.0; 9]);
    }
}
