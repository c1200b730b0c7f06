//! Multinomial logistic regression with an L2 penalty, in the scale of scikit-learn.
//!
//! What is minimised is `mean(weight · −log p(label)) + ‖W‖² / (2 · C · Σ weights)`; the intercept is free. Two classes are
//! kept as two rows of weights with half the C, which is the same model as scikit-learn's one row. Rows are shared out in
//! a fixed number of shards whose sums are added in order: one thread or twenty give the same head.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::lbfgs::{Memory, Point, dot};
use super::network::{Network, softmax};
use super::temperature::least_loss;
use super::weights::{ClassWeights, HardMining};
use super::{Fit, Iteration, Samples, Trace};
use crate::rows::ranges;
use crate::{Error, Rows, kernel};

/// Shares of the rows; fixed, so that sums do not depend on the machine.
const SHARDS: usize = 16;
/// Inverse strength of the penalty where nothing tells which is best.
const USUAL: f64 = 1.0;
/// Those that are tried, each only while the one before was better than all before it.
const TRIED: [f64; 4] = [USUAL, 10.0, 100.0, 1_000.0];
/// Rows of one product.
const BLOCK: usize = 256;

/// Options of a logistic head, with the defaults that a person sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticOptions {
    /// Inverse strength of the penalty; where none is given, that of 1, 10, 100 and 1,000 which tells validation rows apart best,
    /// and 1 where there are none. Vectors of length 1 want less of a penalty than scikit-learn's usual 1.
    pub c: Option<f64>,
    /// How classes weigh against each other.
    pub class_weights: ClassWeights,
    /// The last iteration at the latest.
    pub max_iterations: usize,
    /// The end is when the loss or the largest coefficient change by no more than this.
    pub tolerance: f64,
    /// A second round with hard rows weighing more.
    pub hard_mining: Option<HardMining>,
}

impl Default for LogisticOptions {
    fn default() -> Self {
        let class_weights = ClassWeights::default();
        Self { c: None, class_weights, max_iterations: 1_000, tolerance: 1e-4, hard_mining: None }
    }
}

impl LogisticOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let good = self.c.is_none_or(|c| c > 0.0 && c.is_finite()) && self.tolerance >= 0.0 && self.max_iterations > 0;
        let why = "C and the number of iterations must be positive, the tolerance not negative";
        if good { Ok(()) } else { Err(Error::invalid("options of the logistic head", why)) }
    }
}

/// The function to minimise.
struct Objective<'a> {
    samples: &'a Samples<'a>,
    weights: Vec<f64>,
    total: f64,
    classes: usize,
    c: f64,
}

/// Loss, slope and hits of some rows.
struct Part {
    loss: f64,
    hits: usize,
    slope: Vec<f64>,
}

