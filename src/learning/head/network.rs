//! The numbers of a head and the way forward through them: no hidden layer for a logistic head, some for an MLP.

use std::borrow::Cow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::rows::ranges;
use crate::{Error, Matrix, Rows, kernel};

/// Rows that go through the layers together when many are asked for.
const BATCH: usize = 512;
/// Added to a variance before its root is taken.
const EPSILON: f32 = 1e-5;
/// A row that is shorter has no direction.
const SHORTEST: f32 = 1e-12;

/// What bends the line between two layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x)
    Relu,
    /// x · Φ(x), by its approximation with tanh.
    #[default]
    Gelu,
}

impl Activation {
    pub(crate) fn value(self, x: f32) -> f32 {
        match self {
            Activation::Relu => x.max(0.0),
            Activation::Gelu => 0.5 * x * (1.0 + gelu_inner(x).tanh()),
        }
    }

    pub(crate) fn slope(self, x: f32) -> f32 {
        match self {
            Activation::Relu => f32::from(x > 0.0),
            Activation::Gelu => {
                let tanh = gelu_inner(x).tanh();
                let inner = 0.797_884_6 * (1.0 + 3.0 * 0.044_715 * x * x);
                0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * inner
            }
        }
    }
}

fn gelu_inner(x: f32) -> f32 {
    0.797_884_6 * (x + 0.044_715 * x * x * x)
}

/// The form of a network; together with as many numbers as it counts, a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Numbers of a vector.
    pub dims: usize,
    /// Sizes of the hidden layers, from the vector on.
    pub hidden: Vec<usize>,
    /// Classes told apart.
    pub classes: usize,
    /// What follows each hidden layer.
    pub activation: Activation,
    /// Whether hidden layers are brought to mean 0 and deviation 1, then scaled and shifted.
    pub layer_norm: bool,
    /// The last layer gives cosines times this scale and has no intercepts (ArcFace); otherwise it is a plain one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosine: Option<f32>,
}

/// Where the numbers of one layer begin among all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    pub weights: usize,
    pub bias: usize,
    pub scale: Option<usize>,
    pub last: bool,
    /// What cosines are multiplied with, in a layer that gives cosines.
    pub cosine: Option<f32>,
}

impl Shape {
    pub(crate) fn layers(&self) -> Vec<Layer> {
        let mut sizes = vec![self.dims];
        sizes.extend(&self.hidden);
        sizes.push(self.classes);
        let mut at = 0;
        let layer = |(number, pair): (usize, &[usize])| {
            let (inputs, outputs, last) = (pair[0], pair[1], number == self.hidden.len());
            let (weights, bias) = (at, at + inputs * outputs);
            at = bias + outputs;
            let scale = (self.layer_norm && !last).then_some(at);
            at += scale.map_or(0, |_| 2 * outputs);
            Layer { inputs, outputs, weights, bias, scale, last, cosine: self.cosine.filter(|_| last) }
        };
        sizes.windows(2).enumerate().map(layer).collect()
    }

    /// How many numbers a network of this shape has.
    pub fn parameters(&self) -> usize {
        self.layers().last().map_or(0, |layer| layer.bias + layer.outputs)
    }
}

/// A shape with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Network {
    pub shape: Shape,
    pub numbers: Vec<f32>,
}

impl Network {
    pub fn new(shape: Shape, numbers: Vec<f32>) -> Result<Self, Error> {
        let wanted = shape.parameters();
        if numbers.len() != wanted || !numbers.iter().all(|number| number.is_finite()) {
            return Err(Error::Artefact(format!("{} numbers, not {wanted} finite ones", numbers.len())));
        }
        Ok(Self { shape, numbers })
    }

    /// Weights (a row per class), then intercepts.
    pub fn linear(dims: usize, classes: usize, numbers: Vec<f32>) -> Self {
        let (hidden, activation) = (Vec::new(), Activation::Relu);
        Self { shape: Shape { dims, hidden, classes, activation, layer_norm: false, cosine: None }, numbers }
    }

    /// Logits of one vector.
    pub fn logits_of_one(&self, vector: &[f32]) -> Vec<f32> {
        let mut values = vector.to_vec();
        for layer in self.shape.layers() {
            if layer.cosine.is_some() {
                unit_rows(&mut values, layer.inputs);
            }
            let mut next = vec![0.0; layer.outputs];
            kernel::dots(&self.weights(&layer), &values, &mut next);
            self.finish(&layer, &mut next);
            values = next;
        }
        values
    }

    /// Logits of many vectors, row after row.
    pub fn logits(&self, vectors: Matrix<'_>) -> Vec<f32> {
        let layers: Vec<_> = self.shape.layers().into_iter().map(|layer| (layer, self.packed(&layer))).collect();
        let mut out = vec![0.0; vectors.count() * self.shape.classes];
        let batches: Vec<_> = ranges(vectors.count(), BATCH).collect();
        batches.into_par_iter().zip(out.par_chunks_mut(BATCH * self.shape.classes)).for_each(|(range, out)| {
            let mut values = vectors.slice(range).to_vec();
            for (layer, packed) in &layers {
                if layer.cosine.is_some() {
                    unit_rows(&mut values, layer.inputs);
                }
                let mut next = vec![0.0; values.len() / layer.inputs * layer.outputs];
                kernel::multiply(&values, packed, &mut next);
                next.chunks_exact_mut(layer.outputs).for_each(|row| self.finish(layer, row));
                values = next;
            }
            out.copy_from_slice(&values);
        });
        out
    }

    pub fn packed(&self, layer: &Layer) -> kernel::Packed {
        kernel::Packed::from_columns(&self.weights(layer), layer.inputs)
    }

