//! How often candidates of a probability are right: the reliability table and what is computed from it.
//!
//! Expected calibration error: Naeini and others 2015; Guo and others 2017, arXiv:1706.04599, equation 3. Bins as in
//! `sklearn.calibration.calibration_curve`. Brier score: mean squared difference of probability and outcome (Brier 1950).

use super::percentile::percentile;
use crate::bad_number::{BadNumber, shares};

/// How probabilities are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bins {
    /// Each as wide as the others.
    #[default]
    EqualWidth,
    /// Each with as many candidates as the others.
    EqualCount,
}

/// Candidates of like probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Probabilities greater than this; in the first bin also equal.
    pub from: f64,
    /// Probabilities up to this.
    pub to: f64,
    /// How many candidates; never 0, since empty bins are left out.
    pub n: usize,
    /// Their mean probability.
    pub mean_probability: f64,
    /// Share of them that is right.
    pub share_right: f64,
}

/// What probabilities are worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// The bins that hold candidates, by probability.
    pub bins: Vec<Bin>,
    /// Mean difference of probability and share right, by candidates; `None` without any.
    pub expected_error: Option<f64>,
    /// The greatest difference of a bin.
    pub greatest_error: Option<f64>,
    /// The Brier score.
    pub brier: Option<f64>,
}

/// The reliability table of probabilities, each with its outcome.
///
/// # Errors
/// [`BadNumber`] for a probability outside `0..=1`.
pub fn reliability(judged: &[(f64, bool)], n_bins: usize, bins: Bins) -> Result<Reliability, BadNumber> {
    shares("probability", judged.iter().map(|(probability, _)| *probability))?;
    let edges = edges(judged, n_bins.max(1), bins);
    let mut sums = vec![(0usize, 0.0, 0usize); edges.len() - 1];
    for (probability, right) in judged {
        let bin = edges[1..edges.len() - 1].partition_point(|edge| edge < probability);
        sums[bin] = (sums[bin].0 + 1, sums[bin].1 + probability, sums[bin].2 + usize::from(*right));
    }
    let bin = |(i, (n, sum, right)): (usize, (usize, f64, usize))| {
        let count = n as f64;
        let (mean_probability, share_right) = (sum / count, right as f64 / count);
        Bin { from: edges[i], to: edges[i + 1], n, mean_probability, share_right }
    };
    let bins: Vec<Bin> = sums.into_iter().enumerate().filter(|(_, (n, ..))| *n > 0).map(bin).collect();
    let n = judged.len() as f64;
    let error = |bin: &Bin| (bin.mean_probability - bin.share_right).abs();
    let squares = judged.iter().map(|(probability, right)| (probability - f64::from(u8::from(*right))).powi(2));
    Ok(Reliability {
        expected_error: (n > 0.0).then(|| bins.iter().map(|bin| bin.n as f64 / n * error(bin)).sum()),
        greatest_error: bins.iter().map(error).max_by(f64::total_cmp),
        brier: (n > 0.0).then(|| squares.sum::<f64>() / n),
        bins,
    })
}

fn edges(judged: &[(f64, bool)], n_bins: usize, bins: Bins) -> Vec<f64> {
    let share = |i: usize| if i == n_bins { 1.0 } else { i as f64 * (1.0 / n_bins as f64) };
    let shares = (0..=n_bins).map(share);
    if bins == Bins::EqualWidth {
        return shares.collect();
    }
    let mut sorted: Vec<f64> = judged.iter().map(|(probability, _)| *probability).collect();
    sorted.sort_by(f64::total_cmp);
    shares.map(|share| percentile(&sorted, share).unwrap_or(share)).collect()
}
