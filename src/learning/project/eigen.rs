//! The largest eigenvalues of a symmetric matrix with their vectors: Lanczos with full reorthogonalisation.

use rayon::prelude::*;

use crate::chance::Chance;

/// How far, as a share of the largest value, an eigenvector may be from being one.
const RESIDUAL: f64 = 1e-11;
/// Steps between two looks at whether it is good enough.
const ROUND: usize = 24;

/// The `count` largest values, largest first, and their vectors of length one, one after the other.
pub(super) fn largest(matrix: &[f64], dims: usize, count: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut walk = Walk::new(dims, seed);
    loop {
        let steps = (walk.basis.len() + ROUND).max(2 * count).min(dims);
        while walk.basis.len() < steps {
            walk.step(matrix);
        }
        let (values, vectors) = tridiagonal(&walk.diagonal, &walk.beside);
        let order = descending(&values);
        let size = values.len();
        let scale = values.iter().fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()));
        let good = |at: &usize| (walk.next_length * vectors[(size - 1) * size + at]).abs() <= RESIDUAL * scale;
        if walk.basis.len() == dims || order.iter().take(count).all(good) {
            let chosen = &order[..count.min(size)];
            let vectors = chosen.iter().flat_map(|at| walk.combined(&vectors, *at)).collect();
            return (chosen.iter().map(|at| values[*at]).collect(), vectors);
        }
    }
}

fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
    order
}

/// An orthonormal basis in which the matrix is tridiagonal, growing step by step.
struct Walk {
    basis: Vec<Vec<f64>>,
    diagonal: Vec<f64>,
    /// Beside the diagonal: `beside[i]` couples i and i + 1; 0 where the walk began anew.
    beside: Vec<f64>,
    next: Vec<f64>,
    next_length: f64,
    chance: Chance,
    largest: f64,
}

impl Walk {
    fn new(dims: usize, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut next: Vec<f64> = (0..dims).map(|_| chance.normal()).collect();
        unit(&mut next);
        Self { basis: vec![], diagonal: vec![], beside: vec![], next, next_length: 0.0, chance, largest: 0.0 }
    }

    fn step(&mut self, matrix: &[f64]) {
        let now = std::mem::take(&mut self.next);
        let mut next: Vec<f64> = matrix.par_chunks(now.len()).with_min_len(32).map(|row| dot(row, &now)).collect();
        let along = dot(&next, &now);
        if !self.basis.is_empty() {
            self.beside.push(self.next_length);
        }
        self.diagonal.push(along);
        self.basis.push(now);
        self.clean(&mut next);
        let length = unit(&mut next);
        self.largest = self.largest.max(along.abs()).max(length);
        self.next_length = length;
        if length <= 1e-13 * self.largest {
            // Nothing new lies in this direction: begin anew, at a right angle to all.
            self.next_length = 0.0;
            next = (0..next.len()).map(|_| self.chance.normal()).collect();
            self.clean(&mut next);
            unit(&mut next);
        }
        self.next = next;
    }

    /// Takes away what lies along the basis; twice is enough (Kahan).
    fn clean(&self, vector: &mut [f64]) {
        for _ in 0..2 {
            for known in &self.basis {
                let share = dot(vector, known);
                vector.iter_mut().zip(known).for_each(|(value, known)| *value -= share * known);
            }
        }
    }

