//! What a calibration was made of, what it found, and how good it is: enough to make it again, and everything a review shows.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tator_domain::{ClassId, DatasetName, RunName};
use tator_learning::boost::Step;
use tator_learning::calibrator::{Calibrated, FoldReport, Gate, Options, Priors, Protocol, Rule, Standing, Tried};
use tator_store::{Reader, RunKind};

use super::appearance::AppearanceNote;
use super::figures::Figures;
use super::gather::{Gathered, Lineage, features_hash};
use super::request::{CalibrateRequest, refused};
use super::work::{Begins, Scored, full_names};
use crate::error::Error;

/// The layout of this record.
const VERSION: u32 = 1;

/// Names and order of the columns, and a hash over them and the statements that compute them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureNote {
    /// Names in order.
    pub names: Vec<String>,
    /// The hash.
    pub hash: String,
}

/// The map from log odds to probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MapNote {
    /// Slope of the sigmoid.
    pub slope: f64,
    /// Its offset.
    pub offset: f64,
}

/// What a column does in the trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportanceNote {
    /// Its name.
    pub name: String,
    /// How often the trees split by it.
    pub splits: u64,
    /// What these splits gained together.
    pub gain: f64,
}

/// How many there are of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Images of the run.
    pub images: usize,
    /// Those whose truth was used.
    pub truth_images: usize,
    /// Objects on them.
    pub truths: usize,
    /// Candidates of the run.
    pub candidates: usize,
    /// Those on images with truth.
    pub truth_candidates: usize,
}

/// Candidates of a class by what is done with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandCounts {
    /// Accepted.
    pub accept: usize,
    /// For people to look at.
    pub queue: usize,
    /// Neither.
    pub drop: usize,
    /// Left out before, since a better one of the class covers them; records of before counted them as dropped.
    #[serde(default)]
    pub duplicates: usize,
}

/// `record.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this layout.
    pub version: u32,
    /// Name of the calibration.
    pub calibration: RunName,
    /// The dataset.
    pub dataset: DatasetName,
    /// The run.
    pub run: RunName,
    /// Hash of everything it was made of.
    pub key: String,
    /// Hash of the run as it was: one that was made anew under its name is another.
    #[serde(default)]
    pub run_version: String,
    /// Number of the latest change of the dataset.
    pub data_version: i64,
    /// How it was done.
    pub options: Options,
    /// Probability from which on a candidate that is not accepted goes to people.
    pub queue_from: f64,
    /// Candidates of which no model scored a box as high were not looked at.
    pub floor: f64,
    /// Columns that were left out.
    pub without: Vec<String>,
    /// What is known of the training of each model.
    pub lineage: BTreeMap<String, Lineage>,
    /// What a reader should know before believing the figures.
    pub warnings: Vec<String>,
    /// How many there are of what.
    pub sizes: Sizes,
    /// How the test was kept apart.
    pub protocol: Protocol,
    /// How often the test images were opened: once, by this calibration.
    pub test_opened: u32,
    /// On images that no part of it has seen.
    pub test: Standing,
    /// Every source alone, their union, and the recipe in use, each by its own best rule, on the same images.
    pub baselines: BTreeMap<String, Standing>,
    /// Whether it is promoted.
    pub gate: Gate,
    /// Every part that was tested.
    pub folds: Vec<FoldReport>,
    /// How candidates are accepted from now on.
    pub rule: Rule,
    /// Usual shapes.
    pub priors: Priors,
    /// From log odds to probabilities.
    pub map: MapNote,
    /// The ways of growing trees that were tried, the one taken first.
    pub tried: Vec<Tried>,
    /// Losses round by round.
    pub curve: Vec<Step>,
    /// What each column does.
    pub importances: Vec<ImportanceNote>,
    /// Images whose pictures could not be read, so that nobody knows how their candidates look.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread_images: usize,
    /// What looked at crops of the candidates, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appearance: Option<AppearanceNote>,
    /// The columns.
    pub features: FeatureNote,
    /// What a review looks at.
    pub figures: Figures,
    /// Candidates on images without truth, by class.
    pub open_bands: BTreeMap<ClassId, BandCounts>,
    /// BLAKE3 of the model files.
    pub files: BTreeMap<String, String>,
}

