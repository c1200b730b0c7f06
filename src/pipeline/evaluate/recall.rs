//! Honest recall: what each source of a run finds alone, beside what all find together, and the most that could be
//! found by choosing well among them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use tator_domain::{ClassId, DatasetName, ImageId, RunName};
use tator_learning::coco_evaluation::{Classes, Counts, covered, evaluate, match_at};
use tator_store::RunKind;

use super::found::{calibration_of, of_atom, of_candidate};
use super::report::no_figure;
use super::{Detection, Truths};
use crate::error::Error;
use crate::workbench::Workbench;

/// What a run finds of a dataset's truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecallReport {
    /// The run.
    pub run: RunName,
    /// Overlap from which on something is found.
    pub iou: f64,
    /// Score from which on a detection counts for precision, recall and F1.
    pub score: f64,
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
    /// Boxes it gave.
    pub detections: usize,
    /// Share of the truths that some box of it covers, whatever its score: the upper bound of recall.
    pub coverage: Option<f64>,
    /// The same at an overlap of .75.
    pub coverage75: Option<f64>,
    /// Share of the truths found one to one, whatever the score.
    pub recall_any_score: Option<f64>,
    /// At the chosen score.
    pub precision: Option<f64>,
    /// At the chosen score.
    pub recall: Option<f64>,
    /// At the chosen score.
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
    detections: Vec<Detection>,
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
        (iou, score): (f64, f64),
        condition: Option<&str>,
    ) -> Result<RecallReport, Error> {
        let truths = Truths::read(self.reader(), d, condition)?;
        let ids = self.looked_at(d, run)?;
        self.recall_on(d, run, &truths.of_images(|id| ids.contains(&id)), (iou, score))
    }

    /// The same of two runs, on the images that both have looked at: anything else would compare images, not runs.
    ///
    /// # Errors
    /// As [`Workbench::recall`].
    pub fn compare_recall(
        &self,
        d: &DatasetName,
        runs: [&RunName; 2],
        point: (f64, f64),
    ) -> Result<[RecallReport; 2], Error> {
        let truths = Truths::read(self.reader(), d, None)?;
        let [first, second] = [self.looked_at(d, runs[0])?, self.looked_at(d, runs[1])?];
        let truths = truths.of_images(|id| first.contains(&id) && second.contains(&id));
        Ok([self.recall_on(d, runs[0], &truths, point)?, self.recall_on(d, runs[1], &truths, point)?])
    }

    fn looked_at(&self, d: &DatasetName, run: &RunName) -> Result<BTreeSet<ImageId>, Error> {
        let rows = self.reader().run_images(d, run, i64::MIN..=i64::MAX)?;
        Ok(rows.iter().map(|row| row.image_id).collect())
    }

    fn recall_on(
        &self,
        d: &DatasetName,
        run: &RunName,
        truths: &Truths,
        (iou, score): (f64, f64),
    ) -> Result<RecallReport, Error> {
        if truths.images.is_empty() {
            let text = format!("no image of run {run} is labelled: label some of them to see what it finds");
            return Err(Error::invalid("run", text));
        }
        let groups = self.groups(d, run, truths)?;
        let rows = groups.iter().map(|group| row(group, truths, (iou, score))).collect::<Result<Vec<_>, _>>()?;
        let classes = classes(&groups, truths, (iou, score))?;
        let n_truths = truths.rows.iter().filter(|truth| !truth.crowd).count();
        Ok(RecallReport { run: run.clone(), iou, score, images: truths.images.len(), truths: n_truths, rows, classes })
    }

    fn groups(&self, d: &DatasetName, run: &RunName, truths: &Truths) -> Result<Vec<Group>, Error> {
        let reader = self.reader();
        let (Some(first), Some(last)) = (truths.images.first(), truths.images.last()) else { return Ok(Vec::new()) };
        let mut sources: BTreeMap<Arc<str>, Vec<Detection>> = BTreeMap::new();
        let mut stages: BTreeMap<Arc<str>, Vec<Detection>> = BTreeMap::new();
        // A source that found nothing is told, too.
        let record = reader.run_entry(d, RunKind::Prepass, run)?.record;
        let names = record["sources"].as_array().into_iter().flatten().filter_map(|one| one["source_run"].as_str());
        for name in names {
            sources.entry(name.into()).or_default();
        }
        for atom in reader.run_atoms(d, run, *first..=*last)? {
            if truths.images.contains(&atom.image_id) {
                sources.entry(atom.source_run.clone()).or_default().push(of_atom(&atom, atom.score));
                let score = atom.calibrated.or(atom.score);
                stages.entry(atom.stage.clone()).or_default().push(of_atom(&atom, score));
            }
        }
        let named = |kind, all: BTreeMap<Arc<str>, Vec<Detection>>| {
            all.into_iter().map(move |(name, detections)| Group { kind, name: name.to_string(), detections })
        };
        let candidates = reader.run_candidates(d, run, *first..=*last)?;
        let ours: Vec<_> = candidates.iter().filter(|one| truths.images.contains(&one.image_id)).collect();
        let union = ours.iter().map(|one| of_candidate(one, one.score)).collect();
        let mut groups: Vec<Group> = named("source", sources).chain(named("stage", stages)).collect();
        groups.push(Group { kind: "union", name: "all together".into(), detections: union });
        if let Ok(calibration) = calibration_of(reader, d, run, None) {
            let scores: std::collections::HashMap<i64, f64> =
                reader.calibration_scores(d, &calibration, *first..=*last)?.into_iter().collect();
            let scored = ours.iter().filter_map(|one| Some(of_candidate(one, Some(*scores.get(&one.candidate_id)?))));
            groups.push(Group { kind: "calibrated", name: calibration.to_string(), detections: scored.collect() });
        }
        Ok(groups)
    }
}

fn row(group: &Group, truths: &Truths, (iou, score): (f64, f64)) -> Result<RecallRow, Error> {
    let (real, found) = (&truths.rows, &group.detections);
    let matches = match_at(real, found, iou, Classes::Apart).map_err(no_figure)?;
    let (all, chosen) = (matches.counts(real, found, f64::NEG_INFINITY), matches.counts(real, found, score));
    let figures = evaluate(real, found, Classes::Apart).map_err(no_figure)?.figures;
    Ok(RecallRow {
        kind: group.kind,
        name: group.name.clone(),
        detections: found.len(),
        coverage: share(truths, found, iou)?,
        coverage75: share(truths, found, 0.75)?,
        recall_any_score: all.overall.recall(),
        precision: chosen.overall.precision(),
        recall: chosen.overall.recall(),
        f1: chosen.overall.f1(),
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