    /// The eigenvector `at` of the tridiagonal matrix, in the space we came from.
    fn combined(&self, vectors: &[f64], at: usize) -> Vec<f64> {
        let size = self.basis.len();
        let mut sum = vec![0.0; self.basis[0].len()];
        for (number, known) in self.basis.iter().enumerate() {
            let share = vectors[number * size + at];
            sum.iter_mut().zip(known).for_each(|(sum, known)| *sum += share * known);
        }
        unit(&mut sum);
        sum
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (heads, tail) = a.as_chunks::<8>();
    let (others, rest) = b.as_chunks::<8>();
    let mut sums = [0.0f64; 8];
    for (x, y) in heads.iter().zip(others) {
        (0..8).for_each(|lane| sums[lane] += x[lane] * y[lane]);
    }
    sums.iter().sum::<f64>() + tail.iter().zip(rest).map(|(x, y)| x * y).sum::<f64>()
}

fn unit(vector: &mut [f64]) -> f64 {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    length
}

/// Values and vectors (in columns) of a symmetric tridiagonal matrix: QL with implicit shifts (EISPACK's `imtql2`).
fn tridiagonal(diagonal: &[f64], beside: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let size = diagonal.len();
    let mut d = diagonal.to_vec();
    let mut e: Vec<f64> = beside.iter().copied().chain([0.0]).collect();
    let mut vectors = vec![0.0; size * size];
    (0..size).for_each(|at| vectors[at * size + at] = 1.0);
    for low in 0..size {
        // Thirty turns are never needed for a matrix of numbers.
        for _ in 0..60 {
            let split = (low..size - 1).find(|&m| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs()));
            let high = split.unwrap_or(size - 1);
            if high == low {
                break;
            }
            turn(&mut d, &mut e, &mut vectors, low, high);
        }
    }
    (d, vectors)
}

/// One implicit QL step on the block from `low` to `high`.
fn turn(d: &mut [f64], e: &mut [f64], vectors: &mut [f64], low: usize, high: usize) {
    let size = d.len();
    let bend = (d[low + 1] - d[low]) / (2.0 * e[low]);
    let root = bend.hypot(1.0);
    let mut g = d[high] - d[low] + e[low] / (bend + root.copysign(bend));
    let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
    for at in (low..high).rev() {
        let (f, b) = (sine * e[at], cosine * e[at]);
        let length = f.hypot(g);
        e[at + 1] = length;
        if length == 0.0 {
            d[at + 1] -= shift;
            e[high] = 0.0;
            return;
        }
        (sine, cosine) = (f / length, g / length);
        g = d[at + 1] - shift;
        let r = (d[at] - g) * sine + 2.0 * cosine * b;
        shift = sine * r;
        d[at + 1] = g + shift;
        g = cosine * r - b;
        for row in vectors.chunks_exact_mut(size) {
            let (left, right) = (row[at], row[at + 1]);
            row[at + 1] = sine * left + cosine * right;
            row[at] = cosine * left - sine * right;
        }
    }
    d[low] -= shift;
    e[low] = g;
    e[high] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symmetric(dims: usize, rank: usize, seed: u64) -> Vec<f64> {
        let mut chance = Chance::new(seed);
        let mut matrix = vec![0.0; dims * dims];
        for weight in 0..rank {
            let vector: Vec<f64> = (0..dims).map(|_| chance.normal()).collect();
            for (at, cell) in matrix.iter_mut().enumerate() {
                *cell += vector[at / dims] * vector[at % dims] / (1.0 + weight as f64);
            }
        }
        matrix
    }

    #[test]
    fn vectors_are_stretched_by_their_values_alone() {
        for (dims, rank, count) in [(1, 1, 1), (6, 6, 6), (60, 60, 5), (90, 4, 8), (200, 150, 10)] {
            let matrix = symmetric(dims, rank, 7);
            let (values, vectors) = largest(&matrix, dims, count, 1);
            assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
            for (at, (value, vector)) in values.iter().zip(vectors.chunks_exact(dims)).enumerate() {
                for (row, own) in matrix.chunks_exact(dims).zip(vector) {
                    assert!((dot(row, vector) - value * own).abs() < 1e-8 * values[0], "{dims} {at}");
                }
                for other in vectors.chunks_exact(dims).take(at) {
                    assert!(dot(vector, other).abs() < 1e-9);
                }
            }
            let trace: f64 = (0..dims).map(|at| matrix[at * dims + at]).sum();
            if count >= rank {
                assert!((values.iter().sum::<f64>() - trace).abs() < 1e-8 * trace);
            }
        }
    }
}
