//! Forward with a memory, and backward: how each number of the network changes the loss.

use super::super::network::{Layer, Network, Shape, back_through_units, softmax, standardise, unit_rows};
use super::super::weights::top_two;
use super::MlpOptions;
use super::batches::Batch;
use super::contrast::Contrastive;
use super::margin::ArcFace;
use super::optimiser::AdamW;
use crate::chance::Chance;
use crate::kernel::{Packed, multiply_wide, transposed};

/// A network that learns.
pub(super) struct Learner {
    pub network: Network,
    layers: Vec<Layer>,
    optimiser: AdamW,
    dropout: f32,
    gamma: Option<f32>,
    arcface: Option<ArcFace>,
    contrastive: Option<Contrastive>,
    /// Added to the logits that the loss sees.
    offset: Vec<f32>,
}

/// What one layer did, as far as the way back needs it.
struct Step {
    /// Of a layer that gives cosines, the rows at length 1.
    input: Vec<f32>,
    /// What they were multiplied with for it.
    shrunk: Vec<f32>,
    /// Values after standardising (with layer norm), and the inverse deviation of each row.
    standard: Vec<f32>,
    inverse: Vec<f32>,
    before_activation: Vec<f32>,
    /// 0 for what was dropped, else what the rest was multiplied with.
    kept: Vec<f32>,
}

/// Sums over a batch.
pub(super) struct Done {
    pub loss: f64,
    pub weight: f64,
    pub hits: usize,
}

impl Learner {
    pub fn new(shape: Shape, options: &MlpOptions, offset: Vec<f32>, chance: &mut Chance) -> Self {
        let layers = shape.layers();
        let (mut numbers, mut shrinks) = (vec![0.0; shape.parameters()], vec![false; shape.parameters()]);
        for layer in &layers {
            // Glorot and Bengio, 2010.
            let spread = (6.0 / (layer.inputs + layer.outputs) as f64).sqrt();
            let uniform = |number: &mut f32| *number = ((2.0 * chance.unit() - 1.0) * spread) as f32;
            numbers[layer.weights..layer.bias].iter_mut().for_each(uniform);
            shrinks[layer.weights..layer.bias].fill(true);
            if let Some(scale) = layer.scale {
                numbers[scale..scale + layer.outputs].fill(1.0);
            }
        }
        let optimiser = AdamW::new(options.weight_decay, shrinks);
        let network = Network { shape, numbers };
        let MlpOptions { dropout, focal_gamma: gamma, arcface, contrastive, .. } = *options;
        Self { network, layers, optimiser, dropout, gamma, arcface, contrastive, offset }
    }

    /// One step on one batch.
    pub fn learn(&mut self, batch: &Batch, rate: f32, chance: &mut Chance) -> Done {
        let (done, slope) = self.slope(batch, chance);
        self.optimiser.step(&mut self.network.numbers, &slope, rate);
        done
    }

    /// What a batch costs, and how each number changes that.
    fn slope(&self, batch: &Batch, chance: &mut Chance) -> (Done, Vec<f32>) {
        let (steps, mut logits) = self.forward(batch.vectors.clone(), chance);
        let mut done = self.errors(batch, &mut logits);
        let pulled = self.contrastive.zip(steps.last()).map(|(contrastive, step)| {
            let width = step.input.len() / batch.labels.len().max(1);
            contrastive.pull(&step.input, width, &batch.labels, &batch.weights)
        });
        done.loss += pulled.as_ref().map_or(0.0, |(loss, _)| loss * done.weight);
        let slope = self.backward(&steps, logits, pulled.as_ref().map(|(_, slope)| slope.as_slice()));
        (done, slope)
    }

