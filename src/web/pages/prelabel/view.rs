//! What the pages of prelabelling show.

use askama::Template;
use serde_json::Value;
use tator_domain::{DatasetName, ImageId, RunName};
use tator_pipeline::evaluate::{Cut, Scale};
use tator_pipeline::prepass::{DraftPreview, UnfinishedRun};
use tator_store::RunEntry;

use super::form::Fields;
use super::pace::Pace;
use super::recall::scale_words;
use crate::addresses;
use crate::figures::{filters, grouped};
use crate::outlines::Outlines;
use crate::page::Shell;

/// `/d/{dataset}/prelabel`
#[derive(Template)]
#[template(path = "prelabel/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Finished runs, newest first.
    pub runs: Vec<RunLine>,
    /// Runs that were cut off.
    pub unfinished: Vec<UnfinishedRun>,
    /// A run is being made now: its job and title.
    pub live: Vec<(i64, String)>,
    /// What is being composed.
    pub compose: Compose,
}

/// The form and the text of a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Compose {
    /// As a form; `None` while the text cannot be read.
    pub fields: Option<Fields>,
    /// As text.
    pub text: String,
    /// Why the text cannot be read, or the run not be started.
    pub wrong: Option<String>,
    /// SQL condition.
    pub condition: String,
    /// Name of the run.
    pub run: String,
    /// Images of the dataset.
    pub images: u64,
}

/// `/d/{dataset}/prelabel/_fields`
#[derive(Template)]
#[template(path = "prelabel/_fields.html")]
pub struct FieldsPart {
    /// The dataset.
    pub dataset: DatasetName,
    /// What is being composed.
    pub compose: Compose,
}

/// `/d/{dataset}/prelabel/_recipe`
#[derive(Template)]
#[template(path = "prelabel/_recipe.html")]
pub struct RecipePart {
    /// The dataset.
    pub dataset: DatasetName,
    /// What is being composed.
    pub compose: Compose,
}

/// `/d/{dataset}/prelabel/_estimate/{job}`
#[derive(Template)]
#[template(path = "prelabel/_estimate.html")]
pub struct EstimatePart {
    /// The dataset.
    pub dataset: DatasetName,
    /// The job that measures.
    pub job: i64,
    /// It has not ended.
    pub live: bool,
    /// What it says.
    pub words: String,
    /// How fast each stage went.
    pub pace: Option<Pace>,
    /// What to know before.
    pub warnings: Vec<String>,
    /// It ended badly.
    pub failed: bool,
}

/// A run in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLine {
    /// Its name.
    pub name: RunName,
    /// The recipe's name.
    pub recipe: String,
    /// Images.
    pub images: u64,
    /// Boxes of models.
    pub atoms: u64,
    /// Candidates.
    pub candidates: u64,
    /// Images on which a model failed.
    pub failed: u64,
    /// Models, joined.
    pub models: String,
    /// Seconds it took.
    pub seconds: f64,
    /// When it was done.
    pub finished_at: i64,
}

impl RunLine {
    /// What the list tells of a run.
    #[must_use]
    pub fn of(entry: &RunEntry) -> Self {
        let record = &entry.record;
        let number = |key: &str| record[key].as_u64().unwrap_or_default();
        let mut models: Vec<&str> = sources(record).filter_map(|one| one["source"].as_str()).collect();
        models.dedup();
        Self {
            name: entry.name.clone(),
            recipe: record["recipe"]["name"].as_str().unwrap_or_default().to_owned(),
            images: number("images"),
            atoms: number("atoms"),
            candidates: number("candidates"),
            failed: number("failed_images"),
            models: models.join(", "),
            seconds: record["seconds"].as_f64().unwrap_or_default(),
            finished_at: record["finished_at"].as_i64().unwrap_or_default(),
        }
    }
}

pub(super) fn sources(record: &Value) -> impl Iterator<Item = &Value> {
    record["sources"].as_array().into_iter().flatten()
}

/// `/d/{dataset}/prelabel/runs/{run}`
#[derive(Template)]
#[template(path = "prelabel/run.html")]
pub struct RunPage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// What the list tells of it.
    pub line: RunLine,
    /// Single sources.
    pub sources: Vec<SourceLine>,
    /// How fast it went.
    pub pace: Option<Pace>,
    /// What to know about it.
    pub warnings: Vec<String>,
    /// The first failures: path, image, reason.
    pub failures: Vec<(String, ImageId, String)>,
    /// Where it is measured.
    pub point: Cut,
    /// Some of its images.
    pub pictures: Vec<PictureView>,
    /// Questions in SQL: title and address.
    pub questions: Vec<(String, String)>,
    /// The recipe as text.
    pub recipe: String,
    /// Images that could get drafts.
    pub free_images: u64,
}

