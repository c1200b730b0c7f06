//! From which score on candidates are accepted: one threshold, or one for each class, and how they are suppressed before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, PixelBox};

use super::judge::{Judgement, judge};
use super::options::Options;
use super::pool::Pool;
use crate::Error;
use crate::calibration::{ClassJudged, CutPoint, Fulfilled, choose_per_class};
use crate::coco_evaluation::{Counts, Detection, Outcome};

/// Which thresholds hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One for all classes.
    Global,
    /// Each class its own.
    PerClass,
}

/// How candidates are accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Overlap from which on a worse candidate of the same class goes.
    pub dedupe: f64,
    /// Which thresholds hold.
    pub scope: Scope,
    /// The threshold of all classes, and of those that have none of their own; nothing accepts nothing.
    pub global: Option<f64>,
    /// Thresholds of the classes.
    pub classes: BTreeMap<ClassId, Option<f64>>,
    /// What bound the choice: `both` conditions are met, the `recall_floor` could not be reached, or neither could the cap.
    pub bound: String,
    /// How far class thresholds were drawn to the common one to keep the cap.
    pub blended: f64,
    /// F1 on development images, thresholds chosen on others of them.
    pub cross_fitted_f1: f64,
    /// Truths that a class needed for a threshold of its own.
    pub least_truths: usize,
}

impl Rule {
    /// The least score of a class.
    #[must_use]
    pub fn least(&self, class: ClassId) -> Option<f64> {
        match self.scope {
            Scope::Global => self.global,
            Scope::PerClass => self.classes.get(&class).copied().unwrap_or(self.global),
        }
    }

    /// Whether a candidate that was not suppressed is accepted.
    #[must_use]
    pub fn accepts(&self, class: ClassId, score: f64) -> bool {
        self.least(class).is_some_and(|least| score >= least)
    }

    /// How much of what was asked for it keeps, on the images it was chosen on.
    pub(super) fn fulfilled(&self) -> Fulfilled {
        match self.bound.as_str() {
            "recall_floor" => Fulfilled::CapAlone,
            "wrong_per_right" => Fulfilled::Nothing,
            _ => Fulfilled::All,
        }
    }

    /// Thresholds as chosen, not yet compared.
    fn of(classes: &BTreeMap<ClassId, ClassJudged>, options: &Options, dedupe: f64) -> Result<[Self; 2], Error> {
        let told = |e: crate::bad_number::BadNumber| Error::invalid("scores", e.to_string());
        let chosen = choose_per_class(classes, &options.objective(), options.least_truths).map_err(told)?;
        let none = Rule {
            dedupe,
            scope: Scope::Global,
            global: None,
            classes: BTreeMap::new(),
            bound: "nothing".to_owned(),
            blended: 0.0,
            cross_fitted_f1: 0.0,
            least_truths: options.least_truths,
        };
        let Some(chosen) = chosen else { return Ok([none.clone(), none]) };
        let bound = |counts: &Counts| bound(options, counts).to_owned();
        let least = |cut: &CutPoint| cut.least;
        let global = Rule { global: chosen.global.least, bound: bound(&chosen.global.counts), ..none };
        let per_class = Rule {
            scope: Scope::PerClass,
            classes: chosen.classes.iter().map(|(class, cut)| (*class, least(cut))).collect(),
            bound: bound(&chosen.overall),
            blended: chosen.blended,
            ..global
        };
        Ok([global, per_class])
    }
}

/// Which condition kept the choice from the best F1.
fn bound(options: &Options, counts: &Counts) -> &'static str {
    match options.objective().fulfilled(counts) {
        Fulfilled::All => "none",
        Fulfilled::CapAlone => "recall_floor",
        Fulfilled::Nothing => "wrong_per_right",
    }
}