/// What a job or a command tells.
#[derive(Debug, Clone, Serialize)]
pub struct CalibrateReport {
    /// Name of the calibration.
    pub calibration: RunName,
    /// On images that no part of it has seen.
    pub test: Value,
    /// Every source alone, their union, and the recipe in use.
    pub baselines: BTreeMap<String, Value>,
    /// Better than each of them by more than the interval.
    pub promoted: bool,
    /// In words.
    pub why: String,
    /// The run.
    pub run: RunName,
    /// How the test was kept apart.
    pub protocol: Protocol,
    /// How many there are of what.
    pub sizes: Sizes,
    /// What a reader should know before believing the figures.
    pub warnings: Vec<String>,
    /// Images whose pictures could not be read.
    #[serde(skip_serializing_if = "is_zero")]
    pub unread_images: usize,
    /// It was made before, of the same things.
    pub reused: bool,
    /// Seconds in all.
    pub seconds: f64,
    /// Seconds of its parts: features, labels, training (with thresholds), testing, intervals, writing; none when it was made before.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, f64>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// What the work knows that the calibrator does not.
pub(super) struct Made {
    pub name: RunName,
    pub key: String,
    pub hashes: BTreeMap<String, String>,
    pub laid_out: Duration,
    pub trained: Duration,
}

/// Hash of a run by its record and files.
pub(crate) fn run_version(entry: &tator_store::RunEntry) -> String {
    let made_of = json!({ "run": entry.record, "files": entry.files });
    blake3::hash(made_of.to_string().as_bytes()).to_hex().to_string()
}

/// Hash of what a calibration is made of: run, truth, request.
pub(super) fn key_of(reader: &Reader, begins: &Begins<'_>) -> Result<String, Error> {
    let request = begins.request;
    let entry = reader.run_entry(&request.dataset, RunKind::Prepass, &request.run)?;
    let plain = CalibrateRequest { name: None, ..request.clone() };
    let made_of = json!({
        "version": VERSION,
        "run": entry.record,
        "files": entry.files,
        "data_version": begins.data_version,
        "request": plain,
        "features": features_hash(&[]),
        "recipe": begins.recipe.map(|recipe| &recipe.note.fingerprint),
        "appearance": begins.appearance.map(|looks| &looks.note),
    });
    Ok(blake3::hash(made_of.to_string().as_bytes()).to_hex().to_string())
}

impl Record {
    pub(super) fn of(
        reader: &Reader,
        begins: &Begins<'_>,
        gathered: &Gathered,
        found: &Calibrated,
        scores: &[Scored],
        figures: Figures,
        made: Made,
    ) -> Result<Self, Error> {
        let (development, request) = (&found.development, begins.request);
        let importances = development.ensemble.base().importances().map_err(refused)?;
        let names = full_names(gathered);
        tracing::info!(laid_out = ?made.laid_out, trained = ?made.trained, "calibrated");
        Ok(Self {
            version: VERSION,
            calibration: made.name,
            dataset: request.dataset.clone(),
            run: request.run.clone(),
            key: made.key,
            run_version: run_version(&reader.run_entry(&request.dataset, RunKind::Prepass, &request.run)?),
            data_version: begins.data_version,
            options: request.options.clone(),
            queue_from: request.queue_from,
            floor: request.floor,
            without: request.without.clone(),
            warnings: warnings(gathered, found),
            lineage: gathered.lineage.clone(),
            sizes: Sizes {
                images: gathered.images.len(),
                truth_images: gathered.sizes.len(),
                truths: gathered.truths.iter().filter(|truth| !truth.crowd).count(),
                candidates: gathered.candidates.len(),
                truth_candidates: found.scores.len(),
            },
            protocol: found.protocol,
            test_opened: 1,
            test: found.test.clone(),
            baselines: found.baselines.clone(),
            gate: found.gate.clone(),
            folds: found.folds.clone(),
            rule: development.rule.clone(),
            priors: development.priors.clone(),
            map: MapNote { slope: development.platt.slope, offset: development.platt.offset },
            tried: development.tried.clone(),
            curve: development.curve.clone(),
            importances: importances
                .into_iter()
                .map(|one| ImportanceNote { name: one.name, splits: one.splits, gain: one.gain })
                .collect(),
            unread_images: gathered.unseen,
            appearance: begins.appearance.map(|looks| looks.note.clone()),
            features: FeatureNote { hash: features_hash(&names), names },
            figures,
            open_bands: open_bands(gathered, scores, request.queue_from),
            files: made.hashes,
        })
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`Error::Invalid`] for one of another layout.
    pub fn parse(value: &Value) -> Result<Self, Error> {
        serde_json::from_value(value.clone()).map_err(|e| {
            Error::invalid(
                "record",
                format!("this calibration was written by another version of Tator ({e}); calibrate again"),
            )
        })
    }