    /// What inputs are multiplied with: the weights, or of a layer that gives cosines their directions, as long as its scale.
    pub fn weights(&self, layer: &Layer) -> Cow<'_, [f32]> {
        let weights = &self.numbers[layer.weights..layer.bias];
        let Some(scale) = layer.cosine else { return weights.into() };
        let mut directions = weights.to_vec();
        unit_rows(&mut directions, layer.inputs);
        directions.iter_mut().for_each(|value| *value *= scale);
        directions.into()
    }

    /// Bias, normalisation and activation of one row of a layer.
    fn finish(&self, layer: &Layer, row: &mut [f32]) {
        let bias = &self.numbers[layer.bias..][..layer.outputs];
        row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        if let Some(scale) = layer.scale {
            normalise_row(row, &self.numbers[scale..][..2 * layer.outputs]);
        }
        if !layer.last {
            row.iter_mut().for_each(|value| *value = self.shape.activation.value(*value));
        }
    }

    /// Probabilities of many vectors; `shift` is added to the logits, then they are divided by the temperature.
    pub fn probabilities(&self, vectors: Matrix<'_>, temperature: f32, shift: &[f32]) -> Vec<f32> {
        let mut rows = self.logits(vectors);
        let classes = self.shape.classes;
        rows.par_chunks_mut(classes).for_each(|row| tempered(row, temperature, shift));
        rows
    }
}

/// Mean 0 and deviation 1, then scale and shift; gives back the deviation's inverse.
pub(crate) fn normalise_row(row: &mut [f32], scale_and_shift: &[f32]) -> f32 {
    let inverse = standardise(row);
    let (scale, shift) = scale_and_shift.split_at(row.len());
    row.iter_mut().zip(scale.iter().zip(shift)).for_each(|(value, (scale, shift))| *value = *value * scale + shift);
    inverse
}

/// Rows become of length 1; gives back what each was multiplied with. Of a row of nothing, nothing is made.
pub(crate) fn unit_rows(values: &mut [f32], width: usize) -> Vec<f32> {
    let one = |row: &mut [f32]| {
        let length = kernel::dot(row, row).sqrt();
        let inverse = if length > SHORTEST { 1.0 / length } else { 0.0 };
        row.iter_mut().for_each(|value| *value *= inverse);
        inverse
    };
    values.chunks_exact_mut(width).map(one).collect()
}

/// The way back through [`unit_rows`]: slopes of the units become slopes of the rows.
pub(crate) fn back_through_units(units: &[f32], inverse: &[f32], slopes: &mut [f32], width: usize) {
    let rows = units.chunks_exact(width).zip(inverse);
    for (slope, (unit, inverse)) in slopes.chunks_exact_mut(width).zip(rows) {
        let along = kernel::dot(unit, slope);
        slope.iter_mut().zip(unit).for_each(|(slope, unit)| *slope = inverse * (*slope - along * unit));
    }
}

pub(crate) fn standardise(row: &mut [f32]) -> f32 {
    let mean = row.iter().sum::<f32>() / row.len() as f32;
    let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / row.len() as f32;
    let inverse = 1.0 / (variance + EPSILON).sqrt();
    row.iter_mut().for_each(|value| *value = (*value - mean) * inverse);
    inverse
}

/// Logits become probabilities at a temperature, after a shift per class.
pub(crate) fn tempered(row: &mut [f32], temperature: f32, shift: &[f32]) {
    row.iter_mut().zip(shift).for_each(|(logit, shift)| *logit += shift);
    row.iter_mut().for_each(|logit| *logit /= temperature);
    softmax(row, 0);
}

/// Logits become probabilities; gives back −log of the label's.
pub(crate) fn softmax(row: &mut [f32], label: usize) -> f64 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let own = f64::from(row[label]) - f64::from(most);
    let mut sum = 0.0f64;
    for value in row.iter_mut() {
        *value = (*value - most).exp();
        sum += f64::from(*value);
    }
    let inverse = (1.0 / sum) as f32;
    row.iter_mut().for_each(|value| *value *= inverse);
    sum.ln() - own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_vector_and_many_give_the_same() {
        [None, Some(30.0)].into_iter().for_each(the_same);
    }

    fn the_same(cosine: Option<f32>) {
        let (hidden, activation) = (vec![7, 3], Activation::Gelu);
        let shape = Shape { dims: 5, hidden, classes: 4, activation, layer_norm: true, cosine };
        let mut chance = crate::chance::Chance::new(3);
        let numbers = (0..shape.parameters()).map(|_| chance.normal() as f32).collect();
        let network = Network::new(shape, numbers).unwrap();
        let data: Vec<f32> = (0..5 * 9).map(|_| chance.normal() as f32).collect();
        let matrix = Matrix::new(&data, 5).unwrap();
        let many = network.logits(matrix);
        for row in 0..9 {
            let one = network.logits_of_one(matrix.row(row));
            assert!(one.iter().zip(&many[row * 4..]).all(|(a, b)| (a - b).abs() < 1e-4));
        }
    }

    #[test]
    fn softmax_sums_to_one_and_stands_large_numbers() {
        let mut row = [1000.0, 999.0, -1000.0];
        let loss = softmax(&mut row, 1);
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6 && (loss + f64::from(row[1]).ln()).abs() < 1e-6);
    }

    #[test]
    fn slopes_of_activations_are_their_differences() {
        for activation in [Activation::Relu, Activation::Gelu] {
            for x in [-2.0f32, -0.3, 0.4, 1.7] {
                let slope = (activation.value(x + 1e-2) - activation.value(x - 1e-2)) / 2e-2;
                assert!((slope - activation.slope(x)).abs() < 1e-3, "{activation:?} at {x}");
            }
        }
    }
}