    fn forward(&self, mut values: Vec<f32>, chance: &mut Chance) -> (Vec<Step>, Vec<f32>) {
        let mut steps = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            let (step, next) = self.through(layer, values, chance);
            steps.push(step);
            values = next;
        }
        (steps, values)
    }

    fn through(&self, layer: &Layer, mut input: Vec<f32>, chance: &mut Chance) -> (Step, Vec<f32>) {
        let shrunk = layer.cosine.map(|_| unit_rows(&mut input, layer.inputs)).unwrap_or_default();
        let mut out = vec![0.0; input.len() / layer.inputs * layer.outputs];
        multiply_wide(&input, &self.network.packed(layer), &mut out);
        let bias = &self.network.numbers[layer.bias..][..layer.outputs];
        for row in out.chunks_exact_mut(layer.outputs) {
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        }
        let mut step =
            Step { input, shrunk, standard: vec![], inverse: vec![], before_activation: vec![], kept: vec![] };
        if let Some(scale) = layer.scale {
            step.inverse = out.chunks_exact_mut(layer.outputs).map(standardise).collect();
            step.standard.clone_from(&out);
            let (scale, shift) = self.network.numbers[scale..][..2 * layer.outputs].split_at(layer.outputs);
            for row in out.chunks_exact_mut(layer.outputs) {
                row.iter_mut().zip(scale.iter().zip(shift)).for_each(|(value, (a, b))| *value = *value * a + b);
            }
        }
        if !layer.last {
            step.before_activation.clone_from(&out);
            step.kept = self.lottery(out.len(), chance);
            let activation = self.network.shape.activation;
            out.iter_mut().zip(&step.kept).for_each(|(value, kept)| *value = activation.value(*value) * kept);
        }
        (step, out)
    }

    fn lottery(&self, count: usize, chance: &mut Chance) -> Vec<f32> {
        let stay = 1.0 / (1.0 - self.dropout);
        let dropped = |chance: &mut Chance| self.dropout > 0.0 && (chance.unit() as f32) < self.dropout;
        (0..count).map(|_| if dropped(chance) { 0.0 } else { stay }).collect()
    }

    /// Logits become the slope of the batch's mean loss.
    fn errors(&self, batch: &Batch, logits: &mut [f32]) -> Done {
        let classes = self.network.shape.classes;
        let mut done = Done { loss: 0.0, weight: batch.weights.iter().map(|weight| f64::from(*weight)).sum(), hits: 0 };
        let inverse = 1.0 / done.weight.max(f64::MIN_POSITIVE) as f32;
        let wanted = batch.targets.chunks_exact(classes).zip(&batch.weights).zip(&batch.labels);
        for (row, ((targets, weight), label)) in logits.chunks_exact_mut(classes).zip(wanted) {
            let turn = self.arcface.map_or(1.0, |arcface| arcface.turn(&mut row[*label]));
            row.iter_mut().zip(&self.offset).for_each(|(logit, offset)| *logit += offset);
            softmax(row, 0);
            done.hits += usize::from(top_two(row).0 == *label);
            done.loss += f64::from(*weight) * loss(row, targets, self.gamma);
            row.iter_mut().for_each(|error| *error *= weight * inverse);
            row[*label] *= turn;
        }
        done
    }

    /// `pulled` is what else changes the loss at the door of the last layer.
    fn backward(&self, steps: &[Step], mut errors: Vec<f32>, pulled: Option<&[f32]>) -> Vec<f32> {
        let mut slope = vec![0.0; self.network.numbers.len()];
        for (layer, step) in self.layers.iter().zip(steps).rev() {
            if !layer.last {
                let activation = self.network.shape.activation;
                let passed = step.before_activation.iter().zip(&step.kept);
                errors.iter_mut().zip(passed).for_each(|(error, (x, kept))| *error *= activation.slope(*x) * kept);
            }
            if let Some(scale) = layer.scale {
                self.back_through_norm(layer, scale, step, &mut errors, &mut slope);
            }
            for row in errors.chunks_exact(layer.outputs).filter(|_| layer.cosine.is_none()) {
                slope[layer.bias..][..layer.outputs].iter_mut().zip(row).for_each(|(to, error)| *to += error);
            }
            let turned = transposed(&errors, layer.outputs);
            multiply_wide(
                &turned,
                &Packed::from_rows(&step.input, layer.inputs),
                &mut slope[layer.weights..layer.bias],
            );
            self.back_through_directions(layer, &mut slope[layer.weights..layer.bias]);
            if layer.weights > 0 {
                errors = self.to_inputs(layer, &errors);
                if let Some(pulled) = pulled.filter(|_| layer.last) {
                    errors.iter_mut().zip(pulled).for_each(|(error, pulled)| *error += pulled);
                }
                if layer.cosine.is_some() {
                    back_through_units(&step.input, &step.shrunk, &mut errors, layer.inputs);
                }
            }
        }
        slope
    }

    /// Slopes of directions as long as the scale become slopes of the weights themselves.
    fn back_through_directions(&self, layer: &Layer, slope: &mut [f32]) {
        let Some(scale) = layer.cosine else { return };
        let mut directions = self.network.numbers[layer.weights..layer.bias].to_vec();
        let inverse = unit_rows(&mut directions, layer.inputs);
        slope.iter_mut().for_each(|value| *value *= scale);
        back_through_units(&directions, &inverse, slope, layer.inputs);
    }

    fn to_inputs(&self, layer: &Layer, errors: &[f32]) -> Vec<f32> {
        let mut below = vec![0.0; errors.len() / layer.outputs * layer.inputs];
        let weights = Packed::from_rows(&self.network.weights(layer), layer.inputs);
        multiply_wide(errors, &weights, &mut below);
        below
    }

    fn back_through_norm(&self, layer: &Layer, at: usize, step: &Step, errors: &mut [f32], slope: &mut [f32]) {
        let width = layer.outputs;
        let scale = &self.network.numbers[at..at + width];
        let rows = step.standard.chunks_exact(width).zip(&step.inverse);
        for (errors, (standard, inverse)) in errors.chunks_exact_mut(width).zip(rows) {
            for (unit, error) in errors.iter_mut().enumerate() {
                slope[at + unit] += *error * standard[unit];
                slope[at + width + unit] += *error;
                *error *= scale[unit];
            }
            let mean = errors.iter().sum::<f32>() / width as f32;
            let along = errors.iter().zip(standard).map(|(e, s)| e * s).sum::<f32>() / width as f32;
            errors.iter_mut().zip(standard).for_each(|(e, s)| *e = inverse * (*e - mean - s * along));
        }
    }
}

