//! Weighted boxes fusion (Solovyev and others 2021, arXiv:1910.13302), as `ensemble_boxes` 1.0.9 does it.
//!
//! Differences: places are pixels and are not cut to an image, boxes are averaged in doubles (there in single precision),
//! and the boxes of a class are compared in the order of [`crate::candidate::best_first`] by weighted score.

use std::collections::BTreeSet;

use tator_domain::{ClassId, PixelBox};

use super::pools;
use crate::candidate::Candidate;

/// How the score of a fused box comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Confidence {
    /// Mean of the members, lowered where fewer members than sources agree (`avg`).
    #[default]
    Mean,
    /// The greatest of the members (`max`).
    Max,
    /// Weighted mean, times the weight of the sources that took part (`box_and_model_avg`).
    BoxesAndSources,
    /// Sum over members by their weights and those of the sources that are absent (`absent_model_aware_avg`).
    AbsentSources,
}

/// How boxes are fused.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedRule {
    /// Boxes whose overlap with a fused box is greater belong to it.
    pub iou: f64,
    /// Candidates below this score are left out.
    pub least_score: f64,
    /// Weight of each source, by its number; every source of a candidate needs one.
    pub weights: Vec<f64>,
    /// How scores come about.
    pub confidence: Confidence,
}

/// A box that several candidates make together.
#[derive(Debug, Clone, PartialEq)]
pub struct Fused {
    /// Numbers of those candidates, best first.
    pub members: Vec<usize>,
    /// Their mean, weighted by score and source.
    pub rect: PixelBox,
    /// Score as the rule has it.
    pub score: f64,
    /// Their class.
    pub class: ClassId,
}

/// Fuses the boxes of each class; best first. Candidates without area, weight or score take no part.
#[must_use]
pub fn weighted_boxes_fusion(candidates: &[Candidate], rule: &WeightedRule) -> Vec<Fused> {
    let weight = |c: &Candidate| rule.weights.get(c.source as usize).copied().unwrap_or(0.0);
    let counts = |c: &Candidate| c.score >= rule.least_score && c.score * weight(c) > 0.0 && c.rect.area() > 0.0;
    let rows: Vec<usize> = (0..candidates.len()).filter(|row| counts(&candidates[*row])).collect();
    let weighted =
        |row: &usize| Candidate { score: candidates[*row].score * weight(&candidates[*row]), ..candidates[*row] };
    let taking_part: Vec<Candidate> = rows.iter().map(weighted).collect();
    let pools = pools(&taking_part, false);
    let mut fused: Vec<Fused> = pools.iter().flat_map(|pool| fuse_class(&taking_part, rule, pool)).collect();
    fused.iter_mut().flat_map(|fused| &mut fused.members).for_each(|member| *member = rows[*member]);
    fused.sort_by(|a, b| b.score.total_cmp(&a.score));
    fused
}

fn fuse_class(candidates: &[Candidate], rule: &WeightedRule, pool: &[usize]) -> Vec<Fused> {
    let mut clusters: Vec<Fused> = Vec::new();
    for row in pool.iter().copied() {
        let new = &candidates[row];
        let overlaps = clusters.iter().map(|cluster| tator_domain::iou(&cluster.rect, &new.rect)).enumerate();
        // The first of equals, as numpy.argmax takes it.
        let best = overlaps.rev().max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, overlap)| *overlap > rule.iou);
        match best {
            Some((cluster, _)) => {
                clusters[cluster].members.push(row);
                clusters[cluster].rect = mean_box(clusters[cluster].members.iter().map(|row| &candidates[*row]));
            }
            None => clusters.push(Fused { members: vec![row], rect: new.rect, score: 0.0, class: new.class }),
        }
    }
    for cluster in &mut clusters {
        let members: Vec<&Candidate> = cluster.members.iter().map(|row| &candidates[*row]).collect();
        cluster.score = score(&members, rule);
    }
    clusters
}

/// Mean of the corners, weighted by score; the scores are greater than 0.
pub(super) fn mean_box<'a>(members: impl Iterator<Item = &'a Candidate>) -> PixelBox {
    let (mut sums, mut total) = ([0.0; 4], 0.0);
    for member in members {
        let corners = [member.rect.x, member.rect.y, member.rect.right(), member.rect.bottom()];
        sums.iter_mut().zip(corners).for_each(|(sum, corner)| *sum += member.score * corner);
        total += member.score;
    }
    let [x0, y0, x1, y1] = sums.map(|sum| sum / total);
    PixelBox::from_corners(x0, y0, x1, y1)
}

fn score(members: &[&Candidate], rule: &WeightedRule) -> f64 {
    let n = members.len() as f64;
    let sum: f64 = members.iter().map(|member| member.score).sum();
    let all: f64 = rule.weights.iter().sum();
    let weight = |source: &u32| rule.weights[*source as usize];
    let of_members: f64 = members.iter().map(|member| weight(&member.source)).sum();
    let sources: BTreeSet<u32> = members.iter().map(|member| member.source).collect();
    let present: f64 = sources.iter().map(weight).sum();
    match rule.confidence {
        Confidence::Mean => sum / n * n.min(rule.weights.len() as f64) / all,
        Confidence::Max => {
            let most = rule.weights.iter().copied().fold(0.0, f64::max);
            members.iter().map(|member| member.score).fold(0.0, f64::max) / most
        }
        Confidence::BoxesAndSources => sum / of_members * present / all,
        Confidence::AbsentSources => sum / (of_members + all - present),
    }
}
