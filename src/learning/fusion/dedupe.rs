//! Clusters what several models found of the same object, and keeps who said what.
//!
//! Candidates come best first; each joins the kept one it overlaps most, or is kept itself. What it is called, where it is
//! and how sure it is stays that of the kept one, the best of its cluster; sources, their scores and the members are gathered.

use std::collections::BTreeMap;

use tator_domain::{ClassId, PixelBox};

use super::weighted::mean_box;
use crate::candidate::{Candidate, ranked};

/// When two candidates are about the same object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DedupeRule {
    /// Least IoU within a class.
    pub iou: f64,
    /// Least IoU of different classes; `None` keeps them apart.
    pub cross_class_iou: Option<f64>,
    /// Whether a cluster's box is the mean of its members, weighted by score.
    pub weighted_boxes: bool,
}

impl Default for DedupeRule {
    fn default() -> Self {
        Self { iou: 0.75, cross_class_iou: None, weighted_boxes: false }
    }
}

/// One object, as far as the models agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Numbers of the candidates, the kept one first, the others as they joined.
    pub members: Vec<usize>,
    /// Box of the kept one, or the mean.
    pub rect: PixelBox,
    /// Score of the kept one.
    pub score: f64,
    /// Class of the kept one.
    pub class: ClassId,
    /// Each source with the best score it gave.
    pub score_by_source: BTreeMap<u32, f64>,
}

/// Clusters the candidates of an image, best first.
#[must_use]
pub fn dedupe(candidates: &[Candidate], rule: &DedupeRule) -> Vec<Cluster> {
    let mut clusters: Vec<Cluster> = Vec::new();
    for row in ranked(candidates) {
        let new = &candidates[row];
        // Overlaps are with the kept candidate, also where boxes are averaged: a cluster does not wander off.
        let overlap = |cluster: &Cluster| joins(&candidates[cluster.members[0]], new, rule);
        let open = clusters.iter().enumerate().filter_map(|(i, cluster)| Some((i, overlap(cluster)?)));
        let best = open.rev().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i);
        let cluster = best.unwrap_or_else(|| {
            let (rect, score, class) = (new.rect, new.score, new.class);
            clusters.push(Cluster { members: Vec::new(), rect, score, class, score_by_source: BTreeMap::new() });
            clusters.len() - 1
        });
        clusters[cluster].members.push(row);
        let said = clusters[cluster].score_by_source.entry(new.source).or_insert(new.score);
        *said = said.max(new.score);
    }
    if rule.weighted_boxes {
        clusters.iter_mut().for_each(|cluster| cluster.rect = weighted_box(candidates, &cluster.members));
    }
    clusters
}

fn joins(kept: &Candidate, new: &Candidate, rule: &DedupeRule) -> Option<f64> {
    let least = if kept.class == new.class { Some(rule.iou) } else { rule.cross_class_iou };
    let overlap = tator_domain::iou(&kept.rect, &new.rect);
    least.filter(|least| overlap >= *least).map(|_| overlap)
}

/// A score of 0 or less counts as a millionth, so that the boxes of scoreless sources have a say among themselves.
fn weighted_box(candidates: &[Candidate], members: &[usize]) -> PixelBox {
    if let [alone] = members {
        return candidates[*alone].rect;
    }
    let weight = |row: &usize| Candidate { score: candidates[*row].score.max(1e-6), ..candidates[*row] };
    let members: Vec<Candidate> = members.iter().map(weight).collect();
    mean_box(members.iter())
}

/// Numbers of the candidates that have a score, or overlap one that has by `iou` or more.
#[must_use]
pub fn drop_scoreless(candidates: &[Candidate], has_score: &[bool], iou: f64) -> Vec<usize> {
    let rows = || candidates.iter().zip(has_score);
    let scored: Vec<&Candidate> = rows().filter(|(_, has)| **has).map(|(candidate, _)| candidate).collect();
    let backed = |one: &Candidate| scored.iter().any(|other| tator_domain::iou(&one.rect, &other.rect) >= iou);
    rows().enumerate().filter(|(_, (candidate, has))| **has || backed(candidate)).map(|(row, _)| row).collect()
}
