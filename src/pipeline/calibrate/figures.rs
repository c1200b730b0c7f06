//! What a review looks at: is a probability worth what it says, what does each threshold cost, which errors are left.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, ClassId, ImageId, PixelBox};
use tator_learning::calibration::{Bins, Judged, average_precision, cut_points, reliability};
use tator_learning::calibrator::{RowScore, Rule};
use tator_learning::candidate::Candidate;
use tator_learning::coco_evaluation::{Classes, Counts, Outcome, covered, match_at, operating_point};
use tator_learning::matching::{self, BACKGROUND_IOU, Finding, find_errors};

use crate::error::Error;
use crate::evaluate::{Detection, Truth};

/// Points of a curve that a record keeps.
const POINTS: usize = 200;
/// Overlaps at which the accepted ones are measured besides.
const GRID: [f64; 7] = [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9];
/// What drawing a box costs beside deleting a wrong one.
const DRAW: f64 = 2.0;

/// Precision and recall from a score on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PrPoint {
    /// Accepted from this probability on; nothing accepts nothing.
    pub least: Option<f64>,
    /// Right among the accepted.
    pub right: usize,
    /// Wrong among them.
    pub wrong: usize,
    /// Objects that are not found.
    pub missed: usize,
}

/// What accepting from a probability on saves and costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Accepted from this probability on.
    pub least: Option<f64>,
    /// Objects that a person must still find and draw.
    pub objects_missed: usize,
    /// Clicks beside drawing everything by hand: two a box drawn, one a wrong box deleted.
    pub clicks_saved: f64,
}

/// A bin of probabilities: how many candidates, and how often they are right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower edge.
    pub from: f64,
    /// Upper edge.
    pub to: f64,
    /// Candidates in it.
    pub n: usize,
    /// Their mean probability.
    pub mean: f64,
    /// The share of them that is right.
    pub right: f64,
}

/// A class on the test images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Its threshold in use.
    pub least: Option<f64>,
    /// Counts of the accepted.
    pub right: usize,
    /// Wrong among the accepted.
    pub wrong: usize,
    /// Objects that are not found.
    pub missed: usize,
    /// The thresholds one could choose, from none accepted to all.
    pub cuts: Vec<PrPoint>,
}

/// How many accepted candidates are an error of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorCount {
    /// `localisation`, `wrong_class`, `duplicate`, `background`, `class_and_localisation` or `missed`.
    pub kind: String,
    /// How many.
    pub n: usize,
}

/// An object that no accepted candidate finds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// The box.
    pub box_id: BoxId,
    /// The image it is on.
    pub image_id: ImageId,
    /// Its class.
    pub class_id: ClassId,
    /// Some candidate of the run reaches it: a lower threshold could find it.
    pub reached: bool,
}

/// Everything above, of the test images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The share of the objects that any candidate reaches: no threshold finds more.
    pub recall_ceiling: f64,
    /// Ten bins of equal width.
    pub reliability: Vec<ReliabilityBin>,
    /// Mean difference of probability and share right.
    pub expected_error: Option<f64>,
    /// Mean squared difference of probability and outcome.
    pub brier: Option<f64>,
    /// Candidates of every class together.
    pub curve: Vec<PrPoint>,
    /// Area under that curve.
    pub average_precision: Option<f64>,
    /// What thresholds save and cost.
    pub costs: Vec<Cost>,
    /// Every class with objects or candidates.
    pub classes: Vec<ClassFigures>,
    /// What is wrong with the accepted, and what is missed.
    pub errors: Vec<ErrorCount>,
    /// Counts of the accepted at stricter overlaps.
    pub stricter: BTreeMap<String, PrPoint>,
    /// Candidates within a hundredth, two and five of their threshold: those that a small change would turn.
    pub borderline: BTreeMap<String, usize>,
}

/// What is said of a candidate on a test image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Said {
    /// Right, wrong, or nothing for one on a crowd or one that was suppressed.
    pub right: Option<bool>,
    /// What kind of error an accepted one is; `right` for a right one.
    pub finding: Option<&'static str>,
}

/// Figures, what is said of every row, and the objects missed.
pub(super) struct Reviewed {
    pub figures: Figures,
    pub said: Vec<Said>,
    pub missed: Vec<Missed>,
}

/// Accepted candidates of each class, each by the rule of its part, which has not seen its image: right ones, wrong ones.
type Accepted = BTreeMap<ClassId, (usize, usize)>;

/// What is looked at.
pub(super) struct Review<'a> {
    pub candidates: &'a [Detection],
    pub scores: &'a [RowScore],
    pub truths: &'a [Truth],
    /// Every image that was tested, those without candidates too.
    pub tested: &'a BTreeSet<ImageId>,
    pub box_ids: &'a [BoxId],
    pub rule: &'a Rule,
    pub names: &'a BTreeMap<ClassId, String>,
    pub iou: f64,
}