/// Chooses suppression and thresholds for scored detections of development images. Which of them is better is asked of
/// thresholds that were chosen without the image; the winner's are then chosen on all.
pub(super) fn choose_rule(
    pool: &Pool<'_>,
    dev: &[bool],
    fold_of: &[Option<usize>],
    detections: &[Detection<PixelBox>],
    options: &Options,
) -> Result<Rule, Error> {
    let truths = pool.truths_on(dev);
    let folds = fold_of.iter().flatten().max().map_or(1, |most| most + 1).max(2);
    // Where there is one tune part only, it is halved by the order of its images.
    let halved = fold_of.iter().flatten().all(|one| *one == 0);
    let fold = |image| {
        let at = pool.images.binary_search_by_key(&image, |size| size.image).ok()?;
        if halved { Some(at % 2) } else { fold_of[at] }
    };
    let mut best: Option<((Fulfilled, f64), Rule)> = None;
    for dedupe in &options.dedupe {
        let judged =
            judge(&truths, detections, options.iou, *dedupe).map_err(|e| Error::invalid("scores", e.to_string()))?;
        let by_fold: Vec<_> =
            (0..folds).map(|one| by_class(&truths, detections, &judged, |image| fold(image) == Some(one))).collect();
        let mut sums = [Counts::default(); 2];
        for (out, aside) in by_fold.iter().enumerate() {
            let others = merged(by_fold.iter().enumerate().filter(|(one, _)| *one != out).map(|(_, classes)| classes));
            for (sum, rule) in sums.iter_mut().zip(Rule::of(&others, options, *dedupe)?) {
                *sum = *sum + counts(aside, &rule);
            }
        }
        let all = merged(by_fold.iter());
        for (sum, rule) in sums.into_iter().zip(Rule::of(&all, options, *dedupe)?) {
            let f1 = sum.f1().unwrap_or(0.0);
            // What was asked for comes first: a rule that keeps it beats a better one that does not.
            let stands = (options.objective().fulfilled(&sum), f1);
            if best.as_ref().is_none_or(|(most, _)| stands > *most) {
                best = Some((stands, Rule { cross_fitted_f1: f1, ..rule }));
            }
        }
    }
    best.map(|(_, rule)| rule).ok_or_else(|| Error::invalid("dedupe", "no overlap to try"))
}

type ByClass = BTreeMap<ClassId, ClassJudged>;

/// Candidates that stay and truths of the images that `is_in` takes, by class.
fn by_class(
    truths: &[crate::coco_evaluation::Truth<PixelBox>],
    detections: &[Detection<PixelBox>],
    judged: &Judgement,
    is_in: impl Fn(i64) -> bool,
) -> ByClass {
    let mut classes = ByClass::new();
    for truth in truths.iter().filter(|truth| !truth.crowd && is_in(truth.image)) {
        classes.entry(truth.class).or_default().n_truths += 1;
    }
    for (row, outcome) in judged.kept.iter().zip(&judged.matches.outcomes) {
        let one = &detections[*row];
        if *outcome == Outcome::Ignored || !is_in(one.image) {
            continue;
        }
        let right = matches!(outcome, Outcome::Right(_));
        let judged = crate::calibration::Judged { score: one.score, right };
        classes.entry(one.class).or_default().judged.push(judged);
    }
    classes
}

fn merged<'a>(parts: impl Iterator<Item = &'a ByClass>) -> ByClass {
    let mut all = ByClass::new();
    for (class, rows) in parts.flatten() {
        let sum = all.entry(*class).or_default();
        sum.n_truths += rows.n_truths;
        sum.judged.extend_from_slice(&rows.judged);
    }
    all
}

fn counts(classes: &ByClass, rule: &Rule) -> Counts {
    let of = |(class, rows): (&ClassId, &ClassJudged)| {
        let accepted = rows.judged.iter().filter(|one| rule.accepts(*class, one.score));
        let (n, right) = accepted.fold((0, 0), |(n, right), one| (n + 1, right + usize::from(one.right)));
        Counts { right, wrong: n - right, missed: rows.n_truths.saturating_sub(right) }
    };
    classes.iter().map(of).sum()
}
