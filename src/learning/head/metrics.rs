//! How good predictions are, with the doubt that few images leave.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tator_domain::ImageId;

use crate::Error;
use crate::chance::Chance;

/// Predictions to be judged, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The true class of each row.
    pub truth: &'a [usize],
    /// The predicted class of each row.
    pub predicted: &'a [usize],
    /// The image of each row; intervals come from drawing images anew.
    pub images: &'a [ImageId],
    /// How many classes there are.
    pub classes: usize,
    /// From which class on they are background, whose rows are counted in the matrix alone.
    pub first_background: usize,
    /// How often images are drawn anew; 0 for no intervals.
    pub draws: usize,
    /// Same seed, same intervals.
    pub seed: u64,
}

/// Where a figure lies in 95 of 100 draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// A fortieth of the draws lies below.
    pub low: f64,
    /// A fortieth of the draws lies above.
    pub high: f64,
}

/// Figures of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Share of its predictions that are right; 0 without predictions.
    pub precision: f64,
    /// Share of its rows that are found; 0 without rows.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// How many rows have it.
    pub support: u64,
    /// Interval of the precision.
    pub precision_interval: Option<Interval>,
    /// Interval of the recall.
    pub recall_interval: Option<Interval>,
    /// Interval of the F1.
    pub f1_interval: Option<Interval>,
}

/// Figures of a set of predictions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Share of rows that are right.
    pub accuracy: f64,
    /// Interval of the accuracy.
    pub accuracy_interval: Option<Interval>,
    /// Mean F1 of the classes that are true or predicted somewhere.
    pub macro_f1: f64,
    /// Interval of the macro F1.
    pub macro_f1_interval: Option<Interval>,
    /// Mean F1, classes weighing as many rows as they have.
    pub weighted_f1: f64,
    /// Each foreground class.
    pub per_class: Vec<ClassMetrics>,
    /// Row after row per true class, how often each class was predicted; background included.
    pub confusion: Vec<u64>,
}

/// How often class `truth` was taken for `predicted` on an image.
struct Cell {
    image: usize,
    truth: usize,
    predicted: usize,
    count: u64,
}

/// The figures of one draw.
struct Figures {
    accuracy: f64,
    macro_f1: f64,
    weighted_f1: f64,
    /// Precision, recall and F1; a figure without anything to divide by is None.
    classes: Vec<[Option<f64>; 3]>,
    supports: Vec<u64>,
}

impl Metrics {
    /// Judges predictions.
    pub fn of(scored: &Scored<'_>) -> Result<Self, Error> {
        check(scored)?;
        let (cells, images) = cells(scored);
        let mut confusion = vec![0; scored.classes * scored.classes];
        for cell in &cells {
            confusion[cell.truth * scored.classes + cell.predicted] += cell.count;
        }
        let figures = Figures::of(&confusion, scored);
        let draws: Vec<Figures> =
            (0..scored.draws).into_par_iter().map(|draw| drawn(&cells, images, scored, draw)).collect();
        Ok(Self::assembled(&figures, &draws, confusion))
    }

    fn assembled(figures: &Figures, draws: &[Figures], confusion: Vec<u64>) -> Self {
        let class = |at: usize| {
            let [precision, recall, f1] = figures.classes[at].map(Option::unwrap_or_default);
            let interval_of = |kind: usize| interval(draws.iter().filter_map(|draw| draw.classes[at][kind]));
            ClassMetrics {
                precision,
                recall,
                f1,
                support: figures.supports[at],
                precision_interval: interval_of(0),
                recall_interval: interval_of(1),
                f1_interval: interval_of(2),
            }
        };
        Self {
            accuracy: figures.accuracy,
            accuracy_interval: interval(draws.iter().map(|draw| draw.accuracy)),
            macro_f1: figures.macro_f1,
            macro_f1_interval: interval(draws.iter().map(|draw| draw.macro_f1)),
            weighted_f1: figures.weighted_f1,
            per_class: (0..figures.classes.len()).map(class).collect(),
            confusion,
        }
    }
}

fn check(scored: &Scored<'_>) -> Result<(), Error> {
    let rows = [scored.truth.len(), scored.predicted.len(), scored.images.len()];
    if rows.iter().any(|count| *count != rows[0]) || rows[0] == 0 {
        let why = format!("truth, predictions and images must be as many and not none, they are {rows:?}");
        return Err(Error::invalid("predictions", why));
    }
    match scored.truth.iter().chain(scored.predicted).find(|class| **class >= scored.classes) {
        Some(class) => Err(Error::invalid("predictions", format!("{class} is none of {} classes", scored.classes))),
        None => Ok(()),
    }
}

