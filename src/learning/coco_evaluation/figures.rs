//! The twelve figures: `COCOeval.summarize`.

/// The twelve figures of the COCO challenge; `None` where the reference prints −1, because there was nothing to find.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Average precision over IoU .50 to .95, all areas.
    pub ap: Option<f64>,
    /// Average precision at IoU .50.
    pub ap50: Option<f64>,
    /// Average precision at IoU .75.
    pub ap75: Option<f64>,
    /// Average precision of truths up to 32² square pixels.
    pub ap_small: Option<f64>,
    /// Average precision of truths from 32² to 96².
    pub ap_medium: Option<f64>,
    /// Average precision of truths from 96² on.
    pub ap_large: Option<f64>,
    /// Average recall with one detection an image and class.
    pub ar1: Option<f64>,
    /// Average recall with ten.
    pub ar10: Option<f64>,
    /// Average recall with a hundred.
    pub ar100: Option<f64>,
    /// Average recall of small truths.
    pub ar_small: Option<f64>,
    /// Average recall of medium truths.
    pub ar_medium: Option<f64>,
    /// Average recall of large truths.
    pub ar_large: Option<f64>,
}

impl Figures {
    /// The usual names, in the usual order.
    pub const NAMES: [&str; 12] =
        ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"];

    /// The figures in the order of [`Figures::NAMES`].
    #[must_use]
    pub fn values(&self) -> [Option<f64>; 12] {
        [
            self.ap,
            self.ap50,
            self.ap75,
            self.ap_small,
            self.ap_medium,
            self.ap_large,
            self.ar1,
            self.ar10,
            self.ar100,
            self.ar_small,
            self.ar_medium,
            self.ar_large,
        ]
    }

    /// Each name with its figure.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        Self::NAMES.into_iter().zip(self.values())
    }

    /// Figure by figure the mean of those that have one.
    pub(super) fn mean<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let (mut sums, mut counts) = ([0.0; 12], [0.0; 12]);
        for figures in all {
            for (i, value) in figures.values().into_iter().enumerate() {
                sums[i] += value.unwrap_or(0.0);
                counts[i] += f64::from(u8::from(value.is_some()));
            }
        }
        let mean = |i: usize| (counts[i] > 0.0).then(|| sums[i] / counts[i]);
        Self {
            ap: mean(0),
            ap50: mean(1),
            ap75: mean(2),
            ap_small: mean(3),
            ap_medium: mean(4),
            ap_large: mean(5),
            ar1: mean(6),
            ar10: mean(7),
            ar100: mean(8),
            ar_small: mean(9),
            ar_medium: mean(10),
            ar_large: mean(11),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_without_truths_do_not_count() {
        let one = Figures { ap: Some(0.5), ..Figures::default() };
        let mean = Figures::mean([&one, &Figures::default()].into_iter());
        assert_eq!((mean.ap, mean.ap50), (Some(0.5), None));
    }
}
