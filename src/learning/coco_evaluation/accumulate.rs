//! From matches on images to precision and recall of a class: `COCOeval.accumulate`.

use super::assign::{AREAS, Assigned, Found};
use super::figures::Figures;

/// `numpy.linspace(.5, .95, 10)`: the ninth is not the number 0.9, but the one before.
pub const IOU_THRESHOLDS: [f64; 10] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.899_999_999_999_999_9, 0.95];

/// How many recall points precision is read at.
pub const N_RECALLS: usize = 101;

/// `numpy.linspace(0, 1, 101)`, rounded as NumPy rounds.
#[must_use]
pub fn recall_points() -> [f64; N_RECALLS] {
    let mut points = std::array::from_fn(|i| i as f64 * 0.01);
    points[N_RECALLS - 1] = 1.0;
    points
}

/// Precision at each recall point and the final recall, for one IoU threshold.
struct Curve {
    precision: [f64; N_RECALLS],
    recall: f64,
}

/// All detections of one class over all images, best first.
pub(super) struct Accumulation {
    found: Vec<Found>,
    n_truths: [usize; AREAS.len()],
}

impl Accumulation {
    /// Puts the images' detections, which come by image number, into one order; equal scores stay as they are.
    pub fn new(images: &[Assigned]) -> Self {
        let mut found: Vec<Found> = images.iter().flat_map(|image| image.found.iter().copied()).collect();
        found.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap_or(std::cmp::Ordering::Equal));
        let n_truths = std::array::from_fn(|range| images.iter().map(|image| image.n_truths[range]).sum());
        Self { found, n_truths }
    }

    pub fn n_truths(&self) -> usize {
        self.n_truths[0]
    }

    pub fn n_detections(&self) -> usize {
        self.found.len()
    }

    /// The twelve figures of this class, and precision at the recall points for each IoU threshold, all areas.
    pub fn figures(&self) -> (Figures, Vec<[f64; N_RECALLS]>) {
        let [all, small, medium, large] = std::array::from_fn(|range| self.curves(range));
        let figures = Figures {
            ap: average_precision(&all),
            ap50: average_precision(all.get(..1).unwrap_or_default()),
            ap75: average_precision(all.get(5..6).unwrap_or_default()),
            ap_small: average_precision(&small),
            ap_medium: average_precision(&medium),
            ap_large: average_precision(&large),
            ar1: self.average_recall_of(1),
            ar10: self.average_recall_of(10),
            ar100: average_recall(&all),
            ar_small: average_recall(&small),
            ar_medium: average_recall(&medium),
            ar_large: average_recall(&large),
        };
        (figures, all.into_iter().map(|curve| curve.precision).collect())
    }

    /// A curve for each IoU threshold; none when the range holds no truth.
    fn curves(&self, range: usize) -> Vec<Curve> {
        let thresholds = if self.n_truths[range] == 0 { 0 } else { IOU_THRESHOLDS.len() };
        (0..thresholds).map(|threshold| self.curve(range, threshold)).collect()
    }

    /// Recall changes, and precision peaks, only where a truth is found: these places are all that is kept.
    fn curve(&self, range: usize, threshold: usize) -> Curve {
        let bit = 1 << threshold;
        let (mut right, mut wrong) = (0.0, 0.0);
        let mut precision = Vec::new();
        for found in self.found.iter().filter(|found| found.ignored[range] & bit == 0) {
            if found.matched[range] & bit == 0 {
                wrong += 1.0;
            } else {
                right += 1.0;
                precision.push(right / (wrong + right + f64::EPSILON));
            }
        }
        let n_truths = self.n_truths[range] as f64;
        Curve { precision: at_recall_points(precision, n_truths), recall: right / n_truths }
    }

    /// Average recall with at most `n` detections an image, all areas.
    fn average_recall_of(&self, n: u32) -> Option<f64> {
        let mut right = [0usize; IOU_THRESHOLDS.len()];
        for found in self.found.iter().filter(|found| found.rank < n) {
            let bits = found.matched[0] & !found.ignored[0];
            right.iter_mut().enumerate().for_each(|(step, right)| *right += usize::from(bits >> step & 1));
        }
        let n_truths = self.n_truths[0];
        (n_truths > 0).then(|| mean(right.into_iter().map(|right| right as f64 / n_truths as f64)))
    }
}

/// Makes precision fall only, then reads it where recall first reaches each point; 0 beyond the last.
fn at_recall_points(mut precision: Vec<f64>, n_truths: f64) -> [f64; N_RECALLS] {
    for i in (1..precision.len()).rev() {
        precision[i - 1] = precision[i - 1].max(precision[i]);
    }
    let mut at = 0;
    recall_points().map(|point| {
        while at < precision.len() && (at + 1) as f64 / n_truths < point {
            at += 1;
        }
        precision.get(at).copied().unwrap_or(0.0)
    })
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

fn average_precision(curves: &[Curve]) -> Option<f64> {
    (!curves.is_empty()).then(|| mean(curves.iter().map(|curve| mean(curve.precision.into_iter()))))
}

fn average_recall(curves: &[Curve]) -> Option<f64> {
    (!curves.is_empty()).then(|| mean(curves.iter().map(|curve| curve.recall)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_points_are_those_of_numpy() {
        let points = recall_points();
        let odd = [35, 41, 47, 57, 69, 70, 82, 83, 94, 95].map(|i| points[i]);
        let wanted = [
            0.350_000_000_000_000_03,
            0.410_000_000_000_000_03,
            0.470_000_000_000_000_03,
            0.570_000_000_000_000_1,
            0.690_000_000_000_000_1,
            0.700_000_000_000_000_1,
            0.820_000_000_000_000_1,
            0.830_000_000_000_000_1,
            0.940_000_000_000_000_1,
            0.950_000_000_000_000_1,
        ];
        assert_eq!(odd, wanted);
        assert_eq!((points[50], points[100]), (0.5, 1.0));
    }

    #[test]
    fn thresholds_are_those_of_numpy() {
        let step = (0.95 - 0.5) / 9.0;
        let numpy: [f64; 10] = std::array::from_fn(|i| if i == 9 { 0.95 } else { 0.5 + i as f64 * step });
        assert_eq!(numpy, IOU_THRESHOLDS);
    }

    #[test]
    fn precision_beyond_the_last_recall_is_nought() {
        let read = at_recall_points(vec![0.5, 0.75], 4.0);
        assert_eq!((read[0], read[25], read[50], read[51]), (0.75, 0.75, 0.75, 0.0));
    }
}