/// Counts as a point of a curve.
fn point(least: Option<f64>, counts: &Counts) -> PrPoint {
    PrPoint { least, right: counts.right, wrong: counts.wrong, missed: counts.missed }
}

/// At most so many of the points, the first and the last among them.
fn thinned<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let step = all.len().div_ceil(most).max(1);
    let mut few: Vec<T> = all.iter().copied().step_by(step).collect();
    if !all.len().is_multiple_of(step) || step > 1 {
        few.extend(all.last());
    }
    few
}

impl Review<'_> {
    /// Looks at the test images.
    pub fn look(&self) -> Result<Reviewed, Error> {
        let kept = self.rows(|score| score.fold.is_some() && score.kept);
        let found: Vec<Detection> = kept.iter().map(|row| self.detection(*row)).collect();
        let at: Vec<usize> =
            (0..self.truths.len()).filter(|at| self.tested.contains(&self.truths[*at].image)).collect();
        let truths: Vec<Truth> = at.iter().map(|at| self.truths[*at].clone()).collect();
        let bad = |e: tator_learning::bad_number::BadNumber| Error::invalid("scores", e.to_string());
        let matches = match_at(&truths, &found, self.iou, Classes::Apart).map_err(bad)?;
        let reach = covered(&truths, self.candidates, self.iou, Classes::Apart).map_err(bad)?;
        let mut said = vec![Said { right: None, finding: None }; self.candidates.len()];
        let mut judged: BTreeMap<ClassId, Vec<Judged>> = BTreeMap::new();
        let mut accepted = Accepted::new();
        for (row, outcome) in kept.iter().zip(&matches.outcomes) {
            let right = match outcome {
                Outcome::Right(_) => true,
                Outcome::Wrong => false,
                Outcome::Ignored => continue,
            };
            said[*row].right = Some(right);
            let one = Judged { score: self.scores[*row].probability, right };
            if self.scores[*row].accepted {
                let sum = accepted.entry(self.candidates[*row].class).or_default();
                *sum = (sum.0 + usize::from(right), sum.1 + usize::from(!right));
            }
            judged.entry(self.candidates[*row].class).or_default().push(one);
        }
        let errors = self.errors(&truths, &mut said);
        let is_accepted = |at: &usize| self.scores[kept[*at]].accepted;
        let missed = truths.iter().zip(&matches.found_by).zip(&reach).zip(&at);
        let missed: Vec<Missed> = missed
            .filter(|(((truth, found_by), _), _)| !truth.crowd && !found_by.as_ref().is_some_and(is_accepted))
            .map(|(((truth, _), reached), at)| Missed {
                box_id: self.box_ids[*at],
                image_id: truth.image,
                class_id: truth.class,
                reached: *reached,
            })
            .collect();
        let n_truths = truths.iter().filter(|truth| !truth.crowd).count();
        let ceiling = reach.iter().filter(|is| **is).count() as f64 / n_truths.max(1) as f64;
        let figures = self.figures(&truths, (&judged, &accepted), (errors, missed.len()), ceiling)?;
        Ok(Reviewed { figures, said, missed })
    }

    fn rows(&self, is_meant: impl Fn(&RowScore) -> bool) -> Vec<usize> {
        (0..self.scores.len()).filter(|row| is_meant(&self.scores[*row])).collect()
    }

    fn detection(&self, row: usize) -> Detection {
        Detection { score: self.scores[row].probability, ..self.candidates[row].clone() }
    }

    fn figures(
        &self,
        truths: &[Truth],
        (judged, accepted): (&BTreeMap<ClassId, Vec<Judged>>, &Accepted),
        (errors, missed): (BTreeMap<&'static str, usize>, usize),
        recall_ceiling: f64,
    ) -> Result<Figures, Error> {
        let bad = |e: tator_learning::bad_number::BadNumber| Error::invalid("scores", e.to_string());
        let all: Vec<Judged> = judged.values().flatten().copied().collect();
        let pairs: Vec<(f64, bool)> = all.iter().map(|one| (one.score.clamp(0.0, 1.0), one.right)).collect();
        let table = reliability(&pairs, 10, Bins::EqualWidth).map_err(bad)?;
        let mut n_truths: BTreeMap<ClassId, usize> = BTreeMap::new();
        truths.iter().filter(|t| !t.crowd).for_each(|truth| *n_truths.entry(truth.class).or_default() += 1);
        let cuts = cut_points(&all, n_truths.values().sum()).map_err(bad)?;
        let cost = |cut: &tator_learning::calibration::CutPoint| Cost {
            least: cut.least,
            objects_missed: cut.counts.missed,
            clicks_saved: DRAW * cut.counts.right as f64 - cut.counts.wrong as f64,
        };
        let mut kinds: Vec<ErrorCount> =
            errors.into_iter().map(|(kind, n)| ErrorCount { kind: kind.to_owned(), n }).collect();
        kinds.push(ErrorCount { kind: "missed".to_owned(), n: missed });
        let points: Vec<PrPoint> = cuts.iter().map(|cut| point(cut.least, &cut.counts)).collect();
        Ok(Figures {
            recall_ceiling,
            reliability: table
                .bins
                .iter()
                .map(|bin| ReliabilityBin {
                    from: bin.from,
                    to: bin.to,
                    n: bin.n,
                    mean: bin.mean_probability,
                    right: bin.share_right,
                })
                .collect(),
            expected_error: table.expected_error,
            brier: table.brier,
            curve: thinned(&points, POINTS),
            average_precision: average_precision(&cuts),
            costs: thinned(&cuts.iter().map(cost).collect::<Vec<_>>(), POINTS / 2),
            classes: self.classes(judged, accepted, &n_truths)?,
            errors: kinds,
            stricter: self.stricter(truths)?,
            borderline: self.borderline(),
        })
    }

    fn classes(
        &self,
        judged: &BTreeMap<ClassId, Vec<Judged>>,
        accepted: &Accepted,
        n_truths: &BTreeMap<ClassId, usize>,
    ) -> Result<Vec<ClassFigures>, Error> {
        let known: BTreeSet<ClassId> = judged.keys().chain(n_truths.keys()).copied().collect();
        let none = Vec::new();
        let of = |class: ClassId| {
            let n = n_truths.get(&class).copied().unwrap_or(0);
            let cuts = cut_points(judged.get(&class).unwrap_or(&none), n);
            let cuts = cuts.map_err(|e| Error::invalid("scores", e.to_string()))?;
            let points: Vec<PrPoint> = cuts.iter().map(|cut| point(cut.least, &cut.counts)).collect();
            let (right, wrong) = accepted.get(&class).copied().unwrap_or_default();
            Ok(ClassFigures {
                class_id: class,
                name: self.names.get(&class).cloned().unwrap_or_else(|| format!("class {class}")),
                least: self.rule.least(class),
                right,
                wrong,
                missed: n.saturating_sub(right),
                cuts: thinned(&points, POINTS / 4),
            })
        };
        known.into_iter().map(of).collect()
    }

    /// Sorts the accepted by kind of error and says so in their rows.
    fn errors(&self, truths: &[Truth], said: &mut [Said]) -> BTreeMap<&'static str, usize> {
        let mut of_image: BTreeMap<ImageId, Vec<matching::Truth>> = BTreeMap::new();
        for truth in truths.iter().filter(|truth| !truth.crowd) {
            let seen = matching::Truth { rect: truth.shape, class: truth.class };
            of_image.entry(truth.image).or_default().push(seen);
        }
        let accepted = self.rows(|score| score.fold.is_some() && score.accepted);
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for rows in accepted.chunk_by(|a, b| self.candidates[*a].image == self.candidates[*b].image) {
            let candidate = |row: &usize| {
                let one = &self.candidates[*row];
                Candidate { rect: one.shape, class: one.class, score: self.scores[*row].probability, source: 0 }
            };
            let here: Vec<Candidate> = rows.iter().map(candidate).collect();
            let none = Vec::new();
            let truths = of_image.get(&self.candidates[rows[0]].image).unwrap_or(&none);
            let findings = find_errors(&here, truths, self.iou, BACKGROUND_IOU);
            for (row, finding) in rows.iter().zip(&findings.candidates) {
                let kind = word(finding);
                // On a crowd it is neither right nor an error.
                if said[*row].right.is_none() {
                    continue;
                }
                said[*row].finding = Some(kind);
                if kind != "right" {
                    *counts.entry(kind).or_default() += 1;
                }
            }
        }
        counts
    }

    fn stricter(&self, truths: &[Truth]) -> Result<BTreeMap<String, PrPoint>, Error> {
        let accepted = self.rows(|score| score.fold.is_some() && score.accepted);
        let found: Vec<Detection> = accepted.into_iter().map(|row| self.detection(row)).collect();
        let at = |iou: &f64| {
            let counts = operating_point::<PixelBox>(truths, &found, *iou, f64::NEG_INFINITY);
            let counts = counts.map_err(|e| Error::invalid("scores", e.to_string()))?.overall;
            Ok((format!("{iou:.2}"), point(None, &counts)))
        };
        GRID.iter().map(at).collect()
    }

    fn borderline(&self) -> BTreeMap<String, usize> {
        let kept = self.rows(|score| score.kept);
        let away = |row: &usize| {
            let least = self.rule.least(self.candidates[*row].class)?;
            Some((self.scores[*row].probability - least).abs())
        };
        let distances: Vec<f64> = kept.iter().filter_map(away).collect();
        let within = |most: f64| (format!("{most:.2}"), distances.iter().filter(|one| **one <= most).count());
        [0.01, 0.02, 0.05].map(within).into()
    }
}

fn word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Right(_) => "right",
        Finding::Localisation(_) => "localisation",
        Finding::WrongClass(_) => "wrong_class",
        Finding::Duplicate(_) => "duplicate",
        Finding::Background => "background",
        Finding::ClassAndLocalisation(_) => "class_and_localisation",
    }
}