    pub(super) fn report(&self, reused: bool, took: Duration) -> CalibrateReport {
        CalibrateReport {
            calibration: self.calibration.clone(),
            test: shown(&self.test),
            baselines: self.baselines.iter().map(|(name, standing)| (name.clone(), shown(standing))).collect(),
            promoted: self.gate.promoted,
            why: self.gate.why.clone(),
            run: self.run.clone(),
            protocol: self.protocol,
            sizes: self.sizes,
            warnings: self.warnings.clone(),
            unread_images: self.unread_images,
            reused,
            seconds: took.as_secs_f64(),
            parts: BTreeMap::new(),
        }
    }
}

impl CalibrateReport {
    pub(crate) fn summary(&self) -> String {
        let again =
            if self.reused { " (of the same run, truth and options: it is given instead of a second one)" } else { "" };
        let verdict = if self.promoted { "promoted" } else { "not promoted" };
        format!("{}{again}: {verdict}: {}", self.calibration, self.why)
    }
}

fn shown(standing: &Standing) -> Value {
    json!({
        "precision": standing.precision, "precision_ci": standing.precision_ci,
        "recall": standing.recall, "recall_ci": standing.recall_ci,
        "f1": standing.f1, "f1_ci": standing.f1_ci,
        "right": standing.right, "wrong": standing.wrong, "missed": standing.missed,
        "bound": standing.rules.first().map(|rule| rule.bound.clone()),
    })
}

fn open_bands(gathered: &Gathered, scores: &[Scored], queue_from: f64) -> BTreeMap<ClassId, BandCounts> {
    let mut bands: BTreeMap<ClassId, BandCounts> = BTreeMap::new();
    for (candidate, scored) in
        gathered.candidates.iter().zip(scores).filter(|(_, scored)| !scored.is_truth && !scored.is_hidden)
    {
        let counts = bands.entry(candidate.class_id).or_default();
        match scored.band(queue_from) {
            _ if !scored.score.kept => counts.duplicates += 1,
            "accept" => counts.accept += 1,
            "queue" => counts.queue += 1,
            _ => counts.drop += 1,
        }
    }
    bands
}

fn warnings(gathered: &Gathered, found: &Calibrated) -> Vec<String> {
    let mut warnings = Vec::new();
    let untold: Vec<&str> =
        gathered.lineage.iter().filter(|(_, lineage)| !lineage.told).map(|(name, _)| name.as_str()).collect();
    if !untold.is_empty() {
        warnings.push(format!(
            "nobody said which images {} was trained on: if it was trained on labelled images of this run, its scores \
             there are too good, and so are these figures; `--seen MODEL=CONDITION` leaves them out",
            untold.join(", ")
        ));
    }
    if gathered.sizes.len() < 100 {
        warnings.push(format!("{} images have truth: intervals are wide with so few", gathered.sizes.len()));
    }
    if gathered.taught > 0 {
        warnings.push(format!(
            "the recipe was learnt from {} labelled images of this run: they do not test it",
            gathered.taught
        ));
    }
    if gathered.unseen > 0 {
        warnings.push(format!(
            "the pictures of {} images could not be read: how their candidates look is not known; the log of the job says why",
            gathered.unseen
        ));
    }
    let rule = &found.development.rule;
    if rule.bound == "recall_floor" {
        warnings.push("no threshold reaches the recall that was asked for within the share of wrong ones".to_owned());
    } else if rule.bound == "wrong_per_right" {
        warnings.push("no threshold keeps to the share of wrong ones that was asked for".to_owned());
    }
    warnings
}
