//! What a run found, as detections.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, ImageId, RunName};
use tator_store::{Atom, Candidate, Reader, RunEntry, RunKind};

use super::{Detection, EvaluateRequest, Truths};
use crate::calibrate::run_version;
use crate::error::Error;
use crate::prepass::living_classes;

/// What of a run is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The boxes as the models gave them.
    Atoms,
    /// The candidates that they were put together to.
    Union,
    /// The candidates under the scores of a calibration.
    Calibrated,
}

/// Detections on images with truth, and what is not among them.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub detections: Vec<Detection>,
    pub elsewhere: usize,
    pub left_out: Vec<(String, String)>,
}

impl Found {
    /// Keeps those on images with truth.
    pub fn of(all: impl Iterator<Item = Detection>, truths: &Truths) -> Self {
        let mut found = Self::default();
        for detection in all {
            if truths.measures(&detection) {
                found.detections.push(detection);
            } else {
                found.elsewhere += 1;
            }
        }
        found
    }
}

/// Rows of a run as detections under the classes of today: what was merged since is measured as what it became.
pub(super) struct Today(HashMap<ClassId, ClassId>);

impl Today {
    pub fn read(reader: &Reader, d: &DatasetName) -> Result<Self, Error> {
        Ok(Self(living_classes(reader, d)?))
    }

    /// A class that is retired for good stays what it was, as it does in the truth.
    fn class(&self, then: ClassId) -> ClassId {
        self.0.get(&then).copied().unwrap_or(then)
    }

    /// Atoms that have no score of their own count with 0.
    pub fn of_atom(&self, atom: &Atom, score: Option<f64>) -> Detection {
        let class = self.class(atom.class_id);
        Detection { image: atom.image_id, class, shape: atom.rect, score: score.unwrap_or(0.0) }
    }

    pub fn of_candidate(&self, candidate: &Candidate, score: Option<f64>) -> Detection {
        let Candidate { image_id, class_id, rect, .. } = candidate;
        let class = self.class(*class_id);
        Detection { image: *image_id, class, shape: *rect, score: score.unwrap_or(0.0) }
    }
}

/// What the request means.
pub(super) fn of_request(reader: &Reader, request: &EvaluateRequest, truths: &Truths) -> Result<Found, Error> {
    let EvaluateRequest { dataset: d, run: Some(run), source, .. } = request else {
        return Err(Error::invalid("run", "which run?"));
    };
    let usual = if source.is_some() { Stage::Atoms } else { Stage::Union };
    let stage = request.stage.unwrap_or(usual);
    // Of all images, so that what lies on those without truth is counted, too.
    let all = ImageId::MIN..=ImageId::MAX;
    let today = Today::read(reader, d)?;
    if stage == Stage::Atoms {
        let atoms = reader.run_atoms(d, run, all)?;
        check_source(reader, (d, run), source.as_deref(), || atoms.iter().any(|atom| is_of(atom, source.as_deref())))?;
        let ours = atoms.iter().filter(|atom| is_of(atom, source.as_deref()));
        // Raw scores order one source; several are only comparable on the scale they share.
        let score = |atom: &Atom| if source.is_some() { atom.score } else { atom.calibrated.or(atom.score) };
        return Ok(Found::of(ours.map(|atom| today.of_atom(atom, score(atom))), truths));
    }
    let candidates = reader.run_candidates(d, run, all.clone())?;
    let has =
        |candidate: &&Candidate| source.as_deref().is_none_or(|s| candidate.sources.iter().any(|one| **one == *s));
    check_source(reader, (d, run), source.as_deref(), || candidates.iter().any(|c| has(&c)))?;
    let ours = candidates.iter().filter(has);
    if stage == Stage::Union {
        return Ok(Found::of(ours.map(|candidate| today.of_candidate(candidate, candidate.score)), truths));
    }
    let calibration = calibration_of(reader, d, run, request.calibration.as_ref())?;
    let scores: HashMap<i64, f64> = reader.calibration_scores(d, &calibration, all)?.into_iter().collect();
    let scored = ours.filter_map(|one| Some(today.of_candidate(one, Some(*scores.get(&one.candidate_id)?))));
    Ok(Found::of(scored, truths))
}

fn is_of(atom: &Atom, source: Option<&str>) -> bool {
    source.is_none_or(|source| *atom.source == *source || *atom.source_run == *source)
}

/// A source that found nothing may be one that does not exist.
fn check_source(
    reader: &Reader,
    (d, run): (&DatasetName, &RunName),
    source: Option<&str>,
    is_known: impl Fn() -> bool,
) -> Result<(), Error> {
    let Some(source) = source.filter(|_| !is_known()) else { return Ok(()) };
    let entry = reader.run_entry(d, RunKind::Prepass, run)?;
    let sources = entry.record["sources"].as_array().cloned().unwrap_or_default();
    let known = |key: &str| sources.iter().filter_map(|one| one[key].as_str()).any(|name| name == source);
    if known("source") || known("source_run") {
        return Ok(());
    }
    let names: Vec<&str> = sources.iter().filter_map(|one| one["source_run"].as_str()).collect();
    Err(Error::invalid("source", format!("run {run} has no source {source}; it has {}", names.join(", "))))
}

/// The calibrations of a run as it is now.
pub(super) fn calibrations_of(reader: &Reader, d: &DatasetName, run: &RunEntry) -> Result<Vec<RunEntry>, Error> {
    let mut all = reader.runs(d, RunKind::Calibration)?;
    all.retain(|entry| {
        let then = entry.record["run_version"].as_str().unwrap_or_default();
        entry.record["run"].as_str() == Some(run.name.as_str()) && (then.is_empty() || then == run_version(run))
    });
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// The calibration that was asked for, or the only one of the run.
pub(crate) fn calibration_of(
    reader: &Reader,
    d: &DatasetName,
    run: &RunName,
    wanted: Option<&RunName>,
) -> Result<RunName, Error> {
    let all = reader.runs(d, RunKind::Calibration)?;
    if let Some(name) = wanted {
        let entry = all.iter().find(|entry| entry.name == *name);
        let entry = entry.ok_or_else(|| Error::NotFound(format!("calibration {name} of {d}")))?;
        let of_run = entry.record["run"].as_str().unwrap_or_default();
        if of_run != run.as_str() {
            return Err(Error::invalid("calibration", format!("{name} is of run {of_run}, not of {run}")));
        }
        let then = entry.record["run_version"].as_str().unwrap_or_default();
        if !then.is_empty() && then != run_version(&reader.run_entry(d, RunKind::Prepass, run)?) {
            let text = format!("run {run} was made anew since {name} learnt from it: calibrate it again");
            return Err(Error::Conflict(text));
        }
        return Ok(name.clone());
    }
    let ours: Vec<RunName> =
        all.into_iter().filter(|e| e.record["run"].as_str() == Some(run.as_str())).map(|e| e.name).collect();
    match &ours[..] {
        [only] => Ok(only.clone()),
        [] => {
            let hint = format!("run {run} of {d} has no calibration yet; `tator calibrate --dataset {d} --run {run}`");
            Err(Error::invalid("calibration", hint))
        }
        several => {
            let names: Vec<&str> = several.iter().map(RunName::as_str).collect();
            Err(Error::invalid("calibration", format!("run {run} has several: {}; say which", names.join(", "))))
        }
    }
}