/// The loss of one row, whose probabilities become its slope: Σ target · (1 − p)^γ · −log p, γ = 0 without focus.
fn loss(row: &mut [f32], targets: &[f32], gamma: Option<f32>) -> f64 {
    let gamma = gamma.unwrap_or(0.0);
    let (mut sum, mut pull) = (0.0, 0.0);
    let mut pulls = Vec::with_capacity(row.len());
    for (&p, target) in row.iter().zip(targets) {
        let (log, rest) = (p.max(f32::MIN_POSITIVE).ln(), (1.0 - p).max(1e-7));
        let focus = if gamma == 0.0 { 1.0 } else { rest.powf(gamma) };
        sum -= f64::from(target * focus * log);
        pulls.push(target * (focus - if gamma == 0.0 { 0.0 } else { gamma * p * rest.powf(gamma - 1.0) * log }));
        pull += pulls[pulls.len() - 1];
    }
    row.iter_mut().zip(pulls).for_each(|(p, own)| *p = *p * pull - own);
    sum
}

#[cfg(test)]
mod tests {
    use super::super::super::network::Activation;
    use super::*;

    /// Small enough for a bent function, large enough for 32 bits.
    const STEP: f32 = 3e-3;

    fn plain() -> MlpOptions {
        MlpOptions { dropout: 0.0, ..MlpOptions::default() }
    }

    /// The slope that `backward` gives, beside differences of the loss, for every number of a small network.
    fn worst_difference(options: &MlpOptions) -> f32 {
        let (layer_norm, cosine) = (options.layer_norm, options.arcface.map(|arcface| arcface.scale));
        let (hidden, activation) = (vec![5, 3], Activation::Gelu);
        let shape = Shape { dims: 4, hidden, classes: 3, activation, layer_norm, cosine };
        let mut chance = Chance::new(11);
        let mut learner = Learner::new(shape, options, vec![0.1, -0.2, 0.0], &mut chance);
        let batch = Batch {
            vectors: (0..24).map(|_| chance.normal() as f32).collect(),
            targets: [0.8, 0.1, 0.1, 0.0, 1.0, 0.0].repeat(3),
            labels: vec![0, 1, 0, 1, 0, 1],
            weights: vec![1.0, 2.0, 0.5, 1.0, 1.0, 3.0],
        };
        let (_, slope) = learner.slope(&batch, &mut chance);
        let mut value = |learner: &Learner| {
            let (done, _) = learner.slope(&batch, &mut chance);
            done.loss / done.weight
        };
        let mut worst = 0.0f32;
        for (at, wanted) in slope.iter().enumerate() {
            let number = learner.network.numbers[at];
            // The intercepts of a layer of cosines stay nothing.
            if cosine.is_some() && at >= slope.len() - 3 {
                assert!(*wanted == 0.0 && number == 0.0);
                continue;
            }
            learner.network.numbers[at] = number + STEP;
            let above = value(&learner);
            learner.network.numbers[at] = number - STEP;
            let below = value(&learner);
            learner.network.numbers[at] = number;
            worst = worst.max((((above - below) / f64::from(2.0 * STEP)) as f32 - wanted).abs());
        }
        worst
    }

    #[test]
    fn backward_is_the_slope_of_forward() {
        let arcface = Some(ArcFace { margin: 0.2, scale: 4.0 });
        let contrastive = Some(Contrastive { weight: 0.5, temperature: 0.5 });
        let cases = [
            plain(),
            MlpOptions { layer_norm: true, ..plain() },
            MlpOptions { focal_gamma: Some(2.0), ..plain() },
            MlpOptions { layer_norm: true, focal_gamma: Some(1.5), ..plain() },
            MlpOptions { arcface, ..plain() },
            MlpOptions { contrastive, ..plain() },
            MlpOptions { arcface, contrastive, layer_norm: true, focal_gamma: Some(2.0), ..plain() },
        ];
        for options in cases {
            let worst = worst_difference(&options);
            assert!(worst < 2e-3, "{options:?}: {worst}");
        }
    }
}