/// Rows gathered by image and kind of mistake, and the number of images.
fn cells(scored: &Scored<'_>) -> (Vec<Cell>, usize) {
    let (mut numbers, mut counts) = (HashMap::new(), BTreeMap::new());
    for ((truth, predicted), image) in scored.truth.iter().zip(scored.predicted).zip(scored.images) {
        let next = numbers.len();
        let image = *numbers.entry(*image).or_insert(next);
        *counts.entry((image, *truth, *predicted)).or_insert(0) += 1;
    }
    let cell = |((image, truth, predicted), count)| Cell { image, truth, predicted, count };
    (counts.into_iter().map(cell).collect(), numbers.len())
}

/// The figures after drawing as many images as there are, with replacement.
fn drawn(cells: &[Cell], images: usize, scored: &Scored<'_>, draw: usize) -> Figures {
    let mut chance = Chance::part(scored.seed, draw as u64);
    let mut times = vec![0; images];
    (0..images).for_each(|_| times[chance.below(images)] += 1);
    let mut confusion = vec![0; scored.classes * scored.classes];
    for cell in cells {
        confusion[cell.truth * scored.classes + cell.predicted] += cell.count * times[cell.image];
    }
    Figures::of(&confusion, scored)
}

impl Figures {
    fn of(confusion: &[u64], scored: &Scored<'_>) -> Self {
        let (all, shown) = (scored.classes, scored.first_background.min(scored.classes));
        let cell = |truth: usize, predicted: usize| confusion[truth * all + predicted];
        let supports: Vec<u64> = (0..shown).map(|truth| (0..all).map(|p| cell(truth, p)).sum()).collect();
        let told: Vec<u64> = (0..shown).map(|p| (0..shown).map(|truth| cell(truth, p)).sum()).collect();
        let rows: u64 = supports.iter().sum();
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let class = |at: usize| {
            let hits = cell(at, at);
            // 2·P·R / (P + R), in counts: also 0 where both are.
            [share(hits, told[at]), share(hits, supports[at]), share(2 * hits, told[at] + supports[at])]
        };
        let classes: Vec<_> = (0..shown).map(class).collect();
        let present: Vec<f64> = classes.iter().filter_map(|figures| figures[2]).collect();
        let weighted = classes.iter().zip(&supports).map(|(f, n)| f[2].unwrap_or(0.0) * *n as f64).sum::<f64>();
        Self {
            accuracy: share((0..shown).map(|at| cell(at, at)).sum(), rows).unwrap_or(0.0),
            macro_f1: present.iter().sum::<f64>() / present.len().max(1) as f64,
            weighted_f1: weighted / rows.max(1) as f64,
            classes,
            supports,
        }
    }
}

fn interval(values: impl Iterator<Item = f64>) -> Option<Interval> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get((share * values.len().saturating_sub(1) as f64).round() as usize).copied();
    Some(Interval { low: at(0.025)?, high: at(0.975)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scored<'a>(truth: &'a [usize], predicted: &'a [usize], images: &'a [ImageId]) -> Scored<'a> {
        Scored { truth, predicted, images, classes: 3, first_background: 2, draws: 200, seed: 1 }
    }

    #[test]
    fn background_rows_are_in_the_matrix_alone() {
        let metrics = Metrics::of(&scored(&[0, 0, 1, 2, 2], &[0, 2, 1, 0, 2], &[1, 2, 3, 4, 5])).unwrap();
        assert!((metrics.accuracy - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!((metrics.per_class[0].precision, metrics.per_class[0].recall), (1.0, 0.5));
        assert_eq!(metrics.confusion, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn mistakes_on_one_image_leave_more_doubt_than_spread_ones() {
        let truth = vec![0; 100];
        let predicted: Vec<usize> = (0..100).map(|row| usize::from(row < 20)).collect();
        let spread: Vec<ImageId> = (0..100).collect();
        let together: Vec<ImageId> = (0..100).map(|row| row / 20).collect();
        let width = |images: &[ImageId]| {
            let interval = Metrics::of(&scored(&truth, &predicted, images)).unwrap().accuracy_interval.unwrap();
            interval.high - interval.low
        };
        assert!(width(&together) > 2.0 * width(&spread));
        assert!(Metrics::of(&scored(&truth, &predicted[1..], &spread)).is_err());
    }

    proptest! {
        #[test]
        fn figures_lie_in_their_bounds(rows in proptest::collection::vec((0usize..3, 0usize..3, 0i64..9), 1..60)) {
            let (truth, rest): (Vec<_>, Vec<_>) = rows.iter().map(|r| (r.0, (r.1, r.2))).unzip();
            let (predicted, images): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
            let metrics = Metrics::of(&scored(&truth, &predicted, &images)).unwrap();
            for value in [metrics.accuracy, metrics.macro_f1, metrics.weighted_f1] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            prop_assert_eq!(metrics.confusion.iter().sum::<u64>(), rows.len() as u64);
            let interval = metrics.macro_f1_interval.unwrap();
            prop_assert!(interval.low <= interval.high);
        }
    }
}
