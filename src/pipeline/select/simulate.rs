//! Replays labelled data: begins with a few images, lets each strategy choose the next ones, and looks each time how good
//! a head has become on images that stay held out. So a team sees on its own data what choosing is worth.
//!
//! Boxes of images that are not labelled yet lend their place but not their class, as a detector's proposals would.
//! Every strategy begins with the same images, a seed's own; the held-out part is the same throughout.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, Clock, DatasetName, ImageId, SystemClock, Timestamp};
use tator_learning::head::{Head, HeadClass, LogisticOptions, Metrics, Recipe, Samples, Scored, train};
use tator_learning::{Matrix, hash};
use tator_store::{EmbeddingOf, RECORD};

use super::curves::{Curve, Stop, curves};
use super::doubt::asked;
use super::{Frame, Strategy, pick};
use crate::error::Error;
use crate::heads::{Labelled, SEED, chosen_encoder, decided, labelled, no_vectors, refused};
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
            c: LogisticOptions::default().c,
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

/// The labelled images, with their boxes as rows.
struct Replay {
    dims: usize,
    images: Vec<ImageId>,
    /// Of images, in their order.
    vectors: Vec<f32>,
    /// Rows of each image.
    rows: Vec<Vec<usize>>,
    /// Of all rows.
    boxes: Vec<f32>,
    labels: Vec<usize>,
    classes: Vec<ClassId>,
    held: Vec<bool>,
    c: f64,
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
    let replay = Replay::new(&known, &pictures, options);
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

impl Replay {
    fn new(known: &Labelled, pictures: &tator_store::Vectors, options: &SimulateOptions) -> Self {
        let dims = known.vectors.dims;
        let classes: Vec<ClassId> = known.rows.iter().map(|row| row.class_id).collect::<BTreeSet<_>>().into_iter().collect();
        let labels = known.rows.iter().map(|row| classes.partition_point(|id| *id < row.class_id)).collect();
        let at: HashMap<ImageId, usize> = pictures.image_ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let (mut images, mut vectors, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut first = 0;
        for of_one in known.rows.chunk_by(|a, b| a.image_id == b.image_id) {
            if let Some(at) = at.get(&of_one[0].image_id) {
                images.push(of_one[0].image_id);
                vectors.extend_from_slice(&pictures.data[at * pictures.dims..][..pictures.dims]);
                rows.push((first..first + of_one.len()).collect());
            }
            first += of_one.len();
        }
        // By hash, as every other split: a grown dataset keeps most images where they were.
        let mut order: Vec<usize> = (0..images.len()).collect();
        order.sort_by_key(|at| (hash(options.seed, images[*at].unsigned_abs()), images[*at]));
        let mut held = vec![false; images.len()];
        let count = (options.test * images.len() as f64).round() as usize;
        order.iter().take(count).for_each(|at| held[*at] = true);
        let boxes = known.gather(0..known.rows.len());
        Self { dims, images, vectors, rows, boxes, labels, classes, held, c: options.c }
    }

    fn walks(
        &self,
        context: &Context,
        options: &SimulateOptions,
        (start, step): (usize, usize),
    ) -> Result<Vec<(Strategy, Vec<Vec<Stop>>)>, Error> {
        let total = (options.strategies.len() * options.seeds * (options.rounds + 1)) as u64;
        let mut done = 0;
        let mut walks: Vec<(Strategy, Vec<Vec<Stop>>)> =
            options.strategies.iter().map(|strategy| (*strategy, Vec::new())).collect();
        for number in 0..options.seeds {
            let seed = options.seed.wrapping_add(number as u64 + 1);
            let taken = self.beginning(start, seed);
            let first = self.stop(&taken)?;
            for (strategy, own) in &mut walks {
                let mut walk = vec![first.1];
                let (mut taken, mut head) = (taken.clone(), first.0.clone());
                for round in 0..options.rounds {
                    done += 1;
                    context.progress(&format!("replaying {strategy}"), done, total)?;
                    for row in self.next(*strategy, &taken, head.as_ref(), step, seed.wrapping_add(1 + round as u64))? {
                        taken[row] = true;
                    }
                    let stop = self.stop(&taken)?;
                    head = stop.0;
                    walk.push(stop.1);
                }
                done += 1;
                own.push(walk);
            }
            context.log(&format!("seed {} of {} replayed", number + 1, options.seeds));
        }
        Ok(walks)
    }

    /// The images that a seed begins with; held-out ones count as taken everywhere.
    fn beginning(&self, start: usize, seed: u64) -> Vec<bool> {
        let mut taken = self.held.clone();
        tator_learning::select::random_picks(&taken, start, seed).into_iter().for_each(|row| taken[row] = true);
        taken
    }

    fn is_labelled(&self, taken: &[bool], image: usize) -> bool {
        taken[image] && !self.held[image]
    }

    fn next(&self, strategy: Strategy, taken: &[bool], head: Option<&Head>, step: usize, seed: u64) -> Result<Vec<usize>, Error> {
        // A held-out image must neither be chosen nor count as labelled, so only the others are looked at.
        let pool: Vec<usize> = (0..self.images.len()).filter(|image| !self.held[*image]).collect();
        let marks: Vec<bool> = pool.iter().map(|image| taken[*image]).collect();
        let vectors: Vec<f32> = pool.iter().flat_map(|image| &self.vectors[image * self.dims..][..self.dims]).copied().collect();
        let doubts = match head.filter(|_| strategy.needs_doubt() || strategy == Strategy::Hybrid) {
            None => None,
            Some(head) => {
                let rows = || pool.iter().flat_map(|image| self.rows[*image].iter().map(|row| (*image, *row)));
                let data: Vec<f32> = rows().flat_map(|(_, row)| self.row(row)).copied().collect();
                let seen = asked(head, &data, rows().map(|(image, _)| self.images[image]).collect())?;
                let ids: Vec<ImageId> = pool.iter().map(|image| self.images[*image]).collect();
                Some(seen.over(&ids, String::new()))
            }
        };
        let mut counts: HashMap<ClassId, u64> = HashMap::new();
        let labelled = (0..self.images.len()).filter(|image| self.is_labelled(taken, *image));
        labelled.flat_map(|image| &self.rows[image]).for_each(|row| *counts.entry(self.classes[self.labels[*row]]).or_default() += 1);
        let matrix = Matrix::new(&vectors, self.dims).map_err(refused)?;
        let frame = Frame { vectors: Some(matrix), taken: &marks, doubts: doubts.as_ref(), labelled: &counts };
        // Without a head there is no doubt yet: chance decides, as it would for a person.
        let strategy = if doubts.is_none() && strategy.needs_doubt() { Strategy::Random } else { strategy };
        Ok(pick(strategy, &frame, step, seed, &|_, _| true)?.into_iter().map(|at| pool[at]).collect())
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.boxes[row * self.dims..][..self.dims]
    }

    /// Trains on what is labelled and tests on what is held out; without two classes there is no head, only a guess.
    fn stop(&self, taken: &[bool]) -> Result<(Option<Head>, Stop), Error> {
        let of = |is: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..self.images.len()).filter(|image| is(*image)).flat_map(|image| self.rows[image].iter().copied()).collect()
        };
        let known = of(&|image| self.is_labelled(taken, image));
        let test = of(&|image| self.held[image]);
        let labels: Vec<usize> = known.iter().map(|row| self.labels[*row]).collect();
        let truth: Vec<usize> = test.iter().map(|row| self.labels[*row]).collect();
        let head = self.fit(&known, &labels)?;
        let predicted = match &head {
            Some(head) => {
                let data: Vec<f32> = test.iter().flat_map(|row| self.row(*row)).copied().collect();
                decided(&head.predict_many(Matrix::new(&data, self.dims).map_err(refused)?).map_err(refused)?, head).0
            }
            None => vec![labels.first().copied().unwrap_or(0); test.len()],
        };
        let images = vec![0; truth.len()];
        let classes = self.classes.len();
        let scored = Scored { truth: &truth, predicted: &predicted, images: &images, classes, first_background: classes, draws: 0, seed: 0 };
        let metrics = Metrics::of(&scored).map_err(refused)?;
        let images = (0..self.images.len()).filter(|image| self.is_labelled(taken, *image)).count();
        Ok((head, Stop { images, boxes: known.len(), accuracy: metrics.accuracy, macro_f1: metrics.macro_f1 }))
    }

