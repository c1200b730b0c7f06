//! What is kept of a training: enough to read what came of it, and to do it again with the same outcome.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, ClassId, DatasetName, ImageId, Timestamp};
use tator_learning::head::{Guard, Head, Iteration, Metrics};
use tator_store::{RECORD, RunRecords};

use super::HeadOptions;
use crate::error::Error;

/// The iterations of a run.
pub(super) const LOG: &str = "log.json";
/// What the head says of every box of the test part.
pub(super) const TEST: &str = "test.json";
/// Hashes of the pictures that it was trained or watched with: their truth judges nothing that asks the head.
pub(super) const SEEN: &str = "seen.json";
/// The head itself.
pub(super) const HEAD: &str = "head.tator";

/// A training that came to an end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeadRun {
    /// `head-7`; never given twice.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whose boxes it learnt.
    pub dataset: DatasetName,
    /// When the dataset was made: another one of the same name is another one.
    pub dataset_made_at: Timestamp,
    /// When the training began.
    pub created_at: Timestamp,
    /// How long it took.
    pub seconds: f64,
    /// How much of that the solver took.
    #[serde(default)]
    pub fit_seconds: f64,
    /// Name of the encoder.
    pub encoder: String,
    /// Hashes of the encoder's files.
    pub fingerprint: String,
    /// How boxes were cut out for it.
    pub crop: String,
    /// What was asked.
    pub options: HeadOptions,
    /// On what data.
    pub data: DataVersion,
    /// How they were split.
    pub parts: Parts,
    /// What the head tells apart, in its order; hidden kinds of background come last.
    pub classes: Vec<RunClass>,
    /// Classes with too few boxes, by name.
    pub left_out: Vec<(String, u64)>,
    /// Iterations of the solver, or epochs.
    pub iterations: usize,
    /// It stopped by itself.
    pub converged: bool,
    /// Rows that weighed more in the second round.
    pub hard: usize,
    /// What logits are divided by.
    pub temperature: f32,
    /// On the test part, which nothing was fitted on.
    pub metrics: Metrics,
    /// How the background guard does there.
    pub guard: Option<Guard>,
    /// BLAKE3 of the head's file: the same run again gives the same.
    pub artefact: String,
}

/// The data of a training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataVersion {
    /// Hash of the boxes, their classes and their vectors.
    pub hash: String,
    /// Boxes learnt from or tested on.
    pub boxes: usize,
    /// Images they lie on.
    pub images: usize,
    /// Crops of background.
    pub background: usize,
    /// Labelled boxes that had no present vector.
    pub missing: usize,
    /// Boxes of frequent classes that were left out by chance, so that a training fits into memory.
    #[serde(default)]
    pub sampled_out: usize,
    /// Changed copies of training boxes.
    #[serde(default)]
    pub augmented: usize,
}

/// The parts of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What was fitted on.
    pub train: PartCount,
    /// What training was watched with.
    pub validation: PartCount,
    /// What the figures are of.
    pub test: PartCount,
    /// Images had to be dealt out class by class, so that rare classes are on every side.
    pub stratified: bool,
    /// Classes that have too few images to be tested, by name.
    pub untested: Vec<String>,
}

/// How much is in a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartCount {
    /// Images.
    pub images: usize,
    /// Boxes.
    pub boxes: usize,
}

/// A class of a head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunClass {
    /// The class of the dataset; `None` for background.
    pub class_id: Option<ClassId>,
    /// Its name when the head was trained.
    pub name: String,
    /// Its boxes in the training part.
    pub train: usize,
    /// Its boxes in the test part.
    pub test: usize,
}

/// A box of the test part and what the head says of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TestBox {
    /// The box.
    pub box_id: BoxId,
    /// Its image.
    pub image_id: ImageId,
    /// Its class, by its place in the run's classes.
    pub truth: usize,
    /// The class the head takes it for.
    pub predicted: usize,
    /// How sure it is.
    pub probability: f32,
}

/// A run with everything that belongs to it.
pub(crate) struct Outcome {
    pub run: HeadRun,
    pub log: Vec<Iteration>,
    pub test: Vec<TestBox>,
    pub seen: BTreeSet<String>,
}

fn text<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

impl Outcome {
    /// Keeps the run; gives it with its number.
    pub fn keep(self, records: &RunRecords, bytes: Vec<u8>) -> Result<HeadRun, Error> {
        let Self { mut run, log, test, seen } = self;
        let files = |id: &str| {
            run.id = id.to_owned();
            if run.name.is_empty() {
                run.name =
                    format!("{} {} {}", run.encoder, run.options.kind(), id.rsplit('-').next().unwrap_or_default());
            }
            let record = serde_json::to_vec_pretty(&run).unwrap_or_default();
            vec![(LOG, text(&log)), (TEST, text(&test)), (SEEN, text(&seen)), (HEAD, bytes), (RECORD, record)]
        };
        records.add(super::KIND, files)?;
        Ok(run)
    }
}

fn read<T: serde::de::DeserializeOwned>(records: &RunRecords, id: &str, file: &str) -> Result<T, Error> {
    let bytes = records.read(id, file)?;
    let damaged = |e: serde_json::Error| Error::invalid(format!("runs/{id}/{file}"), format!("it is damaged: {e}"));
    serde_json::from_slice(&bytes).map_err(damaged)
}

pub(super) fn read_run(records: &RunRecords, id: &str) -> Result<HeadRun, Error> {
    read(records, id, RECORD)
}

pub(super) fn read_log(records: &RunRecords, id: &str) -> Result<Vec<Iteration>, Error> {
    read(records, id, LOG)
}

pub(super) fn read_test(records: &RunRecords, id: &str) -> Result<Vec<TestBox>, Error> {
    read(records, id, TEST)
}

/// Nothing for a head of a version that did not note it.
pub(super) fn read_seen(records: &RunRecords, id: &str) -> Option<BTreeSet<String>> {
    read(records, id, SEEN).ok()
}

pub(super) fn read_head(records: &RunRecords, id: &str) -> Result<Head, Error> {
    let bytes = records.read(id, HEAD)?;
    Head::from_bytes(&bytes).map_err(|e| Error::invalid(format!("runs/{id}/{HEAD}"), e.to_string()))
}

impl HeadRun {
    /// The contract of the command line: the run's number and how it does on the test part.
    #[must_use]
    pub fn report(&self) -> serde_json::Value {
        let metrics = &self.metrics;
        let per_class: serde_json::Map<_, _> = self
            .classes
            .iter()
            .zip(&metrics.per_class)
            .map(|(class, figures)| (class.name.clone(), serde_json::to_value(figures).unwrap_or_default()))
            .collect();
        serde_json::json!({
            "run": self.id,
            "name": self.name,
            "dataset": self.dataset,
            "encoder": self.encoder,
            "kind": self.options.kind(),
            "seed": self.options.seed,
            "iterations": self.iterations,
            "converged": self.converged,
            "train": self.parts.train,
            "augmented": self.data.augmented,
            "validation": self.parts.validation,
            "test": {
                "images": self.parts.test.images,
                "boxes": self.parts.test.boxes,
                "accuracy": metrics.accuracy,
                "accuracy_interval": metrics.accuracy_interval,
                "macro_f1": metrics.macro_f1,
                "macro_f1_interval": metrics.macro_f1_interval,
                "weighted_f1": metrics.weighted_f1,
                "per_class": per_class,
            },
            "background": self.guard,
            "artefact": self.artefact,
            "seconds": self.seconds,
            "fit_seconds": self.fit_seconds,
        })
    }
}
