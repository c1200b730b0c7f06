//! Replays labelled data: begins with a few images, lets each strategy choose the next ones, and looks each time how good
//! a head has become on images that stay held out. So a team sees on its own data what choosing is worth.
//!
//! Boxes of images that are not labelled yet lend their place but not their class, as a detector's proposals would.
//! Every strategy begins with the same images, a seed's own; the held-out part is the same throughout.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{Clock, DatasetName, SystemClock, Timestamp};
use tator_store::{EmbeddingOf, RECORD};

use super::Strategy;
use super::curves::{Curve, curves};
use super::replay::Replay;
use crate::error::Error;
use crate::heads::{SEED, chosen_encoder, labelled, no_vectors};
use crate::jobs::{Context, JobId};
use crate::workbench::Workbench;

/// Kind of run in `runs/`.
const KIND: &str = "simulation";

/// How to replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulateOptions {
    /// The encoder; it needs vectors of images and of boxes.
    pub encoder: Option<String>,
    /// What is compared; chance is always among them.
    pub strategies: Vec<Strategy>,
    /// Beginnings, each by another seed.
    pub seeds: usize,
    /// Images to begin with; a tenth of the pool, 10 at least, when nothing is said.
    pub start: Option<usize>,
    /// Images chosen at a time; as many as the beginning when nothing is said.
    pub step: Option<usize>,
    /// How often is chosen.
    pub rounds: usize,
    /// Share of the images that is held out.
    pub test: f64,
    /// Which images are held out, and the first of the beginnings' seeds.
    pub seed: u64,
    /// Inverse strength of the penalty of the logistic heads.
    pub c: f64,
}

impl Default for SimulateOptions {
    fn default() -> Self {
        Self {
            encoder: None,
            strategies: Strategy::ALL.to_vec(),
            seeds: 5,
            start: None,
            step: None,
            rounds: 6,
            test: 0.3,
            seed: SEED,
            c: 1.0,
        }
    }
}

/// A replay as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulateRequest {
    /// Of which dataset.
    pub dataset: DatasetName,
    /// How.
    #[serde(flatten)]
    pub options: SimulateOptions,
}

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// `simulation-2`.
    pub id: String,
    /// Of which dataset.
    pub dataset: DatasetName,
    /// When that was made.
    pub dataset_made_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// How long it took.
    pub seconds: f64,
    /// Whose vectors.
    pub encoder: String,
    /// Which files those are of.
    pub fingerprint: String,
    /// What was asked, with what was filled in.
    pub options: SimulateOptions,
    /// Hash of the boxes, their classes and their vectors.
    pub data: String,
    /// Images that could be chosen.
    pub pool_images: usize,
    /// Images held out.
    pub test_images: usize,
    /// Boxes on them.
    pub test_boxes: usize,
    /// Classes told apart.
    pub classes: usize,
    /// One of each strategy.
    pub curves: Vec<Curve>,
}

impl SimulateOptions {
    fn check(&self) -> Result<(), Error> {
        let counts = (1..=50).contains(&self.seeds) && (1..=50).contains(&self.rounds);
        let sizes = [self.start, self.step].into_iter().flatten().all(|n| n > 0);
        if counts && sizes && (0.05..=0.8).contains(&self.test) && self.c > 0.0 && self.c.is_finite() {
            return Ok(());
        }
        let text = "1 to 50 seeds and rounds, a positive start and step, a test share of 0.05 to 0.8, a positive c";
        Err(Error::invalid("simulation", text))
    }
}

/// Does what a request asks.
pub(crate) fn simulate(context: &Context, request: &SimulateRequest) -> Result<Simulation, Error> {
    let begun = (Instant::now(), SystemClock.now());
    let SimulateRequest { dataset: d, options } = request;
    let reader = context.writer.reader();
    let encoder = options.encoder.clone().ok_or_else(|| no_vectors((d, EmbeddingOf::Images), None))?;
    context.progress("reading vectors", 0, 0)?;
    let known = labelled(reader, d, &encoder)?;
    let pictures = reader.vectors(d, &encoder, EmbeddingOf::Images)?;
    let replay = Replay::new(&known, &pictures, options)?;
    let pool = replay.held.iter().filter(|held| !**held).count();
    let mut options = options.clone();
    let start = *options.start.get_or_insert((pool / 10).max(10));
    let step = *options.step.get_or_insert(start);
    if pool < start + step {
        let message = format!("{pool} images can be chosen from: too few to begin with {start} and choose {step} more");
        return Err(Error::invalid("simulation", message));
    }
    options.rounds = options.rounds.min((pool - start) / step);
    if !options.strategies.contains(&Strategy::Random) {
        options.strategies.push(Strategy::Random);
    }
    let walks = replay.walks(context, &options, (start, step))?;
    let test: Vec<usize> = (0..replay.images.len()).filter(|at| replay.held[*at]).collect();
    let mut simulation = Simulation {
        id: String::new(),
        dataset: d.clone(),
        dataset_made_at: reader.made_at(d)?,
        created_at: begun.1,
        seconds: begun.0.elapsed().as_secs_f64(),
        encoder,
        fingerprint: known.vectors.fingerprint.clone(),
        options,
        data: known.version(),
        pool_images: pool,
        test_images: test.len(),
        test_boxes: test.iter().map(|at| replay.rows[*at].len()).sum(),
        classes: replay.classes.len(),
        curves: curves(&walks),
    };
    reader.run_records().add(KIND, |id| {
        id.clone_into(&mut simulation.id);
        vec![(RECORD, serde_json::to_vec_pretty(&simulation).unwrap_or_default())]
    })?;
    Ok(simulation)
}

impl Workbench {
    /// Starts a job that replays the labelled images of a dataset.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`]; [`Error::NoAnswer`] without vectors of images and boxes.
    pub fn start_simulate(&self, request: &SimulateRequest) -> Result<JobId, Error> {
        let mut request = request.clone();
        request.options.check()?;
        let d = &request.dataset;
        self.reader().made_at(d)?;
        let (named, preferred) = (request.options.encoder.as_deref(), super::preferred_encoder(self, d));
        let encoder = chosen_encoder(self.reader(), (d, EmbeddingOf::Images), named, preferred.as_deref())?;
        chosen_encoder(self.reader(), (d, EmbeddingOf::Boxes), Some(&encoder), None)?;
        request.options.encoder = Some(encoder);
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue("simulate", "Replay labelled images by each strategy".into(), d, text)
    }

    /// The replays of a dataset, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn simulations(&self, d: &DatasetName) -> Result<Vec<Simulation>, Error> {
        let made_at = self.reader().made_at(d)?;
        let records = self.reader().run_records();
        let read = |id: String| serde_json::from_slice(&records.read(&id, RECORD).ok()?).ok();
        let found = records.ids(KIND).into_iter().rev().filter_map(read);
        Ok(found.filter(|one: &Simulation| one.dataset == *d && one.dataset_made_at == made_at).collect())
    }
}
