//! Long vectors as a few numbers, by chance alone: signs that a seed decides, so that nothing is fitted and nothing has to be kept.
//!
//! Dot products of what comes out are those of what went in, give or take 1/√`to` (Johnson and Lindenstrauss; with signs:
//! Achlioptas, *Database-friendly random projections*, 2003).

use crate::chance::Chance;

/// A projection from vectors of one length to shorter ones.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomProjection {
    /// A row of `from` signs, already divided by √`to`, for each number that comes out.
    rows: Vec<Vec<f32>>,
}

impl RandomProjection {
    /// The projection of a seed.
    #[must_use]
    pub fn new(from: usize, to: usize, seed: u64) -> Self {
        let size = 1.0 / (to.max(1) as f32).sqrt();
        let row = |number: usize| {
            let mut chance = Chance::part(seed, number as u64);
            (0..from).map(|_| if chance.next() & 1 == 0 { size } else { -size }).collect()
        };
        Self { rows: (0..to).map(row).collect() }
    }

    /// The numbers of a vector.
    #[must_use]
    pub fn of(&self, vector: &[f32]) -> Vec<f32> {
        let dot =
            |row: &Vec<f32>| row.iter().zip(vector).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32;
        self.rows.iter().map(dot).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_products_stay_about_what_they_were_and_a_seed_decides_all() {
        let mut chance = Chance::new(3);
        let mut unit = || {
            let vector: Vec<f32> = (0..1280).map(|_| chance.normal() as f32).collect();
            let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
            vector.into_iter().map(|v| v / length).collect::<Vec<f32>>()
        };
        let (a, other) = (unit(), unit());
        let b: Vec<f32> = a.iter().zip(&other).map(|(a, b)| 0.8 * a + 0.6 * b).collect();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let projection = RandomProjection::new(1280, 256, 42);
        let (pa, pb) = (projection.of(&a), projection.of(&b));
        assert!((dot(&pa, &pa) - 1.0).abs() < 0.2 && (dot(&pa, &pb) - dot(&a, &b)).abs() < 0.2, "{}", dot(&pa, &pb));
        assert_eq!(projection, RandomProjection::new(1280, 256, 42));
        assert_ne!(projection, RandomProjection::new(1280, 256, 43));
    }
}
