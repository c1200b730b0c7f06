//! Honest recall: what each source of a run finds alone, beside what all find together, and the most that could be
//! found by choosing well among them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use tator_domain::{ClassId, DatasetName, ImageId, RunName};
use tator_learning::coco_evaluation::{Classes, Counts, covered, evaluate, match_at};
use tator_store::{RunEntry, RunKind};

use super::found::{Today, calibrations_of};
use super::report::no_figure;
use super::{Detection, Truths};
use crate::error::Error;
use crate::workbench::Workbench;

/// Where precision, recall and F1 are measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    /// Overlap from which on something is found.
    pub iou: f64,
    /// Score from which on a box of a single source counts, as its model says it.
    pub score: f64,
    /// Score from which on what was put together counts, on the scale of the pool.
    pub pool: f64,
}

impl Default for Cut {
    fn default() -> Self {
        Self { iou: 0.5, score: 0.5, pool: 0.5 }
    }
}

/// What a score says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// What the model says, whatever it means by it.
    Raw,
    /// How often such a box is right, fitted on the run's labelled images.
    Common,
    /// The probability of a calibration, cut by its own thresholds.
    Calibrated,
}

/// What a run finds of a dataset's truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecallReport {
    /// The run.
    pub run: RunName,
    /// Where it is measured.
    #[serde(flatten)]
    pub cut: Cut,
    /// The scale on which what was put together is cut.
    pub pool_scale: Scale,
    /// Images of the run that have truth.
    pub images: usize,
    /// Boxes on them that can be missed.
    pub truths: usize,
    /// Single sources first, then stages, then all together.
    pub rows: Vec<RecallRow>,
    /// The same for each class that has truth, all sources together and the best single one.
    pub classes: Vec<ClassRecall>,
}

/// What one source finds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecallRow {
    /// `source`, `stage`, `union` or `calibrated`.
    pub kind: &'static str,
    /// `yolox:full`, `detector`, or what it is.
    pub name: String,
    /// What its scores say.
    pub scale: Scale,
    /// The score from which on its boxes count; a calibration has thresholds of its own.
    pub score: Option<f64>,
    /// Whether it is the calibration that passed its gate.
    pub promoted: bool,
    /// Boxes it gave.
    pub detections: usize,
    /// Share of the truths that some box of it covers, whatever its score: the upper bound of recall.
    pub coverage: Option<f64>,
    /// The same at an overlap of .75.
    pub coverage75: Option<f64>,
    /// Share of the truths found one to one, whatever the score.
    pub recall_any_score: Option<f64>,
    /// At the chosen score. Of a calibration what it came to on images that it had not seen, at the overlap it was made
    /// for; at another overlap nothing.
    pub precision: Option<f64>,
    /// As precision.
    pub recall: Option<f64>,
    /// As precision.
    pub f1: Option<f64>,
    /// COCO's average precision over all overlaps.
    #[serde(rename = "AP")]
    pub ap: Option<f64>,
    /// Average precision at .50.
    #[serde(rename = "AP50")]
    pub ap50: Option<f64>,
}

/// How much of a class is covered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassRecall {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Boxes that can be missed.
    pub truths: usize,
    /// Share that all sources together cover.
    pub coverage: f64,
    /// The single source that covers most.
    pub best_source: String,
    /// Share that it covers.
    pub best_coverage: f64,
    /// All together at the chosen score.
    pub precision: Option<f64>,
    /// All together at the chosen score.
    pub recall: Option<f64>,
    /// All together at the chosen score.
    pub f1: Option<f64>,
}

/// A set of detections under a name.
struct Group {
    kind: &'static str,
    name: String,
    scale: Scale,
    detections: Vec<Detection>,
    /// Of a calibration: how it stands on images that it had not seen.
    own: Option<Own>,
}

/// What a calibration says of itself.
struct Own {
    iou: f64,
    promoted: bool,
    figures: [Option<f64>; 3],
}

impl Own {
    fn of(record: &serde_json::Value) -> Self {
        let test = &record["test"];
        // A recipe that was taken over may have had too few images to be tested on.
        let tested = ["right", "wrong", "missed"].iter().any(|count| test[*count].as_u64() > Some(0));
        let test = |key: &str| test[key].as_f64().filter(|_| tested);
        Self {
            iou: record["options"]["iou"].as_f64().unwrap_or(0.5),
            promoted: record["gate"]["promoted"].as_bool().unwrap_or_default(),
            figures: [test("precision"), test("recall"), test("f1")],
        }
    }
}

