//! What a row weighs in training: by how rare its class is, and by how hard it proved.

use serde::{Deserialize, Serialize};

/// How classes weigh against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Every row the same.
    None,
    /// Every class the same: rows ÷ (classes × rows of the class).
    #[default]
    Balanced,
    /// By effective number of samples, (1 − β) ÷ (1 − βⁿ) with β = 0.9999, mean 1 (Cui et al., 2019).
    EffectiveNumber,
}

const BETA: f64 = 0.9999;

impl ClassWeights {
    /// The weight of each class; a class without rows weighs nothing.
    pub fn of(self, labels: &[usize], classes: usize) -> Vec<f64> {
        let counts = counts(labels, classes);
        let present = counts.iter().filter(|count| **count > 0).count().max(1) as f64;
        let raw = counts.iter().map(|&count| match (self, count) {
            (_, 0) => 0.0,
            (ClassWeights::None, _) => 1.0,
            (ClassWeights::Balanced, n) => labels.len() as f64 / (present * n as f64),
            (ClassWeights::EffectiveNumber, n) => (1.0 - BETA) / (1.0 - BETA.powf(n as f64)),
        });
        let mut weights: Vec<f64> = raw.collect();
        if self == ClassWeights::EffectiveNumber {
            let mean = weights.iter().sum::<f64>() / present;
            weights.iter_mut().for_each(|weight| *weight /= mean);
        }
        weights
    }
}

/// How many rows each class has.
pub(crate) fn counts(labels: &[usize], classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    labels.iter().for_each(|label| counts[*label] += 1);
    counts
}

/// Which rows count as hard after a first fit, and how much more they weigh then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HardMining {
    /// Weight of a row that was told wrong.
    pub wrong: f64,
    /// Weight of a row that was told right with doubt.
    pub unsure: f64,
    /// Below this probability of its class a row is in doubt.
    pub confidence: f32,
    /// Below this distance between the two best probabilities a row is in doubt.
    pub margin: f32,
}

impl Default for HardMining {
    fn default() -> Self {
        Self { wrong: 3.0, unsure: 2.0, confidence: 0.65, margin: 0.15 }
    }
}

impl HardMining {
    /// The factor of each row, given its probabilities (row after row).
    pub fn factors(&self, probabilities: &[f32], labels: &[usize], classes: usize) -> Vec<f64> {
        let rows = probabilities.chunks_exact(classes).zip(labels);
        rows.map(|(row, label)| self.factor(row, *label)).collect()
    }

    fn factor(&self, row: &[f32], label: usize) -> f64 {
        let (best, first, second) = top_two(row);
        if best != label {
            self.wrong
        } else if row[label] < self.confidence || first - second < self.margin {
            self.unsure
        } else {
            1.0
        }
    }
}

/// The most probable class (the lower of equals), its probability and the second best.
pub(crate) fn top_two(row: &[f32]) -> (usize, f32, f32) {
    let (mut best, mut first, mut second) = (0, f32::NEG_INFINITY, f32::NEG_INFINITY);
    for (class, &value) in row.iter().enumerate() {
        if value > first {
            (best, second, first) = (class, first, value);
        } else if value > second {
            second = value;
        }
    }
    (best, first, if second.is_finite() { second } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_their_formulas() {
        let labels = [0, 0, 0, 1];
        assert_eq!(ClassWeights::None.of(&labels, 2), [1.0, 1.0]);
        assert_eq!(ClassWeights::Balanced.of(&labels, 2), [4.0 / 6.0, 2.0]);
        let effective = ClassWeights::EffectiveNumber.of(&labels, 3);
        assert_eq!(effective[2], 0.0);
        assert!((effective[0] + effective[1] - 2.0).abs() < 1e-12);
        assert!((effective[1] / effective[0] - (1.0 - BETA.powi(3)) / (1.0 - BETA)).abs() < 1e-9);
    }

    #[test]
    fn hard_rows_weigh_more() {
        let rows = [0.9, 0.1, 0.6, 0.4, 0.2, 0.8];
        assert_eq!(HardMining::default().factors(&rows, &[0, 0, 0], 2), [1.0, 2.0, 3.0]);
        assert_eq!(top_two(&[0.5, 0.5]), (0, 0.5, 0.5));
    }
}
