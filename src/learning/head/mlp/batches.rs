//! Which rows a step sees, mixed or not, and what the loss wants of them.

use super::super::Samples;
use super::super::weights::counts;
use super::MlpOptions;
use crate::Rows;
use crate::chance::Chance;

/// An epoch of few rows still has so many steps,
const STEPS: usize = 16;
/// as long as a step has so many rows.
const LEAST: usize = 8;

/// The order of an epoch, and how its batches are made.
pub(super) struct Batches<'a> {
    options: &'a MlpOptions,
    samples: &'a Samples<'a>,
    weights: &'a [f64],
    classes: usize,
    order: Vec<usize>,
    size: usize,
}

/// Vectors with what is wanted of them: a share per class, and a weight.
pub(super) struct Batch {
    pub vectors: Vec<f32>,
    pub targets: Vec<f32>,
    pub labels: Vec<usize>,
    pub weights: Vec<f32>,
}

impl<'a> Batches<'a> {
    pub fn new(
        options: &'a MlpOptions,
        samples: &'a Samples<'a>,
        weights: &'a [f64],
        classes: usize,
        chance: &mut Chance,
    ) -> Self {
        let order = if options.balanced_sampler {
            balanced(samples.labels, classes, chance)
        } else {
            let mut order: Vec<usize> = (0..samples.labels.len()).collect();
            chance.shuffle(&mut order);
            order
        };
        let size = options.batch.min(order.len().div_ceil(STEPS).max(LEAST));
        Self { options, samples, weights, classes, order, size }
    }

    pub fn count(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    pub fn get(&self, step: usize, chance: &mut Chance) -> Batch {
        let from = step * self.size;
        let rows = &self.order[from..(from + self.size).min(self.order.len())];
        let mut batch = Batch {
            vectors: self.samples.vectors.gather(rows),
            targets: vec![self.options.label_smoothing / self.classes as f32; rows.len() * self.classes],
            labels: rows.iter().map(|row| self.samples.labels[*row]).collect(),
            weights: rows.iter().map(|row| self.weights[*row] as f32).collect(),
        };
        for (row, label) in batch.labels.iter().enumerate() {
            batch.targets[row * self.classes + label] += 1.0 - self.options.label_smoothing;
        }
        if self.options.mixup > 0.0 {
            self.mix(&mut batch, chance);
        }
        batch
    }

    /// Each row becomes a mixture with another of the batch (Zhang et al., 2018).
    fn mix(&self, batch: &mut Batch, chance: &mut Chance) {
        let share = chance.beta(self.options.mixup) as f32;
        let mut partners: Vec<usize> = (0..batch.labels.len()).collect();
        chance.shuffle(&mut partners);
        batch.vectors = mixed(&batch.vectors, &partners, self.samples.vectors.dims(), share);
        batch.targets = mixed(&batch.targets, &partners, self.classes, share);
        batch.weights = mixed(&batch.weights, &partners, 1, share);
        if share < 0.5 {
            batch.labels = partners.iter().map(|row| batch.labels[*row]).collect();
        }
    }
}

fn mixed(values: &[f32], partners: &[usize], width: usize, share: f32) -> Vec<f32> {
    let rows = values.chunks_exact(width).zip(partners);
    let mix = |(own, partner): (&'_ [f32], &usize)| -> Vec<f32> {
        let other = &values[partner * width..][..width];
        own.iter().zip(other).map(|(a, b)| share * a + (1.0 - share) * b).collect()
    };
    rows.flat_map(mix).collect()
}

/// As many rows as there are, every present class equally likely, rows of a class as well.
fn balanced(labels: &[usize], classes: usize, chance: &mut Chance) -> Vec<usize> {
    let mut by_class: Vec<Vec<usize>> = counts(labels, classes).into_iter().map(Vec::with_capacity).collect();
    labels.iter().enumerate().for_each(|(row, label)| by_class[*label].push(row));
    by_class.retain(|rows| !rows.is_empty());
    let draw = |_| {
        let rows = &by_class[chance.below(by_class.len())];
        rows[chance.below(rows.len())]
    };
    (0..labels.len()).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balanced_epoch_shows_rare_classes_as_often() {
        let labels: Vec<usize> = (0..1000).map(|row| usize::from(row < 10)).collect();
        let order = balanced(&labels, 3, &mut Chance::new(1));
        let rare = order.iter().filter(|row| labels[**row] == 1).count();
        assert!(order.len() == 1000 && (400..600).contains(&rare), "{rare}");
    }

    #[test]
    fn a_mixture_lies_between_its_parents() {
        assert_eq!(mixed(&[0.0, 4.0, 8.0, 0.0], &[1, 0], 2, 0.25), [6.0, 1.0, 2.0, 3.0]);
    }
}