impl Workbench {
    /// What a run finds, source by source, on its images that are labelled or reviewed.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the run; [`Error::Invalid`] when none of its images is labelled.
    pub fn recall(
        &self,
        d: &DatasetName,
        run: &RunName,
        cut: Cut,
        condition: Option<&str>,
    ) -> Result<RecallReport, Error> {
        let truths = Truths::read(self.reader(), d, condition)?;
        let ids = self.looked_at(d, run)?;
        self.recall_on(d, run, &truths.of_images(|id| ids.contains(&id)), cut)
    }

    /// The same of two runs, on the images that both have looked at: anything else would compare images, not runs.
    ///
    /// # Errors
    /// As [`Workbench::recall`].
    pub fn compare_recall(&self, d: &DatasetName, runs: [&RunName; 2], cut: Cut) -> Result<[RecallReport; 2], Error> {
        let truths = Truths::read(self.reader(), d, None)?;
        let [first, second] = [self.looked_at(d, runs[0])?, self.looked_at(d, runs[1])?];
        let truths = truths.of_images(|id| first.contains(&id) && second.contains(&id));
        Ok([self.recall_on(d, runs[0], &truths, cut)?, self.recall_on(d, runs[1], &truths, cut)?])
    }

    fn looked_at(&self, d: &DatasetName, run: &RunName) -> Result<BTreeSet<ImageId>, Error> {
        let rows = self.reader().run_images(d, run, i64::MIN..=i64::MAX)?;
        Ok(rows.iter().map(|row| row.image_id).collect())
    }

    fn recall_on(&self, d: &DatasetName, run: &RunName, truths: &Truths, cut: Cut) -> Result<RecallReport, Error> {
        if truths.images.is_empty() {
            let text = format!("no image of run {run} is labelled: label some of them to see what it finds");
            return Err(Error::invalid("run", text));
        }
        let entry = self.reader().run_entry(d, RunKind::Prepass, run)?;
        let pool_scale = pool_scale(&entry.record);
        let groups = self.groups(d, &entry, pool_scale, truths)?;
        let rows = groups.iter().map(|group| row(group, truths, cut)).collect::<Result<Vec<_>, _>>()?;
        let classes = classes(&groups, truths, (cut.iou, cut.pool))?;
        let n_truths = truths.rows.iter().filter(|truth| !truth.crowd).count();
        let (run, images) = (run.clone(), truths.images.len());
        Ok(RecallReport { run, cut, pool_scale, images, truths: n_truths, rows, classes })
    }

    fn groups(
        &self,
        d: &DatasetName,
        entry: &RunEntry,
        pool_scale: Scale,
        truths: &Truths,
    ) -> Result<Vec<Group>, Error> {
        let (reader, run) = (self.reader(), &entry.name);
        let (Some(first), Some(last)) = (truths.images.first(), truths.images.last()) else { return Ok(Vec::new()) };
        let today = Today::read(reader, d)?;
        let mut sources: BTreeMap<Arc<str>, Vec<Detection>> = BTreeMap::new();
        let mut stages: BTreeMap<Arc<str>, Vec<Detection>> = BTreeMap::new();
        // A source that found nothing is told, too.
        let listed = entry.record["sources"].as_array().into_iter().flatten();
        for name in listed.filter_map(|one| one["source_run"].as_str()) {
            sources.entry(name.into()).or_default();
        }
        for atom in reader.run_atoms(d, run, *first..=*last)? {
            if truths.images.contains(&atom.image_id) {
                sources.entry(atom.source_run.clone()).or_default().push(today.of_atom(&atom, atom.score));
                let score = atom.calibrated.or(atom.score);
                stages.entry(atom.stage.clone()).or_default().push(today.of_atom(&atom, score));
            }
        }
        let named = |kind, scale, all: BTreeMap<Arc<str>, Vec<Detection>>| {
            let group = move |(name, detections): (Arc<str>, _)| (kind, name.to_string(), scale, detections);
            all.into_iter().map(group)
        };
        let candidates = reader.run_candidates(d, run, *first..=*last)?;
        let ours: Vec<_> = candidates.iter().filter(|one| truths.images.contains(&one.image_id)).collect();
        let union = ours.iter().map(|one| today.of_candidate(one, one.score)).collect();
        let all = named("source", Scale::Raw, sources).chain(named("stage", pool_scale, stages));
        let all = all.chain([("union", "all together".to_owned(), pool_scale, union)]);
        let plain = |(kind, name, scale, detections)| Group { kind, name, scale, detections, own: None };
        let mut groups: Vec<Group> = all.map(plain).collect();
        for calibration in calibrations_of(reader, d, entry)? {
            let scores: std::collections::HashMap<i64, f64> =
                reader.calibration_scores(d, &calibration.name, *first..=*last)?.into_iter().collect();
            let scored =
                ours.iter().filter_map(|one| Some(today.of_candidate(one, Some(*scores.get(&one.candidate_id)?))));
            groups.push(Group {
                kind: "calibrated",
                name: calibration.name.to_string(),
                scale: Scale::Calibrated,
                detections: scored.collect(),
                own: Some(Own::of(&calibration.record)),
            });
        }
        Ok(groups)
    }
}

