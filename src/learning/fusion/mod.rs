//! Many boxes around one object become one: suppression, merging and averaging, on one image.
//!
//! Candidates go in as a slice, groups of their numbers come out, so that whoever asks keeps the provenance. Candidates are
//! always taken best first by [`crate::candidate::best_first`]: the order of the rows decides nothing, as long as no two
//! rows are alike.

mod dedupe;
mod merge;
mod soft;
mod suppress;
#[cfg(test)]
mod tests;
mod weighted;

use std::collections::BTreeMap;

use tator_domain::{ClassId, PixelBox};

use crate::candidate::{Candidate, ranked};

pub use dedupe::{Cluster, DedupeRule, dedupe, drop_scoreless};
pub use merge::{Merged, merge_greedily, merge_transitively};
pub use soft::{Decay, SoftRule, soft_nms};
pub use suppress::nms;
pub use weighted::{Confidence, Fused, WeightedRule, weighted_boxes_fusion};

/// What the intersection of two boxes is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metric {
    /// Their union.
    #[default]
    Iou,
    /// The smaller of both.
    Ios,
}

/// From where on two boxes count as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// This overlap or more, as SAHI has it.
    From(f64),
    /// More than this overlap, as torchvision has it.
    Above(f64),
}

/// When two boxes are about the same object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// How overlap is measured.
    pub metric: Metric,
    /// How much of it is needed.
    pub limit: Limit,
    /// Whether boxes of different classes are compared too.
    pub class_agnostic: bool,
}

/// A candidate that stays, and those that go because of it, best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Number of the one that stays.
    pub keeper: usize,
    /// Numbers of the others.
    pub absorbed: Vec<usize>,
}

impl Group {
    /// Numbers of all, the keeper first.
    pub fn members(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.keeper).chain(self.absorbed.iter().copied())
    }
}

impl Metric {
    /// Overlap of two boxes in `0..=1`.
    #[must_use]
    pub fn of(self, a: &PixelBox, b: &PixelBox) -> f64 {
        match self {
            Self::Iou => tator_domain::iou(a, b),
            Self::Ios => intersection_over_smaller(a, b),
        }
    }
}

fn intersection_over_smaller(a: &PixelBox, b: &PixelBox) -> f64 {
    let w = a.right().min(b.right()) - a.x.max(b.x);
    let h = a.bottom().min(b.bottom()) - a.y.max(b.y);
    let smaller = a.area().min(b.area());
    if w <= 0.0 || h <= 0.0 || smaller <= 0.0 { 0.0 } else { (w * h / smaller).min(1.0) }
}

impl Limit {
    fn is_reached(self, overlap: f64) -> bool {
        match self {
            Self::From(least) => overlap >= least,
            Self::Above(most) => overlap > most,
        }
    }
}

impl Overlap {
    fn joins(&self, a: &PixelBox, b: &PixelBox) -> bool {
        self.limit.is_reached(self.metric.of(a, b))
    }
}

/// Numbers of the candidates that are compared with each other, each list best first.
fn pools(candidates: &[Candidate], class_agnostic: bool) -> Vec<Vec<usize>> {
    let mut pools: BTreeMap<ClassId, Vec<usize>> = BTreeMap::new();
    for row in ranked(candidates) {
        pools.entry(if class_agnostic { -1 } else { candidates[row].class }).or_default().push(row);
    }
    pools.into_values().collect()
}

/// Puts what the pools gave into one order, best first.
fn by_rank<T>(candidates: &[Candidate], mut found: Vec<T>, keeper: impl Fn(&T) -> usize) -> Vec<T> {
    let mut place = vec![0; candidates.len()];
    ranked(candidates).into_iter().enumerate().for_each(|(rank, row)| place[row] = rank);
    found.sort_by_key(|one| place[keeper(one)]);
    found
}
