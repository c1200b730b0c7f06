//! Soft non-maximum suppression (Bodla and others 2017, arXiv:1704.04503): overlapping boxes lose score instead of going.

use super::pools;
use crate::candidate::{Candidate, best_first};

/// How an overlap with a better box lowers the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decay {
    /// Times 1 − IoU where the IoU is greater than this.
    Linear(f64),
    /// Times exp(−IoU² / σ), whatever the IoU.
    Gaussian(f64),
}

/// How scores are lowered, and which are too low in the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftRule {
    /// How an overlap lowers a score.
    pub decay: Decay,
    /// Candidates whose score falls to this or below go.
    pub least_score: f64,
    /// Whether boxes of different classes lower each other.
    pub class_agnostic: bool,
}

impl Decay {
    fn factor(self, iou: f64) -> f64 {
        match self {
            Self::Linear(from) if iou > from => 1.0 - iou,
            Self::Linear(_) => 1.0,
            Self::Gaussian(sigma) => (-iou * iou / sigma).exp(),
        }
    }
}

/// The candidates that stay with their new scores, best new score first.
#[must_use]
pub fn soft_nms(candidates: &[Candidate], rule: &SoftRule) -> Vec<(usize, f64)> {
    let lower = |pool: &Vec<usize>| lower_scores(candidates, rule, pool.clone());
    let mut kept: Vec<(usize, f64)> = pools(candidates, rule.class_agnostic).iter().flat_map(lower).collect();
    kept.retain(|(_, score)| *score > rule.least_score);
    let lowered = |(row, score): &(usize, f64)| Candidate { score: *score, ..candidates[*row] };
    kept.sort_by(|a, b| best_first(&lowered(a), &lowered(b)));
    kept
}

fn lower_scores(candidates: &[Candidate], rule: &SoftRule, pool: Vec<usize>) -> Vec<(usize, f64)> {
    let mut left: Vec<(usize, Candidate)> = pool.into_iter().map(|row| (row, candidates[row])).collect();
    let mut done = Vec::with_capacity(left.len());
    while let Some(best) = (0..left.len()).min_by(|a, b| best_first(&left[*a].1, &left[*b].1)) {
        let (row, best) = left.swap_remove(best);
        for (_, other) in &mut left {
            other.score *= rule.decay.factor(tator_domain::iou(&best.rect, &other.rect));
        }
        done.push((row, best.score));
    }
    done
}