/// The scale of the pool: the common one where any source was put on it.
fn pool_scale(record: &serde_json::Value) -> Scale {
    let mut sources = record["sources"].as_array().into_iter().flatten();
    let fitted = sources.any(|one| one["scores"]["fitted"].as_bool() == Some(true));
    if fitted { Scale::Common } else { Scale::Raw }
}

fn row(group: &Group, truths: &Truths, cut: Cut) -> Result<RecallRow, Error> {
    let (real, found, iou) = (&truths.rows, &group.detections, cut.iou);
    let score = match group.kind {
        "source" => Some(cut.score),
        "calibrated" => None,
        _ => Some(cut.pool),
    };
    let matches = match_at(real, found, iou, Classes::Apart).map_err(no_figure)?;
    let all = matches.counts(real, found, f64::NEG_INFINITY);
    let [precision, recall, f1] = match (&group.own, score) {
        (Some(own), _) if (own.iou - iou).abs() < 1e-9 => own.figures,
        (None, Some(score)) => {
            let chosen = matches.counts(real, found, score).overall;
            [chosen.precision(), chosen.recall(), chosen.f1()]
        }
        _ => [None; 3],
    };
    let figures = evaluate(real, found, Classes::Apart).map_err(no_figure)?.figures;
    Ok(RecallRow {
        kind: group.kind,
        name: group.name.clone(),
        scale: group.scale,
        score,
        promoted: group.own.as_ref().is_some_and(|own| own.promoted),
        detections: found.len(),
        coverage: share(truths, found, iou)?,
        coverage75: share(truths, found, 0.75)?,
        recall_any_score: all.overall.recall(),
        precision,
        recall,
        f1,
        ap: figures.ap,
        ap50: figures.ap50,
    })
}

fn share(truths: &Truths, found: &[Detection], iou: f64) -> Result<Option<f64>, Error> {
    let covered = covered(&truths.rows, found, iou, Classes::Apart).map_err(no_figure)?;
    let counts = truths.rows.iter().zip(&covered).filter(|(truth, _)| !truth.crowd).map(|(_, covered)| *covered);
    let (n, reached) = counts.fold((0_u32, 0_u32), |(n, reached), covered| (n + 1, reached + u32::from(covered)));
    Ok((n > 0).then(|| f64::from(reached) / f64::from(n)))
}

/// Truths that can be missed, by class.
fn by_class(truths: &Truths, counts: impl Fn(usize) -> bool) -> BTreeMap<ClassId, usize> {
    let mut found = BTreeMap::new();
    for (place, truth) in truths.rows.iter().enumerate().filter(|(_, truth)| !truth.crowd) {
        *found.entry(truth.class).or_insert(0) += usize::from(counts(place));
    }
    found
}

fn classes(groups: &[Group], truths: &Truths, (iou, score): (f64, f64)) -> Result<Vec<ClassRecall>, Error> {
    let all = by_class(truths, |_| true);
    let Some(union) = groups.iter().find(|group| group.kind == "union") else { return Ok(Vec::new()) };
    let reach = |group: &Group| -> Result<BTreeMap<ClassId, usize>, Error> {
        let covered = covered(&truths.rows, &group.detections, iou, Classes::Apart).map_err(no_figure)?;
        Ok(by_class(truths, |place| covered[place]))
    };
    let together = reach(union)?;
    let singles = groups.iter().filter(|group| group.kind == "source");
    let singles = singles.map(|group| Ok((group.name.as_str(), reach(group)?))).collect::<Result<Vec<_>, Error>>()?;
    let matches = match_at(&truths.rows, &union.detections, iou, Classes::Apart).map_err(no_figure)?;
    let chosen = matches.counts(&truths.rows, &union.detections, score);
    let of_class = |(class, n): (&ClassId, &usize)| {
        let part = |reached: &BTreeMap<ClassId, usize>| reached.get(class).copied().unwrap_or(0) as f64 / *n as f64;
        let best = singles.iter().map(|(name, reached)| (*name, part(reached)));
        let best = best.reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap_or(("", 0.0));
        let counts: Counts = chosen.classes.get(class).copied().unwrap_or_default();
        ClassRecall {
            class_id: *class,
            name: truths.class_name(*class),
            truths: *n,
            coverage: part(&together),
            best_source: best.0.to_owned(),
            best_coverage: best.1,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
        }
    };
    Ok(all.iter().filter(|(_, n)| **n > 0).map(of_class).collect())
}
