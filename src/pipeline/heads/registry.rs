//! Finished heads: listed, compared, renamed, deleted and taken back, put to work.

use serde::Serialize;
use tator_domain::{DatasetName, Timestamp};
use tator_learning::calibration::{Interval, Resampling, bootstrap_difference};
use tator_learning::head::{Interval as Range, Iteration};
use tator_store::{RECORD, Reader};

use super::record::{HEAD, HeadRun, TestBox, read_log, read_run, read_test};
use super::{KIND, NAME_RULE, is_name};
use crate::error::Error;
use crate::workbench::Workbench;

/// Draws for the interval of a difference.
const DRAWS: usize = 1_000;

/// A head in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadSummary {
    /// Its number.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it was trained.
    pub created_at: Timestamp,
    /// How long that took.
    pub seconds: f64,
    /// The encoder it reads.
    pub encoder: String,
    /// `logistic` or `mlp`.
    pub kind: &'static str,
    /// The seed of its split.
    pub seed: u64,
    /// Classes it tells apart, background not counted.
    pub classes: usize,
    /// Boxes it was fitted on.
    pub train_boxes: usize,
    /// Boxes it was tested on.
    pub test_boxes: usize,
    /// Share of test boxes that are right.
    pub accuracy: f64,
    /// Where that lies in 95 of 100 draws of images.
    pub accuracy_interval: Option<Range>,
    /// Mean F1 of the classes.
    pub macro_f1: f64,
    /// Where that lies.
    pub macro_f1_interval: Option<Range>,
    /// Mean F1 by number of boxes.
    pub weighted_f1: f64,
    /// Auto class asks it.
    pub active: bool,
    /// Why it cannot be put to work now, if so.
    pub problem: Option<String>,
}

/// The heads of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Heads {
    /// The newest first.
    pub heads: Vec<HeadSummary>,
    /// Number of the one at work.
    pub active: Option<String>,
    /// Deleted ones that can be taken back.
    pub deleted: Vec<HeadSummary>,
}

/// Two heads on the test boxes that both had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadDifference {
    /// Test boxes of both.
    pub boxes: usize,
    /// Accuracy of the first less that of the second, with its interval.
    pub accuracy: Interval,
}

/// Right ones and all.
#[derive(Debug, Clone, Copy, Default)]
struct Hits(f64, f64);

impl std::ops::Add for Hits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }
}

/// The paired difference of two runs; `None` without common boxes.
#[must_use]
pub fn difference(a: &[TestBox], b: &[TestBox], seed: u64) -> Option<HeadDifference> {
    let mut of_b: std::collections::HashMap<_, _> = b.iter().map(|one| (one.box_id, one)).collect();
    let mut pairs: Vec<_> = a.iter().filter_map(|one| Some((one, of_b.remove(&one.box_id)?))).collect();
    pairs.sort_by_key(|(one, _)| (one.image_id, one.box_id));
    let right = |one: &TestBox| f64::from(u8::from(one.truth == one.predicted));
    let sums = pairs.chunk_by(|x, y| x.0.image_id == y.0.image_id).map(|image| {
        let count = image.len() as f64;
        let hits = |side: fn(&(&TestBox, &TestBox)) -> TestBox| image.iter().map(|pair| right(&side(pair))).sum();
        (Hits(hits(|pair| *pair.0), count), Hits(hits(|pair| *pair.1), count))
    });
    let (of_a, of_b): (Vec<Hits>, Vec<Hits>) = sums.unzip();
    let resampling = Resampling { n: DRAWS, seed, level: 0.95 };
    let share = |hits: &Hits| (hits.1 > 0.0).then(|| hits.0 / hits.1);
    let accuracy = bootstrap_difference(&of_a, &of_b, &resampling, share)?;
    Some(HeadDifference { boxes: pairs.len(), accuracy })
}