impl Objective<'_> {
    fn dims(&self) -> usize {
        self.samples.vectors.dims()
    }

    /// Value, slope and how the training rows fare.
    fn evaluate(&self, place: &[f64]) -> (f64, Vec<f64>, Fit) {
        let (classes, dims) = (self.classes, self.dims());
        let numbers: Vec<f32> = place.iter().map(|value| *value as f32).collect();
        let (matrix, bias) = numbers.split_at(classes * dims);
        let packed = kernel::Packed::from_columns(matrix, dims);
        let shards: Vec<Range<usize>> = ranges(self.weights.len(), self.weights.len().div_ceil(SHARDS)).collect();
        let parts: Vec<Part> =
            shards.into_par_iter().map(|shard| self.shard(shard, &packed, bias, place.len())).collect();
        self.finished(place, parts)
    }

    fn finished(&self, place: &[f64], parts: Vec<Part>) -> (f64, Vec<f64>, Fit) {
        let penalised = self.classes * self.dims();
        let strength = 1.0 / (self.c * self.total);
        let mut slope = vec![0.0; place.len()];
        let (mut loss, mut hits) = (0.0, 0);
        for part in parts {
            loss += part.loss;
            hits += part.hits;
            slope.iter_mut().zip(part.slope).for_each(|(to, value)| *to += value);
        }
        slope.iter_mut().for_each(|value| *value /= self.total);
        self.centre(&mut slope);
        slope.iter_mut().zip(&place[..penalised]).for_each(|(to, value)| *to += strength * value);
        let fit = Fit { loss: loss / self.total, accuracy: hits as f64 / self.weights.len() as f64 };
        (fit.loss + 0.5 * strength * dot(&place[..penalised], &place[..penalised]), slope, fit)
    }

    /// Adding the same to all classes changes no probability; rounding must not make the head drift that way.
    fn centre(&self, slope: &mut [f64]) {
        let (weights, bias) = slope.split_at_mut(self.classes * self.dims());
        let mut mean = vec![0.0; self.dims()];
        let share = 1.0 / self.classes as f64;
        weights.chunks_exact(mean.len()).for_each(|row| mean.iter_mut().zip(row).for_each(|(m, v)| *m += share * v));
        let rows = weights.chunks_exact_mut(mean.len());
        rows.for_each(|row| row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean));
        let mean = share * bias.iter().sum::<f64>();
        bias.iter_mut().for_each(|value| *value -= mean);
    }

    fn shard(&self, shard: Range<usize>, packed: &kernel::Packed, bias: &[f32], length: usize) -> Part {
        let mut part = Part { loss: 0.0, hits: 0, slope: vec![0.0; length] };
        let mut product = vec![0.0; self.classes * self.dims()];
        for range in ranges(shard.len(), BLOCK).map(|r| shard.start + r.start..shard.start + r.end) {
            let mut logits = vec![0.0; range.len() * self.classes];
            kernel::multiply(self.samples.vectors.slice(range.clone()), packed, &mut logits);
            self.turn_into_errors(range.clone(), bias, &mut logits, &mut part);
            let errors = kernel::transposed(&logits, self.classes);
            let vectors = kernel::Packed::from_rows(self.samples.vectors.slice(range), self.dims());
            kernel::multiply(&errors, &vectors, &mut product);
            part.slope.iter_mut().zip(&product).for_each(|(to, value)| *to += f64::from(*value));
        }
        part
    }

    /// Logits become weight × (probability − truth); loss, hits and the slope of the intercepts are noted.
    fn turn_into_errors(&self, range: Range<usize>, bias: &[f32], logits: &mut [f32], part: &mut Part) {
        let first_bias = self.classes * self.dims();
        for (row, at) in logits.chunks_exact_mut(self.classes).zip(range) {
            let (label, weight) = (self.samples.labels[at], self.weights[at]);
            row.iter_mut().zip(bias).for_each(|(logit, bias)| *logit += bias);
            part.hits += usize::from(super::weights::top_two(row).0 == label);
            part.loss += weight * softmax(row, label);
            row[label] -= 1.0;
            for (class, error) in row.iter_mut().enumerate() {
                *error *= weight as f32;
                part.slope[first_bias + class] += f64::from(*error);
            }
        }
    }

    fn at(&self, place: Vec<f64>) -> (Point, Fit) {
        let (value, slope, fit) = self.evaluate(&place);
        (Point { place, value, slope }, fit)
    }
}

/// Fits a head with the penalty of the options, or with each that is to be tried; gives it and its inverse strength.
pub(super) fn train_best(
    options: &LogisticOptions,
    classes: usize,
    samples: &Samples<'_>,
    trace: &mut Trace<'_>,
) -> Result<(Network, f64), Error> {
    let (Some(validation), None) = (trace.validation, options.c) else {
        return Ok((train(options, classes, samples, trace)?, options.c.unwrap_or(USUAL)));
    };
    let (mut best, mut steps): (Option<(f64, (Network, f64))>, usize) = (None, 0);
    for c in TRIED {
        // Steps of all trials are counted on, so that whoever watches sees one line after the other.
        let before = steps;
        let mut log = |iteration: &Iteration| {
            steps += 1;
            (trace.log)(&Iteration { iteration: before + iteration.iteration, ..*iteration })
        };
        let mut trial =
            Trace { validation: Some(validation), log: &mut log, iterations: Vec::new(), converged: false, hard: 0 };
        let network = train(&LogisticOptions { c: Some(c), ..options.clone() }, classes, samples, &mut trial)?;
        let loss = least_loss(&network.logits(validation.vectors), validation.labels, classes);
        if best.as_ref().is_some_and(|(least, _)| loss >= *least) {
            break;
        }
        let Trace { iterations, converged, hard, .. } = trial;
        (trace.iterations, trace.converged, trace.hard) = (iterations, converged, hard);
        best = Some((loss, (network, c)));
    }
    best.map(|(_, found)| found).ok_or_else(|| Error::invalid("C", "there is none to try"))
}

