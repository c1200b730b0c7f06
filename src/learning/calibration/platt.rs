//! Platt scaling: a sigmoid over the score (Platt 1999), by Newton's method with backtracking as in Lin, Lin and Weng 2007,
//! "A note on Platt's probabilistic outputs", appendix.

use crate::bad_number::{BadNumber, finite};

/// The map 1 / (1 + exp(slope · score + offset)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    /// Usually negative: a higher score is more often right.
    pub slope: f64,
    /// Where the map crosses one half, times −slope.
    pub offset: f64,
}

/// Most steps; a dozen is usual.
const STEPS: usize = 100;
/// Keeps the matrix of second derivatives invertible.
const RIDGE: f64 = 1e-12;
/// Stops when both derivatives are smaller, per row.
const FLAT: f64 = 1e-12;

impl Platt {
    /// Fits scores to outcomes. Outcomes are drawn in by the prior as Platt proposes, so that few rows do not give certainty.
    ///
    /// # Errors
    /// [`BadNumber`] for a score that is not finite.
    pub fn fit(rows: &[(f64, bool)]) -> Result<Self, BadNumber> {
        finite("score", rows.iter().map(|row| row.0))?;
        let right = rows.iter().filter(|row| row.1).count() as f64;
        let wrong = rows.len() as f64 - right;
        let target = |is_right| if is_right { (right + 1.0) / (right + 2.0) } else { 1.0 / (wrong + 2.0) };
        let rows: Vec<(f64, f64)> = rows.iter().map(|(score, is_right)| (*score, target(*is_right))).collect();
        let mut fit = Self { slope: 0.0, offset: ((wrong + 1.0) / (right + 1.0)).ln() };
        let mut loss = fit.loss(&rows);
        for _ in 0..STEPS {
            let (gradient, step) = fit.newton_step(&rows);
            if gradient <= FLAT * rows.len() as f64 {
                break;
            }
            let Some((next, less)) = fit.descend(&rows, step, loss) else { break };
            (fit, loss) = (next, less);
        }
        Ok(fit)
    }

    /// The probability of a score.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        let x = self.slope * score + self.offset;
        if x >= 0.0 { (-x).exp() / (1.0 + (-x).exp()) } else { 1.0 / (1.0 + x.exp()) }
    }

    /// Negative log-likelihood of the targets.
    fn loss(&self, rows: &[(f64, f64)]) -> f64 {
        let one = |(score, target): &(f64, f64)| {
            let x = self.slope * score + self.offset;
            if x >= 0.0 { target * x + (-x).exp().ln_1p() } else { (target - 1.0) * x + x.exp().ln_1p() }
        };
        rows.iter().map(one).sum()
    }

    /// The greater of the two derivatives, and the step that would make both vanish.
    fn newton_step(&self, rows: &[(f64, f64)]) -> (f64, (f64, f64)) {
        let (mut g1, mut g2, mut h11, mut h21, mut h22) = (0.0, 0.0, RIDGE, 0.0, RIDGE);
        for (score, target) in rows {
            let p = self.probability(*score);
            let (d1, d2) = (target - p, p * (1.0 - p));
            (g1, g2) = (g1 + score * d1, g2 + d1);
            (h11, h21, h22) = (h11 + score * score * d2, h21 + score * d2, h22 + d2);
        }
        let det = h11 * h22 - h21 * h21;
        (f64::max(g1.abs(), g2.abs()), (-(h22 * g1 - h21 * g2) / det, -(h11 * g2 - h21 * g1) / det))
    }

    /// Goes along the step as far as the loss falls; `None` when it does not fall any more.
    fn descend(&self, rows: &[(f64, f64)], step: (f64, f64), loss: f64) -> Option<(Self, f64)> {
        let lengths = (0..40).map(|halvings| 0.5f64.powi(halvings));
        let tried = lengths.map(|length| {
            let next = Self { slope: self.slope + length * step.0, offset: self.offset + length * step.1 };
            (next, next.loss(rows))
        });
        tried.into_iter().find(|(_, less)| *less < loss)
    }
}
