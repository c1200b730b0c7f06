//! Class heads: small classifiers on embeddings, trained in seconds, kept as safe files.
//!
//! In go vectors with the number of their class, split by image; out comes a `Head` that gives probabilities. Everything
//! that is fitted is fitted on the training rows; validation rows stop an MLP and set the temperature; the test rows are
//! touched once, by the caller, with `Metrics`.

mod artefact;
mod background;
mod lbfgs;
mod logistic;
mod metrics;
mod mlp;
mod network;
mod split;
mod temperature;
#[cfg(test)]
mod tests;
mod weights;

use serde::{Deserialize, Serialize};
use tator_domain::ClassId;

pub use background::{Guard, Verdict, clusters, verdict};
pub use logistic::LogisticOptions;
pub use metrics::{ClassMetrics, Interval, Metrics, Scored};
pub use mlp::{ArcFace, Contrastive, LogitAdjustment, MlpOptions};
pub use network::{Activation, Shape};
pub use split::{Parts, Shares, SplitRow, split_by_image};
pub use temperature::best_temperature;
pub(crate) use weights::top_two;
pub use weights::{ClassWeights, HardMining};

use crate::{Error, Matrix, Rows};
use network::Network;

/// What a head tells apart: a class of the dataset, or a hidden kind of background.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadClass {
    /// A class of the dataset, by its number.
    Class(ClassId),
    /// One of the kinds of background, never shown to people.
    Background(u16),
}

/// How a head is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Recipe {
    /// Multinomial logistic regression.
    Logistic(LogisticOptions),
    /// A small multilayer perceptron.
    Mlp(MlpOptions),
}

impl Recipe {
    /// Inverse strength of the penalty of a logistic head, where it is known.
    #[must_use]
    pub fn c(&self) -> Option<f64> {
        match self {
            Self::Logistic(options) => options.c,
            Self::Mlp(_) => None,
        }
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self::Logistic(LogisticOptions::default())
    }
}

/// Vectors with the number of their class in the head.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The embeddings.
    pub vectors: Matrix<'a>,
    /// For each its class, an index into the head's classes.
    pub labels: &'a [usize],
}

/// How a head does on some rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Mean −log of the probability of the true class.
    pub loss: f64,
    /// Share of rows whose most probable class is the true one.
    pub accuracy: f64,
}

/// One iteration of the solver, or one epoch of the MLP.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    /// Counted from 1, on through the second round with hard rows.
    pub iteration: usize,
    /// On the training rows, as the solver sees them (weighted).
    pub train: Fit,
    /// On the validation rows, unweighted.
    pub validation: Option<Fit>,
    /// The largest change of a coefficient, as a share of the largest.
    pub coef_delta: f64,
    /// How much the training loss changed.
    pub loss_delta: f64,
}

/// Hears of each iteration; its `false` stops the training.
pub type Log<'a> = &'a mut dyn FnMut(&Iteration) -> bool;

/// A trained classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The encoder whose embeddings it reads, by fingerprint.
    pub encoder: String,
    /// What each output means.
    pub classes: Vec<HeadClass>,
    /// How it was made.
    pub recipe: Recipe,
    /// What logits are divided by.
    pub temperature: f32,
    /// What is added to the logits before, a number per class or none at all.
    shift: Vec<f32>,
    network: Network,
}

/// A head with the story of its training.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The classifier.
    pub head: Head,
    /// All iterations.
    pub log: Vec<Iteration>,
    /// Whether the solver stopped by itself and not by the last iteration.
    pub converged: bool,
    /// How many rows counted as hard.
    pub hard: usize,
}

/// What a solver writes down as it goes.
pub(crate) struct Trace<'a> {
    validation: Option<&'a Samples<'a>>,
    log: Log<'a>,
    iterations: Vec<Iteration>,
    converged: bool,
    hard: usize,
}

impl Trace<'_> {
    fn note(&mut self, mut iteration: Iteration) -> Result<(), Error> {
        iteration.iteration = self.iterations.len() + 1;
        self.iterations.push(iteration);
        if (self.log)(&iteration) { Ok(()) } else { Err(Error::Stopped) }
    }

    fn validated(&self, network: &Network, shift: &[f32]) -> Option<Fit> {
        self.validation.map(|samples| fit(&network.probabilities(samples.vectors, 1.0, shift), samples.labels))
    }
}

