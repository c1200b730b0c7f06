//! What a replay comes to: means over seeds with their intervals, and what a strategy gains over chance.

use serde::{Deserialize, Serialize};

use super::Strategy;

/// Student's t for 95 of 100, by degrees of freedom from 1 to 30; 1.96 beyond.
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/// Seeds from which on there is an interval: that of two is thirteen times as wide as their deviation, and says nothing.
pub const FEWEST: usize = 3;

/// A figure over seeds: its mean, and where the mean of many seeds would lie in 95 of 100 cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Lower end; none of fewer than [`FEWEST`] seeds.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Each seed's.
    pub values: Vec<f64>,
}

impl Spread {
    /// Of one value per seed; no figure lies beyond `least` and `most`.
    #[must_use]
    pub fn of(values: Vec<f64>, (least, most): (f64, f64)) -> Self {
        let n = values.len();
        let mean = mean(&values);
        if n < FEWEST {
            return Self { mean, low: None, high: None, values };
        }
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let half = T.get(n - 2).copied().unwrap_or(1.96) * (variance / n as f64).sqrt();
        Self { mean, low: Some((mean - half).max(least)), high: Some((mean + half).min(most)), values }
    }

    /// Where the mean of many seeds would lie. Replays of older versions kept intervals of fewer seeds, too.
    #[must_use]
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high).filter(|_| self.values.len() >= FEWEST)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// How good a head is after so many labelled images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Labelled images.
    pub images: usize,
    /// Labelled boxes, the mean over seeds.
    pub boxes: f64,
    /// Share of held-out boxes that are right.
    pub accuracy: Spread,
    /// Mean F1 of the classes.
    pub macro_f1: Spread,
}

/// What a strategy brings more than chance, seed by seed from the same beginning, as the mean over the curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    /// In accuracy.
    pub accuracy: Spread,
    /// In macro F1.
    pub macro_f1: Spread,
}

/// The curve of a strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// How images were chosen.
    pub strategy: Strategy,
    /// From the beginning to the end.
    pub points: Vec<Point>,
    /// Over chance; none for chance itself.
    pub gain: Option<Gain>,
}

/// One head on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stop {
    pub images: usize,
    pub boxes: usize,
    pub accuracy: f64,
    pub macro_f1: f64,
}

/// Curves out of the walks of each strategy, one per seed; all walks stop equally often.
pub(super) fn curves(walks: &[(Strategy, Vec<Vec<Stop>>)]) -> Vec<Curve> {
    let random = walks.iter().find(|(strategy, _)| *strategy == Strategy::Random).map(|(_, walks)| walks);
    let one = |(strategy, own): &(Strategy, Vec<Vec<Stop>>)| Curve {
        strategy: *strategy,
        points: points(own),
        gain: random.filter(|_| *strategy != Strategy::Random).map(|random| gain(own, random)),
    };
    walks.iter().map(one).collect()
}

fn points(walks: &[Vec<Stop>]) -> Vec<Point> {
    let stops = walks.iter().map(Vec::len).min().unwrap_or(0);
    let point = |at: usize| {
        let of = |figure: fn(&Stop) -> f64| walks.iter().map(|walk| figure(&walk[at])).collect::<Vec<f64>>();
        Point {
            images: walks[0][at].images,
            boxes: mean(&of(|stop| stop.boxes as f64)),
            accuracy: Spread::of(of(|stop| stop.accuracy), (0.0, 1.0)),
            macro_f1: Spread::of(of(|stop| stop.macro_f1), (0.0, 1.0)),
        }
    };
    (0..stops).map(point).collect()
}

/// The beginning is common and says nothing, so it is left out.
fn gain(own: &[Vec<Stop>], random: &[Vec<Stop>]) -> Gain {
    let of = |figure: fn(&Stop) -> f64| {
        let seed = |(own, random): (&Vec<Stop>, &Vec<Stop>)| {
            let pairs: Vec<f64> = own.iter().zip(random).skip(1).map(|(a, b)| figure(a) - figure(b)).collect();
            mean(&pairs)
        };
        Spread::of(own.iter().zip(random).map(seed).collect(), (-1.0, 1.0))
    };
    Gain { accuracy: of(|stop| stop.accuracy), macro_f1: of(|stop| stop.macro_f1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        let spread = Spread::of(vec![1.0, 2.0, 3.0, 4.0, 5.0], (0.0, 9.0));
        let half = 2.776 * (2.5f64 / 5.0).sqrt();
        let (low, high) = spread.interval().unwrap();
        assert!((spread.mean - 3.0).abs() < 1e-12, "{spread:?}");
        assert!((low - 3.0 + half).abs() < 1e-12 && (high - 3.0 - half).abs() < 1e-12, "{spread:?}");
    }

    #[test]
    fn an_interval_stays_where_figures_are_and_needs_three_seeds() {
        assert_eq!(Spread::of(vec![0.2, 0.9, 1.0], (0.0, 1.0)).interval(), Some((0.0, 1.0)));
        assert_eq!(Spread::of(vec![-0.9, 0.9, -0.9], (-1.0, 1.0)).interval(), Some((-1.0, 1.0)));
        let few = Spread::of(vec![0.2, 0.9], (0.0, 1.0));
        assert_eq!((few.mean, few.interval()), (0.55, None));
        let told = r#"{"mean": 0.55, "low": -3.9, "high": 5.0, "values": [0.2, 0.9]}"#;
        assert_eq!(serde_json::from_str::<Spread>(told).unwrap().interval(), None, "of an older version");
    }

    #[test]
    fn a_gain_is_told_seed_by_seed_without_the_common_beginning() {
        let stop = |accuracy: f64| Stop { images: 1, boxes: 2, accuracy, macro_f1: accuracy / 2.0 };
        let walk = |values: [f64; 3]| values.map(stop).to_vec();
        let own = vec![walk([0.1, 0.5, 0.7]), walk([0.9, 0.6, 0.8])];
        let chance = vec![walk([0.1, 0.4, 0.6]), walk([0.9, 0.5, 0.7])];
        let found = curves(&[(Strategy::KCentre, own), (Strategy::Random, chance)]);
        let gain = found[0].gain.as_ref().unwrap();
        assert!(gain.accuracy.values.iter().all(|value| (value - 0.1).abs() < 1e-12), "{gain:?}");
        assert!(found[1].gain.is_none() && found[0].points.len() == 3);
        assert_eq!(found[0].points[0].boxes, 2.0);
    }
}
