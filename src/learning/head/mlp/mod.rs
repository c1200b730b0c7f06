//! A small multilayer perceptron, trained by minibatches.

mod batches;
mod contrast;
mod layers;
mod margin;
mod optimiser;

use serde::{Deserialize, Serialize};

use super::network::{Activation, Network, Shape};
use super::weights::{ClassWeights, HardMining, counts};
use super::{Fit, Iteration, Samples, Trace};
use crate::chance::Chance;
use crate::{Error, Rows};
use batches::Batches;
pub use contrast::Contrastive;
use layers::Learner;
pub use margin::ArcFace;

/// Epochs of the second round, with hard rows weighing more.
const HARD_EPOCHS: usize = 5;

/// When the frequency of classes is taken out of the logits (Menon et al., 2021).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogitAdjustment {
    /// Never.
    #[default]
    None,
    /// While training: the loss sees logit + log prior.
    Train,
    /// When asked: the answer is logit − log prior.
    Infer,
    /// Both, for very uneven classes.
    Both,
}

/// Options of an MLP head, with the defaults that a person sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MlpOptions {
    /// Sizes of the hidden layers.
    pub hidden: Vec<usize>,
    /// Share of hidden values that are left out at random.
    pub dropout: f32,
    /// The last epoch at the latest.
    pub epochs: usize,
    /// Rows of a step; fewer when there are few rows, so that an epoch has sixteen steps.
    pub batch: usize,
    /// Step length of AdamW at the beginning; it falls to nothing along half a cosine.
    pub learning_rate: f32,
    /// How much weights shrink by themselves.
    pub weight_decay: f32,
    /// Share of the truth that is spread over all classes.
    pub label_smoothing: f32,
    /// Focal loss with that γ instead of cross-entropy.
    pub focal_gamma: Option<f32>,
    /// What follows each hidden layer.
    pub activation: Activation,
    /// Normalise hidden layers.
    pub layer_norm: bool,
    /// Mix pairs of rows with shares from Beta(α, α); 0 turns it off.
    pub mixup: f64,
    /// Draw every class equally often.
    pub balanced_sampler: bool,
    /// How classes weigh against each other.
    pub class_weights: ClassWeights,
    /// Epochs without a better validation loss until it ends.
    pub patience: usize,
    /// When the frequency of classes is taken out.
    pub logit_adjustment: LogitAdjustment,
    /// A margin between classes; the head then gives cosines. Of a mixture it is that of the class it is most of.
    pub arcface: Option<ArcFace>,
    /// Hidden values of a class come together; a mixture counts as the class it is most of.
    pub contrastive: Option<Contrastive>,
    /// A second round with hard rows weighing more.
    pub hard_mining: Option<HardMining>,
    /// Same seed, same head.
    pub seed: u64,
}

impl Default for MlpOptions {
    fn default() -> Self {
        Self {
            hidden: vec![256],
            dropout: 0.1,
            epochs: 50,
            batch: 64,
            learning_rate: 1e-3,
            weight_decay: 1e-4,
            label_smoothing: 0.05,
            focal_gamma: None,
            activation: Activation::Gelu,
            layer_norm: false,
            mixup: 0.1,
            balanced_sampler: false,
            class_weights: ClassWeights::None,
            patience: 6,
            logit_adjustment: LogitAdjustment::None,
            arcface: None,
            contrastive: None,
            hard_mining: None,
            seed: 42,
        }
    }
}

impl MlpOptions {
    fn check(&self) -> Result<(), Error> {
        let shares = [self.dropout, self.label_smoothing].iter().all(|share| (0.0..1.0).contains(share));
        let sizes = self.hidden.iter().all(|size| (1..=16_384).contains(size)) && self.hidden.len() <= 8;
        let counts = self.epochs > 0 && self.batch > 0 && self.patience > 0;
        let rates = self.learning_rate > 0.0 && self.weight_decay >= 0.0 && self.mixup >= 0.0;
        self.check_losses()?;
        if shares && sizes && counts && rates && self.focal_gamma.is_none_or(|gamma| gamma >= 0.0) {
            return Ok(());
        }
        let why = "dropout and smoothing lie in 0..1, at most 8 hidden layers have 1 to 16384 values, \
                   epochs, batch, patience and learning rate are positive, the rest not negative";
        Err(Error::invalid("options of the MLP head", why))
    }

    fn check_losses(&self) -> Result<(), Error> {
        if !self.arcface.is_none_or(ArcFace::is_sound) {
            return Err(Error::invalid("arcface", "the margin lies in 0..1, the scale above 0 and up to 1000"));
        }
        if !self.contrastive.is_none_or(Contrastive::is_sound) {
            return Err(Error::invalid("contrastive", "the weight is not negative, the temperature lies in 0.01..10"));
        }
        if self.contrastive.is_some() && self.hidden.is_empty() {
            return Err(Error::invalid("contrastive", "it draws hidden values together: give the head a hidden layer"));
        }
        Ok(())
    }
}

/// Log of each class's share of the rows, smoothed by one row.
fn log_priors(labels: &[usize], classes: usize) -> Vec<f32> {
    let total = (labels.len() + classes) as f32;
    counts(labels, classes).into_iter().map(|count| ((count + 1) as f32 / total).ln()).collect()
}

