//! A threshold for each class that together keep the conditions, after stage 3 of Tator's calibration.

use std::collections::BTreeMap;

use tator_domain::ClassId;

use super::cut_points::{CutPoint, Judged, Objective, choose, cut_points};
use crate::bad_number::BadNumber;
use crate::coco_evaluation::{Counts, Detection, Matches, Outcome, Truth};

/// The candidates of a class and its truths.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClassJudged {
    /// Every candidate of the class.
    pub judged: Vec<Judged>,
    /// Every truth of the class, reached or not.
    pub n_truths: usize,
}

impl ClassJudged {
    /// Every class with truths or detections, after the evaluator's matching; crowds and what lies on them are left out.
    #[must_use]
    pub fn by_class<S>(truths: &[Truth<S>], detections: &[Detection<S>], matches: &Matches) -> BTreeMap<ClassId, Self> {
        let mut classes: BTreeMap<ClassId, Self> = BTreeMap::new();
        for truth in truths.iter().filter(|truth| !truth.crowd) {
            classes.entry(truth.class).or_default().n_truths += 1;
        }
        for (detection, outcome) in detections.iter().zip(&matches.outcomes) {
            let right = match outcome {
                Outcome::Right(_) => true,
                Outcome::Wrong => false,
                Outcome::Ignored => continue,
            };
            let class = classes.entry(detection.class).or_default();
            class.judged.push(Judged { score: detection.score, right });
        }
        classes
    }
}

/// One threshold for all classes, and one for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// The best threshold that is the same for all classes.
    pub global: CutPoint,
    /// The threshold of each class, with its counts; [`Objective::fulfilled`] says whether they are good enough.
    pub classes: BTreeMap<ClassId, CutPoint>,
    /// The sum of those counts.
    pub overall: Counts,
    /// How far the classes' own thresholds were drawn to the global one, so that all together keep the cap: 0 to 1.
    pub blended: f64,
}

/// Steps in which thresholds are drawn to the global one.
const STEPS: u32 = 20;

/// Chooses the best threshold of each class; one with fewer truths than `least_truths` takes the global one.
///
/// When the classes together have too many wrong ones, all are drawn toward the global threshold in twentieths, and the
/// best F1 that keeps the cap is taken; when none does, the global threshold is.
///
/// # Errors
/// [`BadNumber`] for a score that is not finite.
pub fn choose_per_class(
    classes: &BTreeMap<ClassId, ClassJudged>,
    objective: &Objective,
    least_truths: usize,
) -> Result<Option<Thresholds>, BadNumber> {
    let all: Vec<Judged> = classes.values().flat_map(|class| class.judged.iter().copied()).collect();
    let n_truths = classes.values().map(|class| class.n_truths).sum();
    let Some((global, _)) = choose(&cut_points(&all, n_truths)?, objective) else { return Ok(None) };
    let mut own = Vec::new();
    for (class, rows) in classes {
        let cuts = cut_points(&rows.judged, rows.n_truths)?;
        let chosen = choose(&cuts, objective).filter(|_| rows.n_truths >= least_truths);
        own.push((*class, cuts, chosen.map_or(global.least, |(cut, _)| cut.least)));
    }
    let blends = (0..=STEPS).map(|step| blend(&own, global.least, f64::from(step) / f64::from(STEPS)));
    let blends: Vec<Blend> = blends.collect();
    let best = if objective.is_within_cap(&blends[0].overall) {
        blends.first()
    } else {
        let within = blends.iter().filter(|blend| objective.is_within_cap(&blend.overall));
        // The first of equals: thresholds stay as near to the classes' own as they can.
        within.rev().max_by(|a, b| f1(a).total_cmp(&f1(b))).or(blends.last())
    };
    Ok(best.cloned().map(|Blend { classes, overall, blended }| Thresholds { global, classes, overall, blended }))
}

#[derive(Clone)]
struct Blend {
    classes: BTreeMap<ClassId, CutPoint>,
    overall: Counts,
    blended: f64,
}

fn f1(blend: &Blend) -> f64 {
    blend.overall.f1().unwrap_or(0.0)
}

/// Thresholds drawn to the global one by a share; a class that accepts none goes on so until the share is 1.
fn blend(own: &[(ClassId, Vec<CutPoint>, Option<f64>)], global: Option<f64>, share: f64) -> Blend {
    let drawn = |own: Option<f64>| match (own, global) {
        _ if share >= 1.0 => global,
        (Some(own), Some(global)) => Some(own + share * (global - own)),
        _ => own,
    };
    let cut = |(class, cuts, least): &(ClassId, Vec<CutPoint>, Option<f64>)| (*class, at(cuts, drawn(*least)));
    let classes: BTreeMap<ClassId, CutPoint> = own.iter().map(cut).collect();
    let overall = classes.values().map(|cut| cut.counts).sum();
    Blend { classes, overall, blended: share }
}

/// What accepting from a score on means, for a score that need not be one of the cut points.
fn at(cuts: &[CutPoint], least: Option<f64>) -> CutPoint {
    let accepted = |cut: &CutPoint| match (cut.least, least) {
        (None, _) => true,
        (Some(score), Some(least)) => score >= least,
        (Some(_), None) => false,
    };
    let counts = cuts[cuts.partition_point(accepted) - 1].counts;
    CutPoint { least, counts }
}