/// Fits a head; each iteration is logged and may be the last.
fn train(
    options: &LogisticOptions,
    classes: usize,
    samples: &Samples<'_>,
    trace: &mut Trace<'_>,
) -> Result<Network, Error> {
    options.check()?;
    let class_weights = options.class_weights.of(samples.labels, classes);
    let weights: Vec<f64> = (0..samples.labels.len()).map(|at| class_weights[samples.labels[at]]).collect();
    // Two rows of weights share a difference between them, so its penalty is half that of one row.
    let c = options.c.unwrap_or(USUAL);
    let c = if classes == 2 { c / 2.0 } else { c };
    let total = weights.iter().sum();
    let mut objective = Objective { samples, weights, total, classes, c };
    let begin = vec![0.0; classes * samples.vectors.dims() + classes];
    let (place, used) = descend(&objective, begin, options.max_iterations, options.tolerance, trace)?;
    let network = network(&place, classes, samples.vectors.dims());
    let Some(mining) = &options.hard_mining else { return Ok(network) };
    let factors = mining.factors(&network.probabilities(samples.vectors, 1.0, &[]), samples.labels, classes);
    trace.hard = factors.iter().filter(|factor| **factor > 1.0).count();
    objective.weights.iter_mut().zip(&factors).for_each(|(weight, factor)| *weight *= factor);
    objective.total = objective.weights.iter().sum();
    let (place, _) = descend(&objective, place, (used / 5).clamp(5, 200), options.tolerance, trace)?;
    Ok(self::network(&place, classes, samples.vectors.dims()))
}

fn network(place: &[f64], classes: usize, dims: usize) -> Network {
    Network::linear(dims, classes, place.iter().map(|value| *value as f32).collect())
}

/// Goes downhill from a place; gives back where it ended and after how many steps.
fn descend(
    objective: &Objective<'_>,
    begin: Vec<f64>,
    most: usize,
    tolerance: f64,
    trace: &mut Trace<'_>,
) -> Result<(Vec<f64>, usize), Error> {
    let (mut point, mut fit) = objective.at(begin);
    let mut memory = Memory::default();
    trace.converged = false;
    for step in 1..=most {
        let mut last = fit;
        let next = memory.step(&point, &mut |place| {
            let (value, slope, fit) = objective.evaluate(place);
            last = fit;
            (value, slope)
        });
        let Some(next) = next else {
            trace.converged = true;
            return Ok((point.place, step - 1));
        };
        let (coef_delta, loss_delta) = (change(&point.place, &next.place), (point.value - next.value).abs());
        (point, fit) = (next, last);
        note(objective, &point.place, fit, (coef_delta, loss_delta), trace)?;
        if coef_delta <= tolerance || loss_delta <= tolerance {
            trace.converged = true;
            return Ok((point.place, step));
        }
    }
    Ok((point.place, most))
}

fn note(
    objective: &Objective<'_>,
    place: &[f64],
    train: Fit,
    (coef_delta, loss_delta): (f64, f64),
    trace: &mut Trace<'_>,
) -> Result<(), Error> {
    let network = trace.validation.map(|_| network(place, objective.classes, objective.dims()));
    let validation = network.and_then(|network| trace.validated(&network, &[]));
    trace.note(Iteration { iteration: 0, train, validation, coef_delta, loss_delta })
}

/// The largest change of a coefficient, as a share of the largest coefficient.
fn change(from: &[f64], to: &[f64]) -> f64 {
    let largest = to.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    let moved = from.iter().zip(to).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
    if largest > 0.0 { moved / largest } else { 0.0 }
}