    fn fit(&self, known: &[usize], labels: &[usize]) -> Result<Option<Head>, Error> {
        if labels.iter().collect::<BTreeSet<_>>().len() < 2 {
            return Ok(None);
        }
        let data: Vec<f32> = known.iter().flat_map(|row| self.row(*row)).copied().collect();
        let samples = Samples { vectors: Matrix::new(&data, self.dims).map_err(refused)?, labels };
        let recipe = Recipe::Logistic(LogisticOptions { c: self.c, ..LogisticOptions::default() });
        let classes: Vec<HeadClass> = self.classes.iter().map(|id| HeadClass::Class(*id)).collect();
        let trained = train(&recipe, "replay", &classes, &samples, None, &mut |_| true).map_err(refused)?;
        Ok(Some(trained.head))
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tator_learning::Chance;
    use tator_store::Vectors;

    use super::*;

    /// Two clouds and a rare third, on images of two boxes each.
    fn replay() -> Replay {
        let mut chance = Chance::new(3);
        let count = 60;
        let vectors = |of, boxes: usize| {
            let ids: Vec<i64> = (0..count as i64).flat_map(|id| vec![id + 1; boxes]).collect();
            let box_ids = if of == EmbeddingOf::Boxes { (1..=ids.len() as i64).collect() } else { vec![] };
            let data = (0..ids.len()).flat_map(|row| {
                let class = row / boxes % 3;
                [f32::from(class == 0), f32::from(class == 1)].map(|at| at + 0.05 * chance.normal() as f32)
            });
            Vectors { encoder: "e".into(), fingerprint: "f".into(), of, dims: 2, data: data.collect(), image_ids: ids, box_ids }
        };
        let boxes = vectors(EmbeddingOf::Boxes, 2);
        let row = |at: usize| crate::heads::Row {
            box_id: boxes.box_ids[at],
            image_id: boxes.image_ids[at],
            class_id: i32::try_from(at / 2 % 3).unwrap() + 1,
            at,
        };
        let rows = (0..2 * count).map(row).collect();
        let known = Labelled { rows, vectors: Arc::new(boxes), missing: 0 };
        let mut pictures = vectors(EmbeddingOf::Images, 1);
        pictures.box_ids.clear();
        Replay::new(&known, &pictures, &SimulateOptions::default())
    }

    #[test]
    fn held_out_images_are_never_chosen_and_every_choice_is_new() {
        let replay = replay();
        assert_eq!(replay.held.iter().filter(|held| **held).count(), 18);
        for strategy in Strategy::ALL {
            let mut taken = replay.beginning(6, 1);
            let head = replay.stop(&taken).unwrap().0;
            let picks = replay.next(strategy, &taken, head.as_ref(), 5, 2).unwrap();
            assert_eq!(picks.len(), 5, "{strategy}");
            assert!(picks.iter().all(|row| !taken[*row] && !replay.held[*row]), "{strategy}");
            assert_eq!(picks, replay.next(strategy, &taken, head.as_ref(), 5, 2).unwrap(), "{strategy}");
            picks.into_iter().for_each(|row| taken[row] = true);
            let (_, stop) = replay.stop(&taken).unwrap();
            assert_eq!((stop.images, stop.boxes), (11, 22), "{strategy}");
        }
    }

    #[test]
    fn more_labels_do_better_and_one_class_is_a_guess() {
        let replay = replay();
        let all = replay.stop(&vec![true; replay.images.len()]).unwrap();
        assert!(all.1.accuracy > 0.95, "{:?}", all.1);
        let mut one = replay.held.clone();
        let first = (0..one.len()).find(|at| !one[*at]).unwrap();
        one[first] = true;
        let (head, stop) = replay.stop(&one).unwrap();
        assert!(head.is_none() && stop.accuracy < 0.6 && stop.boxes == 2, "{stop:?}");
    }
}