/// Fits a network; the second part of the answer is what to add to its logits.
pub(crate) fn train(
    options: &MlpOptions,
    classes: usize,
    samples: &Samples<'_>,
    trace: &mut Trace<'_>,
) -> Result<(Network, Vec<f32>), Error> {
    options.check()?;
    let priors = log_priors(samples.labels, classes);
    let shift: Vec<f32> = match options.logit_adjustment {
        LogitAdjustment::Infer | LogitAdjustment::Both => priors.iter().map(|prior| -prior).collect(),
        _ => Vec::new(),
    };
    let mut training = Training::new(options, classes, samples, priors, &shift);
    training.run(options.epochs, trace)?;
    if let Some(mining) = &options.hard_mining {
        training.weigh_hard_rows(mining, trace);
        training.run(HARD_EPOCHS, trace)?;
    }
    Ok((training.learner.network, shift))
}

/// One run over the epochs.
struct Training<'a> {
    options: &'a MlpOptions,
    classes: usize,
    samples: &'a Samples<'a>,
    weights: Vec<f64>,
    learner: Learner,
    shift: &'a [f32],
    chance: Chance,
}

impl<'a> Training<'a> {
    fn new(
        options: &'a MlpOptions,
        classes: usize,
        samples: &'a Samples<'a>,
        priors: Vec<f32>,
        shift: &'a [f32],
    ) -> Self {
        let class_weights = options.class_weights.of(samples.labels, classes);
        let weights = samples.labels.iter().map(|label| class_weights[*label]).collect();
        let (hidden, activation) = (options.hidden.clone(), options.activation);
        let (dims, layer_norm) = (samples.vectors.dims(), options.layer_norm);
        let cosine = options.arcface.map(|arcface| arcface.scale);
        let shape = Shape { dims, hidden, classes, activation, layer_norm, cosine };
        let mut chance = Chance::new(options.seed);
        let adjusted = matches!(options.logit_adjustment, LogitAdjustment::Train | LogitAdjustment::Both);
        let offset = if adjusted { priors } else { Vec::new() };
        let learner = Learner::new(shape, options, offset, &mut chance);
        Self { options, classes, samples, weights, learner, shift, chance }
    }

    /// Goes through epochs until the loss no longer falls, then back to the best one.
    fn run(&mut self, epochs: usize, trace: &mut Trace<'_>) -> Result<(), Error> {
        let (mut best, mut best_numbers, mut since, mut last) = (f64::INFINITY, Vec::new(), 0, f64::NAN);
        trace.converged = false;
        for epoch in 0..epochs {
            let before = self.learner.network.numbers.clone();
            let train = self.epoch(epoch, epochs);
            let validation = trace.validated(&self.learner.network, self.shift);
            let coef_delta = moved(&before, &self.learner.network.numbers);
            let loss_delta = if last.is_nan() { train.loss } else { (last - train.loss).abs() };
            last = train.loss;
            trace.note(Iteration { iteration: 0, train, validation, coef_delta, loss_delta })?;
            let loss = validation.map_or(train.loss, |fit| fit.loss);
            if loss < best {
                (best, since) = (loss, 0);
                best_numbers.clone_from(&self.learner.network.numbers);
            } else {
                since += 1;
            }
            if since >= self.options.patience {
                trace.converged = true;
                break;
            }
        }
        if !best_numbers.is_empty() {
            self.learner.network.numbers = best_numbers;
        }
        Ok(())
    }

    fn epoch(&mut self, epoch: usize, epochs: usize) -> Fit {
        let batches = Batches::new(self.options, self.samples, &self.weights, self.classes, &mut self.chance);
        let steps = batches.count();
        let (mut loss, mut hits, mut rows, mut weight) = (0.0, 0, 0, 0.0);
        for step in 0..steps {
            let batch = batches.get(step, &mut self.chance);
            let gone = (epoch * steps + step) as f32 / (epochs * steps) as f32;
            let rate = self.options.learning_rate * 0.5 * (1.0 + (std::f32::consts::PI * gone).cos());
            let done = self.learner.learn(&batch, rate, &mut self.chance);
            loss += done.loss;
            hits += done.hits;
            weight += done.weight;
            rows += batch.weights.len();
        }
        Fit { loss: loss / weight.max(f64::MIN_POSITIVE), accuracy: hits as f64 / rows.max(1) as f64 }
    }

    fn weigh_hard_rows(&mut self, mining: &HardMining, trace: &mut Trace<'_>) {
        let probabilities = self.learner.network.probabilities(self.samples.vectors, 1.0, self.shift);
        let factors = mining.factors(&probabilities, self.samples.labels, self.classes);
        trace.hard = factors.iter().filter(|factor| **factor > 1.0).count();
        self.weights.iter_mut().zip(factors).for_each(|(weight, factor)| *weight *= factor);
    }
}

fn moved(from: &[f32], to: &[f32]) -> f64 {
    let most = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, f32::max);
    let largest = most(&mut to.iter().map(|value| value.abs()));
    let change = most(&mut from.iter().zip(to).map(|(a, b)| (a - b).abs()));
    if largest > 0.0 { f64::from(change / largest) } else { 0.0 }
}
