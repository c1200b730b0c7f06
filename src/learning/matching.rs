//! Which candidate belongs to which truth on one image, and what kind of error the others are.
//!
//! The figures of [`crate::coco_evaluation`] come from its own matching; this one labels candidates for training and
//! explains errors to a person.

use tator_domain::{ClassId, PixelBox, iou};

use crate::candidate::{Candidate, ranked};

mod hungarian;

/// An object on the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    /// Where it is.
    pub rect: PixelBox,
    /// What it shows.
    pub class: ClassId,
}

/// How many candidates may belong to one truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assignment {
    /// One; the best candidate chooses first, as in COCO.
    #[default]
    Greedy,
    /// One; as many pairs as possible, and of those the greatest sum of overlaps (Kuhn 1955, Munkres 1957).
    Hungarian,
    /// Any number: each candidate belongs to the truth it overlaps most.
    ManyToOne,
}

/// When a candidate may belong to a truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Least intersection over union.
    pub iou: f64,
    /// Whether the classes may differ.
    pub cross_class: bool,
    /// How many candidates may belong to one truth.
    pub assignment: Assignment,
}

/// The truth of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Its number in the slice.
    pub truth: usize,
    /// How far both overlap.
    pub iou: f64,
}

/// For each candidate, in the order they were given, its truth.
#[must_use]
pub fn assign(candidates: &[Candidate], truths: &[Truth], rule: &Rule) -> Vec<Option<Match>> {
    match rule.assignment {
        Assignment::Greedy => greedy(candidates, truths, rule),
        Assignment::Hungarian => hungarian::assign(&gains(candidates, truths, rule)),
        Assignment::ManyToOne => candidates.iter().map(|candidate| best(candidate, truths, rule, |_| true)).collect(),
    }
}

fn greedy(candidates: &[Candidate], truths: &[Truth], rule: &Rule) -> Vec<Option<Match>> {
    let mut taken = vec![false; truths.len()];
    let mut matches = vec![None; candidates.len()];
    for candidate in ranked(candidates) {
        matches[candidate] = best(&candidates[candidate], truths, rule, |truth| !taken[truth]);
        if let Some(found) = matches[candidate] {
            taken[found.truth] = true;
        }
    }
    matches
}

/// The free truth of greatest overlap that the rule allows; the later of equals, as in COCO.
fn best(candidate: &Candidate, truths: &[Truth], rule: &Rule, is_free: impl Fn(usize) -> bool) -> Option<Match> {
    let free = truths.iter().enumerate().filter(|(row, _)| is_free(*row));
    let allowed = free.filter_map(|(row, truth)| gain(candidate, truth, rule).map(|iou| Match { truth: row, iou }));
    allowed.max_by(|a, b| a.iou.total_cmp(&b.iou))
}

fn gain(candidate: &Candidate, truth: &Truth, rule: &Rule) -> Option<f64> {
    if candidate.class != truth.class && !rule.cross_class {
        return None;
    }
    let overlap = iou(&candidate.rect, &truth.rect);
    (overlap > 0.0 && overlap >= rule.iou).then_some(overlap)
}

fn gains(candidates: &[Candidate], truths: &[Truth], rule: &Rule) -> Vec<Vec<Option<f64>>> {
    let row = |candidate| truths.iter().map(|truth| gain(candidate, truth, rule)).collect();
    candidates.iter().map(row).collect()
}

/// What a candidate is, by the kinds of error of TIDE (Bolya and others 2020, arXiv:2008.08115, section 2.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finding {
    /// It finds the truth.
    Right(Match),
    /// Right class, but the overlap lies between background and threshold.
    Localisation(Match),
    /// It overlaps well, but a truth of another class.
    WrongClass(Match),
    /// A better candidate has found this truth already.
    Duplicate(Match),
    /// It touches nothing.
    Background,
    /// It overlaps a truth of another class, and not well either.
    ClassAndLocalisation(Match),
}

/// What became of the candidates and truths of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// For each candidate, in the order they were given.
    pub candidates: Vec<Finding>,
    /// Truths that no candidate finds.
    pub missed: Vec<usize>,
    /// Those of them that no error above explains either: TIDE's "missed".
    pub unexplained: Vec<usize>,
}

/// Overlap up to which a candidate counts as background in TIDE.
pub const BACKGROUND_IOU: f64 = 0.1;

/// Sorts the candidates of an image into right ones and kinds of error, in the order of tests of `tidecv/quantify.py`.
#[must_use]
pub fn find_errors(candidates: &[Candidate], truths: &[Truth], threshold: f64, background: f64) -> Findings {
    let rule = Rule { iou: threshold, cross_class: false, assignment: Assignment::Greedy };
    let matches = assign(candidates, truths, &rule);
    let found = |(candidate, right): (&Candidate, &Option<Match>)| match right {
        Some(right) => Finding::Right(*right),
        None => error_of(candidate, truths, threshold, background),
    };
    let kinds: Vec<Finding> = candidates.iter().zip(&matches).map(found).collect();
    let mut taken = vec![false; truths.len()];
    matches.iter().flatten().for_each(|found| taken[found.truth] = true);
    let missed: Vec<usize> = (0..truths.len()).filter(|truth| !taken[*truth]).collect();
    for kind in &kinds {
        if let Finding::Localisation(near) | Finding::WrongClass(near) = kind {
            taken[near.truth] = true;
        }
    }
    let unexplained = missed.iter().copied().filter(|truth| !taken[*truth]).collect();
    Findings { candidates: kinds, missed, unexplained }
}

fn error_of(candidate: &Candidate, truths: &[Truth], threshold: f64, background: f64) -> Finding {
    let overlaps =
        truths.iter().enumerate().map(|(truth, t)| (t.class, Match { truth, iou: iou(&candidate.rect, &t.rect) }));
    let greatest = |same: bool| {
        let of_kind = overlaps.clone().filter(|(class, _)| (*class == candidate.class) == same);
        // The first of equals, as numpy.argmax takes it.
        of_kind.map(|(_, found)| found).rev().max_by(|a, b| a.iou.total_cmp(&b.iou))
    };
    let (same, other) = (greatest(true), greatest(false));
    let between = |found: &Match| found.iou >= background && found.iou < threshold;
    if let Some(near) = same.filter(between) {
        return Finding::Localisation(near);
    }
    if let Some(near) = other.filter(|found| found.iou >= threshold) {
        return Finding::WrongClass(near);
    }
    if let Some(near) = same.filter(|found| found.iou >= threshold) {
        return Finding::Duplicate(near);
    }
    other.filter(|found| found.iou > background).map_or(Finding::Background, Finding::ClassAndLocalisation)
}

#[cfg(test)]
mod tests;