/// A source in the table of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceLine {
    /// `<model>:<full|windows>`
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Boxes.
    pub atoms: u64,
    /// Images on which it failed.
    pub failed: u64,
    /// Milliseconds an image.
    pub ms: f64,
    /// Classes that found a counterpart, of how many.
    pub mapped: (usize, usize),
    /// Boxes under classes that the dataset has not.
    pub unmapped: u64,
    /// Classes whose counterpart has another name: model's and dataset's.
    pub renamed: Vec<(String, String)>,
    /// Whether its scores were put on the common scale.
    pub fitted: bool,
}

impl SourceLine {
    /// What the record says of a source.
    #[must_use]
    pub fn of(source: &Value) -> Self {
        let text = |key: &str| source[key].as_str().unwrap_or_default().to_owned();
        let classes = source["classes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let renamed = classes.iter().filter_map(|one| {
            let (theirs, ours) = (one["model_class"].as_str()?, one["class"].as_str()?);
            (theirs != ours).then(|| (theirs.to_owned(), ours.to_owned()))
        });
        let unmapped = source["found"]["unmapped"].as_object();
        Self {
            name: text("source_run"),
            stage: text("stage"),
            atoms: source["found"]["atoms"].as_u64().unwrap_or_default(),
            failed: source["found"]["failed"].as_u64().unwrap_or_default(),
            ms: source["ms_per_image"].as_f64().unwrap_or_default(),
            mapped: (classes.iter().filter(|one| one["class_id"].is_i64()).count(), classes.len()),
            unmapped: unmapped.map_or(0, |all| all.values().filter_map(Value::as_u64).sum()),
            renamed: renamed.collect(),
            fitted: source["scores"]["fitted"].as_bool().unwrap_or_default(),
        }
    }
}

/// A picture with outlines over it.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureView {
    /// Where it leads.
    pub href: String,
    /// Address of the thumbnail.
    pub picture: String,
    /// Its name.
    pub name: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// What is drawn.
    pub outlines: Outlines,
    /// Its classes, those with most boxes first.
    pub classes: Vec<ShownClass>,
}

/// A class on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownClass {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: String,
    /// Its boxes there.
    pub boxes: usize,
}

/// `/d/{dataset}/prelabel/runs/{run}/images/{image}`
#[derive(Template)]
#[template(path = "prelabel/found.html")]
pub struct FoundPage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The run.
    pub run: RunName,
    /// The image.
    pub image_id: ImageId,
    /// Its path.
    pub path: String,
    /// Its width and height in pixels.
    pub size: (u32, u32),
    /// Names and colours of classes as JSON.
    pub classes: String,
    /// The images before and after in the run.
    pub previous: Option<ImageId>,
    /// The image after.
    pub next: Option<ImageId>,
    /// Which of how many.
    pub place: (u64, u64),
}

/// `/d/{dataset}/prelabel/runs/{run}/drafts`
#[derive(Template)]
#[template(path = "prelabel/drafts.html")]
pub struct DraftsPage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The run.
    pub run: RunName,
    /// Classes of the dataset with what each would get: number, name, colour, chosen, drafts.
    pub classes: Vec<(i32, String, String, bool, usize)>,
    /// Least score.
    pub score: f64,
    /// The calibration, and those to choose from.
    pub calibration: String,
    /// Calibrations of this run.
    pub calibrations: Vec<String>,
    /// SQL condition.
    pub condition: String,
    /// What would become drafts, or why that cannot be said.
    pub preview: Result<DraftPreview, String>,
    /// Some of the images.
    pub pictures: Vec<PictureView>,
    /// Drafts were put: the change, how many, on how many images.
    pub done: Option<(i64, u64, u64)>,
}

impl RunPage {
    /// What the scores of candidates say, after a number.
    #[must_use]
    pub fn pool_words(&self) -> &'static str {
        scale_words(if self.sources.iter().any(|source| source.fitted) { Scale::Common } else { Scale::Raw })
    }
}

impl FoundPage {
    /// Address of the picture.
    #[must_use]
    pub fn file(&self) -> String {
        format!("/api/v1/datasets/{}/images/{}/file", self.dataset, self.image_id)
    }

    /// Address of another image of the run.
    #[must_use]
    pub fn other(&self, id: &ImageId) -> String {
        format!("/d/{}/prelabel/runs/{}/images/{id}", self.dataset, self.run)
    }
}

impl PictureView {
    /// A picture of a dataset that leads somewhere.
    #[must_use]
    pub fn new(
        d: &DatasetName,
        (id, path): (ImageId, &str),
        size: (u32, u32),
        outlines: Outlines,
        classes: Vec<ShownClass>,
        href: String,
    ) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        Self { href, picture: addresses::thumbnail(d, id, 384), name, width: size.0, height: size.1, outlines, classes }
    }

    /// `12 boxes`
    #[must_use]
    pub fn words(&self) -> String {
        let boxes: usize = self.classes.iter().map(|class| class.boxes).sum();
        if boxes == 1 { "1 box".into() } else { format!("{} boxes", grouped(boxes as u64)) }
    }
}
