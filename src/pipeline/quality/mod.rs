//! Looking for what is wrong with a dataset: every picture measured, every box compared, pairs and sightings beside them.
//!
//! A look is a job. It leaves figures in tables (`quality_images`, `quality_boxes`, `duplicates`) that SQL joins, and
//! findings that wait for a person. Pictures are measured once for their content; a look that was cut off goes on there.

mod decisions;
mod duplicates;
mod geometry;
mod kinds;
mod opinions;
mod pictures;
mod sightings;
mod sketches;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tator_domain::DatasetName;
use tator_store::{EmbeddingOf, Finding, Look, PlacedBox, SeenPicture, Vectors};

pub use decisions::DecisionAnswer;
pub use kinds::{KINDS, Kind, Subject, kind};

use crate::error::Error;
use crate::jobs::{Context, JobId};
use crate::workbench::Workbench;

/// What is looked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QualityRequest {
    /// The dataset.
    pub dataset: DatasetName,
    /// The encoder whose vectors are asked; the one with most when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// A run whose sightings are compared with the boxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Cosine above which the embeddings of two images are almost equal.
    #[serde(default = "usual_likeness")]
    pub likeness: f32,
    /// Score above which a sighting without a box is told.
    #[serde(default = "usual_score")]
    pub min_score: f64,
    /// Where images fall into parts by chance.
    #[serde(default)]
    pub seed: u64,
}

/// The cosine above which two images are nearly duplicates, unless said otherwise.
fn usual_likeness() -> f32 {
    0.95
}

/// The score above which a sighting without a box is told, unless said otherwise.
fn usual_score() -> f64 {
    0.5
}

impl QualityRequest {
    /// A look at everything there is.
    #[must_use]
    pub fn new(dataset: DatasetName) -> Self {
        let (likeness, min_score) = (usual_likeness(), usual_score());
        Self { dataset, encoder: None, run: None, likeness, min_score, seed: 0 }
    }
}

/// What a look came to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct QualityReport {
    /// Pictures that were measured now.
    measured: u64,
    /// Of these, pictures that could not be read.
    unreadable: u64,
    boxes: u64,
    pairs: u64,
    /// How many of each kind were found.
    found: BTreeMap<String, u64>,
    /// What could not be looked for, and what it needs.
    left_out: Vec<String>,
}

impl QualityReport {
    pub fn summary(&self) -> String {
        let all: u64 = self.found.values().sum();
        let left = if self.left_out.is_empty() { "" } else { "; not everything could be looked for" };
        format!("{all} findings of {} kinds wait at Quality{left}", self.found.len())
    }
}

impl Context {
    /// Looks at a dataset and keeps what it found.
    pub(crate) fn look(&self, request: &QualityRequest) -> Result<QualityReport, Error> {
        let (d, reader) = (&request.dataset, self.writer.reader());
        let (measured, unreadable) = pictures::measure(self, d)?;
        let mut left_out = Vec::new();
        let seen = reader.seen_pictures(d)?;
        let images = self.vectors_of(request, EmbeddingOf::Images, &mut left_out)?;
        let watch = |stage: &'static str| {
            move |done: usize, total: usize| self.progress(stage, done as u64, total as u64).is_ok()
        };
        let draw = |wanted: &[&SeenPicture]| sketches::sketches(self, d, wanted);
        let watch_pictures = watch("comparing pictures");
        let duplicates = duplicates::pairs(&seen, images.as_deref(), request.likeness, &draw, &watch_pictures)?;
        let boxes = reader.placed_boxes(d)?;
        self.progress("looking at boxes", 0, boxes.len() as u64)?;
        let (mut figures, mut findings) = geometry::look(&boxes);
        findings.extend(pictures::findings(&seen));
        findings.extend(duplicates::findings(&seen, &duplicates));
        if let Some(vectors) = self.vectors_of(request, EmbeddingOf::Boxes, &mut left_out)? {
            let watch = watch("comparing boxes");
            findings.extend(opinions::look(&boxes, &vectors, &mut figures, request.seed, &watch)?);
        }
        match &request.run {
            Some(run) => {
                let (sightings, images) = reader.sightings(d, run)?;
                findings.extend(sightings::look(&boxes, (run, &sightings), &images, request.min_score));
            }
            None => left_out.push("missing and misplaced boxes: they need a run of detectors, see Prelabel".into()),
        }
        self.check()?;
        let mut found = BTreeMap::<String, u64>::new();
        findings.iter().for_each(|finding| *found.entry(finding.kind.clone()).or_default() += 1);
        let report = QualityReport {
            measured,
            unreadable,
            boxes: boxes.len() as u64,
            pairs: duplicates.len() as u64,
            found,
            left_out,
        };
        self.writer.put_look(d, &Look { boxes: boxes.into_iter().zip(figures).collect(), duplicates, findings })?;
        Ok(report)
    }

    /// Vectors, when there are any; says otherwise what is missing without them.
    fn vectors_of(
        &self,
        request: &QualityRequest,
        of: EmbeddingOf,
        left_out: &mut Vec<String>,
    ) -> Result<Option<Arc<Vectors>>, Error> {
        let d = &request.dataset;
        let missing = match of {
            EmbeddingOf::Images => "near duplicates that fingerprints do not show",
            EmbeddingOf::Boxes => "likely wrong classes and boxes unlike their class",
        };
        let tables = self.writer.reader().embedding_tables(d)?;
        let encoder = crate::maps::best_encoder(&tables, of, request.encoder.as_deref());
        let Some(encoder) = encoder else {
            left_out.push(format!("{missing}: there are no embeddings, run `tator embed --dataset {d} --of {of}`"));
            return Ok(None);
        };
        Ok(Some(self.writer.reader().vectors(d, &encoder, of)?))
    }
}

/// A finding about an image.
fn about(kind: &str, image_id: tator_domain::ImageId, score: f64, why: String) -> Finding {
    Finding {
        key: format!("{kind}:{image_id}"),
        kind: kind.to_owned(),
        image_id,
        box_id: None,
        other_id: None,
        class_id: None,
        suggested_class_id: None,
        rect: None,
        suggested_rect: None,
        run: None,
        score,
        why,
    }
}

/// A finding about a box as it is.
fn of_box(kind: &str, placed: &PlacedBox, score: f64, why: String) -> Finding {
    Finding {
        key: format!("{kind}:{}:{}", placed.box_id, placed.class_id),
        box_id: Some(placed.box_id),
        class_id: Some(placed.class_id),
        rect: Some(placed.rect),
        ..about(kind, placed.image_id, score, why)
    }
}

/// What the study refuses is a failed job that says why.
pub(crate) fn refused(error: tator_learning::Error) -> Error {
    match error {
        tator_learning::Error::Stopped => Error::Cancelled,
        other => Error::invalid("vectors", other.to_string()),
    }
}

impl Workbench {
    /// Starts a look at a dataset.
    ///
    /// # Errors
    /// [`Error::NotFound`] for dataset, encoder or run; [`Error::Invalid`].
    pub fn start_quality(&self, request: &QualityRequest) -> Result<JobId, Error> {
        let d = &request.dataset;
        self.reader().dataset(d)?;
        if !(request.likeness > 0.0 && request.likeness <= 1.0) {
            return Err(Error::invalid("likeness", "a cosine above 0 and up to 1"));
        }
        if !(0.0..=1.0).contains(&request.min_score) {
            return Err(Error::invalid("min_score", "between 0 and 1"));
        }
        if let Some(run) = &request.run {
            self.reader().check_run(d, run)?;
        }
        let text = serde_json::to_string(request).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue("quality", format!("Look at the quality of {d}"), d, text)
    }
}