impl Workbench {
    /// The heads of a dataset, the newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn heads(&self, d: &DatasetName) -> Result<Heads, Error> {
        let reader = self.reader();
        let made_at = reader.made_at(d)?;
        let records = reader.run_records();
        let active = self.open.assist.shared.heads.id(reader, d);
        let models = self.open.assist.shared.shelves.list();
        let read = |ids: Vec<String>| -> Vec<HeadSummary> {
            let runs = ids.iter().rev().filter_map(|id| {
                let run = read_run(&records, id);
                run.inspect_err(|error| tracing::warn!(%error, "a run is not listed")).ok()
            });
            let own = runs.filter(|run| run.dataset == *d && run.dataset_made_at == made_at);
            own.map(|run| {
                let mut summary = summary(run, &models);
                summary.active = active.as_ref() == Some(&summary.id);
                summary
            })
            .collect()
        };
        let (heads, deleted) = (read(records.ids(KIND)), read(records.deleted(KIND)));
        let active = active.filter(|id| heads.iter().any(|head| head.id == *id));
        Ok(Heads { heads, active, deleted })
    }

    /// The record of a head.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn head_run(&self, d: &DatasetName, id: &str) -> Result<HeadRun, Error> {
        own_run(self.reader(), d, id)
    }

    /// The iterations of a head's training.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn head_log(&self, d: &DatasetName, id: &str) -> Result<Vec<Iteration>, Error> {
        own_run(self.reader(), d, id)?;
        read_log(&self.reader().run_records(), id)
    }

    /// What a head says of its test boxes.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn head_test(&self, d: &DatasetName, id: &str) -> Result<Vec<TestBox>, Error> {
        own_run(self.reader(), d, id)?;
        read_test(&self.reader().run_records(), id)
    }

    /// The head as a file, which nothing in it makes run.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn head_file(&self, d: &DatasetName, id: &str) -> Result<Vec<u8>, Error> {
        own_run(self.reader(), d, id)?;
        Ok(self.reader().run_records().read(id, HEAD)?)
    }

    /// Calls a head something else.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a name that is none.
    pub fn rename_head(&self, d: &DatasetName, id: &str, name: &str) -> Result<HeadRun, Error> {
        if !is_name(name) {
            return Err(Error::invalid("name", NAME_RULE));
        }
        let mut run = own_run(self.reader(), d, id)?;
        name.trim().clone_into(&mut run.name);
        let bytes = serde_json::to_vec_pretty(&run).map_err(|e| Error::invalid("record", e.to_string()))?;
        self.reader().run_records().rewrite(id, RECORD, &bytes)?;
        Ok(run)
    }

    /// Deletes a head; it can be taken back for thirty days. The one at work stops working.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn delete_head(&self, d: &DatasetName, id: &str) -> Result<(), Error> {
        own_run(self.reader(), d, id)?;
        let active = &self.open.assist.shared.heads;
        if active.id(self.reader(), d).as_deref() == Some(id) {
            active.activate(self.reader(), d, None)?;
        }
        Ok(self.reader().run_records().delete(id)?)
    }

    /// Takes a deleted head back.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn restore_head(&self, d: &DatasetName, id: &str) -> Result<HeadRun, Error> {
        own_run(self.reader(), d, id)?;
        self.reader().run_records().restore(id)?;
        own_run(self.reader(), d, id)
    }

    /// Puts a head to work, or with `None` lets Auto class ask the neighbours again; at once, without a restart.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when its encoder is not there.
    pub fn activate_head(&self, d: &DatasetName, id: Option<&str>) -> Result<(), Error> {
        let reader = self.reader();
        reader.made_at(d)?;
        if let Some(id) = id {
            let run = own_run(reader, d, id)?;
            reader.run_records().folder(id)?;
            if let Some(problem) = problem(&run, &self.open.assist.shared.shelves.list()) {
                return Err(Error::Conflict(format!("{} cannot be used: {problem}", run.name)));
            }
        }
        self.open.assist.shared.heads.activate(reader, d, id)
    }
}

/// A run of this dataset; of another one it is not found.
fn own_run(reader: &Reader, d: &DatasetName, id: &str) -> Result<HeadRun, Error> {
    let made_at = reader.made_at(d)?;
    let run = read_run(&reader.run_records(), id)?;
    if run.dataset == *d && run.dataset_made_at == made_at {
        return Ok(run);
    }
    Err(Error::NotFound(format!("head {id} of {d}")))
}

/// Why a head cannot work now.
pub(super) fn problem(run: &HeadRun, models: &[crate::models::Model]) -> Option<String> {
    let encoder = &run.encoder;
    match models.iter().find(|model| model.manifest.name == *encoder) {
        None => Some(format!("its encoder {encoder} is not at hand; `tator models list` shows what is")),
        Some(model) if model.manifest.fingerprint() != run.fingerprint => {
            Some(format!("{encoder} is not the encoder it was trained on: embed the boxes anew and train again"))
        }
        Some(model) => model.problem.as_ref().map(|problem| format!("{encoder} cannot be used: {problem}")),
    }
}

fn summary(run: HeadRun, models: &[crate::models::Model]) -> HeadSummary {
    HeadSummary {
        problem: problem(&run, models),
        kind: run.options.kind(),
        seed: run.options.seed,
        classes: run.classes.iter().filter(|class| class.class_id.is_some()).count(),
        train_boxes: run.parts.train.boxes,
        test_boxes: run.parts.test.boxes,
        accuracy: run.metrics.accuracy,
        accuracy_interval: run.metrics.accuracy_interval,
        macro_f1: run.metrics.macro_f1,
        macro_f1_interval: run.metrics.macro_f1_interval,
        weighted_f1: run.metrics.weighted_f1,
        active: false,
        id: run.id,
        name: run.name,
        created_at: run.created_at,
        seconds: run.seconds,
        encoder: run.encoder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(box_id: i64, right: bool) -> TestBox {
        TestBox { box_id, image_id: box_id / 2, truth: 0, predicted: usize::from(!right), probability: 0.5 }
    }

    #[test]
    fn heads_are_compared_on_the_boxes_that_both_were_tested_on() {
        let a: Vec<_> = (0..40).map(|id| told(id, id % 4 != 0)).collect();
        let b: Vec<_> = (10..60).map(|id| told(id, id % 2 != 0)).collect();
        let found = difference(&a, &b, 1).unwrap();
        assert_eq!(found.boxes, 30);
        assert!((found.accuracy.value - (23.0 / 30.0 - 15.0 / 30.0)).abs() < 1e-9, "{found:?}");
        assert!(found.accuracy.low > 0.0 && found.accuracy.high < 0.5, "{found:?}");
        assert!(difference(&a[..5], &b, 1).is_none());
    }
}
