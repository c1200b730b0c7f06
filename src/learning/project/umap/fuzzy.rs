//! Neighbours as a weighted graph: how surely each row belongs to the surroundings of another, in either direction.

use rayon::prelude::*;

use crate::near::Neighbour;

/// Rounds of halving in the search for a row's scale.
const ROUNDS: usize = 64;
/// A scale is no smaller than this share of the mean distance.
const LEAST_SCALE: f32 = 1e-3;

/// Edges of a row: the other row and how strong the bond is. Each bond stands at both of its rows.
pub(super) struct Graph {
    starts: Vec<usize>,
    edges: Vec<(u32, f32)>,
}

impl Graph {
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn of(&self, row: usize) -> &[(u32, f32)] {
        &self.edges[self.starts[row]..self.starts[row + 1]]
    }

    pub fn strongest(&self) -> f32 {
        self.edges.iter().fold(0.0, |most, (_, weight)| most.max(*weight))
    }
}

/// How surely each neighbour belongs: 1 for the nearest, and together log₂ of how many they are.
pub(super) fn weights(near: &[Neighbour]) -> Vec<f32> {
    let distances: Vec<f32> = near.iter().map(|n| (1.0 - n.score).max(0.0)).collect();
    let nearest = distances.iter().copied().filter(|d| *d > 0.0).fold(f32::INFINITY, f32::min);
    let beyond: Vec<f32> = distances.iter().map(|d| (d - nearest).max(0.0)).collect();
    let scale = scale_of(&beyond, distances.iter().sum::<f32>() / distances.len().max(1) as f32);
    beyond.iter().map(|d| if *d > 0.0 { (-d / scale).exp() } else { 1.0 }).collect()
}

fn scale_of(beyond: &[f32], mean: f32) -> f32 {
    let target = (beyond.len() as f32 + 1.0).log2();
    let (mut low, mut high, mut scale) = (0.0f32, f32::INFINITY, 1.0f32);
    for _ in 0..ROUNDS {
        let sum: f32 = beyond.iter().map(|d| if *d > 0.0 { (-d / scale).exp() } else { 1.0 }).sum();
        if (sum - target).abs() < 1e-5 {
            break;
        }
        if sum > target {
            high = scale;
            scale = 0.5 * (low + high);
        } else {
            low = scale;
            scale = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * scale };
        }
    }
    scale.max(LEAST_SCALE * mean).max(f32::MIN_POSITIVE)
}

/// The union of both directions: `a + b − ab`.
pub(super) fn graph(near: &[Vec<Neighbour>]) -> Graph {
    let weights: Vec<Vec<f32>> = near.par_iter().map(|near| weights(near)).collect();
    let directed = near.iter().zip(&weights).enumerate();
    let mut halves: Vec<(u32, u32, f32)> = directed
        .flat_map(|(row, (near, weights))| {
            let both = |(n, weight): (&Neighbour, &f32)| {
                [(row as u32, n.row as u32, *weight), (n.row as u32, row as u32, *weight)]
            };
            near.iter().zip(weights).flat_map(both).collect::<Vec<_>>()
        })
        .collect();
    // The weight is part of the order, so that equal pairs come in one order on any number of threads.
    halves.par_sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    let (mut starts, mut edges) = (vec![0; near.len() + 1], Vec::with_capacity(halves.len()));
    for pair in halves.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let weight = pair.iter().fold(0.0, |sum, half| sum + half.2 - sum * half.2);
        edges.push((pair[0].1, weight));
        starts[pair[0].0 as usize + 1] = edges.len();
    }
    (1..starts.len()).for_each(|at| starts[at] = starts[at].max(starts[at - 1]));
    Graph { starts, edges }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(pairs: &[(usize, f32)]) -> Vec<Neighbour> {
        pairs.iter().map(|(row, score)| Neighbour { row: *row, score: *score }).collect()
    }

    #[test]
    fn the_nearest_belongs_for_sure_and_all_together_by_their_number() {
        let near = near(&[(1, 0.99), (2, 0.9), (3, 0.7), (4, 0.65), (5, 0.2), (6, 0.1), (7, 0.05)]);
        let weights = weights(&near);
        assert_eq!(weights[0], 1.0);
        assert!(weights.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!((weights.iter().sum::<f32>() - 3.0).abs() < 1e-3, "{weights:?}");
    }

    #[test]
    fn a_bond_stands_at_both_rows_with_one_strength() {
        let graph = graph(&[near(&[(1, 0.9)]), near(&[(2, 0.8)]), near(&[(1, 0.8)])]);
        assert_eq!(graph.rows(), 3);
        assert_eq!(graph.of(0), [(1, 1.0)]);
        assert_eq!(graph.of(1).iter().map(|edge| edge.0).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(graph.of(2), [(1, 1.0)]);
    }
}
