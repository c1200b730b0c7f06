//! Every threshold that makes a difference, from one sorted pass, and the best of them under conditions.

use crate::bad_number::{BadNumber, finite};
use crate::coco_evaluation::Counts;

/// A candidate's score and whether it finds a truth of its own; those on crowds are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The final score, on which the threshold will work.
    pub score: f64,
    /// It finds a truth that no better candidate finds.
    pub right: bool,
}

/// What accepting from a score on means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CutPoint {
    /// Candidates of this score and better are accepted; `None` accepts none.
    pub least: Option<f64>,
    /// The counts that result.
    pub counts: Counts,
}

/// What a threshold is chosen for: the best F1 under both conditions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// Least recall.
    pub recall_floor: f64,
    /// Most wrong ones per right one; `None` for any number.
    pub wrong_per_right: Option<f64>,
}

/// Which conditions a threshold fulfils, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fulfilled {
    /// Too many are wrong.
    Nothing,
    /// Few enough are wrong, but the recall is below the floor.
    CapAlone,
    /// Both.
    All,
}

impl Objective {
    /// Whether few enough are wrong.
    #[must_use]
    pub fn is_within_cap(&self, counts: &Counts) -> bool {
        self.wrong_per_right.is_none_or(|most| counts.wrong as f64 <= most * counts.right as f64)
    }

    /// Which conditions counts fulfil.
    #[must_use]
    pub fn fulfilled(&self, counts: &Counts) -> Fulfilled {
        match (self.is_within_cap(counts), self.is_above_floor(counts)) {
            (true, true) => Fulfilled::All,
            (true, false) => Fulfilled::CapAlone,
            (false, _) => Fulfilled::Nothing,
        }
    }

    /// Whether enough is found; a class without truths has nothing to find.
    #[must_use]
    pub fn is_above_floor(&self, counts: &Counts) -> bool {
        counts.recall().is_none_or(|recall| recall >= self.recall_floor)
    }
}

/// All cut points, from accepting none to accepting all; candidates of equal score are accepted together.
///
/// `n_truths` counts all truths, also those that no candidate reaches.
///
/// # Errors
/// [`BadNumber`] for a score that is not finite.
pub fn cut_points(judged: &[Judged], n_truths: usize) -> Result<Vec<CutPoint>, BadNumber> {
    finite("score of candidate", judged.iter().map(|one| one.score))?;
    let mut sorted = judged.to_vec();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut counts = Counts { right: 0, wrong: 0, missed: n_truths };
    let mut cuts = vec![CutPoint { least: None, counts }];
    for same in sorted.chunk_by(|a, b| a.score == b.score) {
        let right = same.iter().filter(|one| one.right).count();
        counts.right += right;
        counts.wrong += same.len() - right;
        counts.missed = counts.missed.saturating_sub(right);
        cuts.push(CutPoint { least: Some(same[0].score), counts });
    }
    Ok(cuts)
}

/// Area under the steps of precision over recall: Σ (Rₙ − Rₙ₋₁) Pₙ; `None` without truths.
#[must_use]
pub fn average_precision(cuts: &[CutPoint]) -> Option<f64> {
    let mut sum = 0.0;
    for pair in cuts.windows(2) {
        let gained = pair[1].counts.recall()? - pair[0].counts.recall()?;
        sum += gained * pair[1].counts.precision().unwrap_or(0.0);
    }
    cuts.last()?.counts.recall().map(|_| sum)
}

/// The cut point of best F1 that fulfils the most; of equals that of more recall.
///
/// When nothing keeps within the cap, the best F1 of all is taken, so that there is something to look at: ask [`Fulfilled`].
#[must_use]
pub fn choose(cuts: &[CutPoint], objective: &Objective) -> Option<(CutPoint, Fulfilled)> {
    let fulfils = |wanted| move |cut: &&CutPoint| objective.fulfilled(&cut.counts) == wanted;
    let both = || best(cuts.iter().filter(fulfils(Fulfilled::All)));
    let capped = || best(cuts.iter().filter(fulfils(Fulfilled::CapAlone)).filter(|cut| cut.counts.right > 0));
    let chosen = both().or_else(capped).or_else(|| best(cuts.iter()))?;
    Some((chosen, objective.fulfilled(&chosen.counts)))
}

fn best<'a>(cuts: impl Iterator<Item = &'a CutPoint>) -> Option<CutPoint> {
    let worth = |cut: &CutPoint| {
        let counts = &cut.counts;
        [counts.f1(), counts.recall(), counts.precision()].map(|share| share.unwrap_or(0.0))
    };
    let compare = |a: &&CutPoint, b: &&CutPoint| {
        let shares = worth(a).into_iter().zip(worth(b)).map(|(a, b)| a.total_cmp(&b));
        // Where nothing is right, the one that accepts least.
        shares.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(b.counts.wrong.cmp(&a.counts.wrong))
    };
    cuts.max_by(compare).copied()
}