/// Loss and accuracy of probabilities, row after row.
fn fit(probabilities: &[f32], labels: &[usize]) -> Fit {
    let classes = probabilities.len() / labels.len().max(1);
    let rows = probabilities.chunks_exact(classes.max(1)).zip(labels);
    let (mut loss, mut hits) = (0.0, 0);
    for (row, &label) in rows {
        loss -= f64::from(row[label].max(f32::MIN_POSITIVE)).ln();
        hits += usize::from(weights::top_two(row).0 == label);
    }
    let count = labels.len().max(1) as f64;
    Fit { loss: loss / count, accuracy: hits as f64 / count }
}

/// Trains a head. With validation rows an MLP stops in time, the penalty of a logistic head is chosen where none is given, and
/// the temperature is fitted; without, nothing of that. The head's recipe says what was chosen.
pub fn train(
    recipe: &Recipe,
    encoder: &str,
    classes: &[HeadClass],
    samples: &Samples<'_>,
    validation: Option<&Samples<'_>>,
    log: Log<'_>,
) -> Result<Trained, Error> {
    check(classes.len(), samples, "training rows")?;
    let validation = validation.filter(|samples| !samples.labels.is_empty());
    if let Some(samples) = validation {
        check_rows(classes.len(), samples, "validation rows")?;
    }
    let mut trace = Trace { validation, log, iterations: Vec::new(), converged: false, hard: 0 };
    let (network, shift, recipe) = match recipe {
        Recipe::Logistic(options) => {
            let (network, c) = logistic::train_best(options, classes.len(), samples, &mut trace)?;
            (network, Vec::new(), Recipe::Logistic(LogisticOptions { c: Some(c), ..options.clone() }))
        }
        Recipe::Mlp(options) => {
            let (network, shift) = mlp::train(options, classes.len(), samples, &mut trace)?;
            (network, shift, recipe.clone())
        }
    };
    let temperature = validation.map_or(1.0, |samples| {
        best_temperature(&shifted(network.logits(samples.vectors), &shift), samples.labels, classes.len())
    });
    let (encoder, classes) = (encoder.to_owned(), classes.to_vec());
    let head = Head { encoder, classes, recipe, temperature, shift, network };
    Ok(Trained { head, log: trace.iterations, converged: trace.converged, hard: trace.hard })
}

fn shifted(mut logits: Vec<f32>, shift: &[f32]) -> Vec<f32> {
    if !shift.is_empty() {
        let rows = logits.chunks_exact_mut(shift.len());
        rows.for_each(|row| row.iter_mut().zip(shift).for_each(|(logit, shift)| *logit += shift));
    }
    logits
}

fn check(classes: usize, samples: &Samples<'_>, what: &'static str) -> Result<(), Error> {
    check_rows(classes, samples, what)?;
    let present = weights::counts(samples.labels, classes).into_iter().filter(|count| *count > 0).count();
    if present < 2 {
        return Err(Error::invalid(
            what,
            format!("{present} classes are no choice, a head needs rows of at least two"),
        ));
    }
    Ok(())
}

fn check_rows(classes: usize, samples: &Samples<'_>, what: &'static str) -> Result<(), Error> {
    let (vectors, labels) = (samples.vectors.count(), samples.labels.len());
    if vectors != labels {
        return Err(Error::invalid(what, format!("{vectors} vectors have {labels} labels")));
    }
    match samples.labels.iter().find(|label| **label >= classes) {
        Some(label) => Err(Error::invalid(what, format!("label {label} is none of the {classes} classes"))),
        None => Ok(()),
    }
}

impl Head {
    /// How many numbers a vector must have.
    pub fn dims(&self) -> usize {
        self.network.shape.dims
    }

    /// The form of the network.
    pub fn shape(&self) -> &Shape {
        &self.network.shape
    }

    /// All numbers of the network; of a logistic head a row of weights per class, then the intercepts.
    pub fn parameters(&self) -> &[f32] {
        &self.network.numbers
    }

    /// Probabilities of the classes for one vector.
    pub fn predict(&self, vector: &[f32]) -> Result<Vec<f32>, Error> {
        self.check(vector.len())?;
        let mut row = self.network.logits_of_one(vector);
        network::tempered(&mut row, self.temperature, &self.shift);
        Ok(row)
    }

    /// Probabilities for many vectors, row after row.
    pub fn predict_many(&self, vectors: Matrix<'_>) -> Result<Vec<f32>, Error> {
        self.check(vectors.dims())?;
        Ok(self.network.probabilities(vectors, self.temperature, &self.shift))
    }

    fn check(&self, dims: usize) -> Result<(), Error> {
        if dims == self.dims() {
            return Ok(());
        }
        let why = format!("{dims} numbers came, this head reads {} of the encoder {}", self.dims(), self.encoder);
        Err(Error::invalid("vector", why))
    }
}
