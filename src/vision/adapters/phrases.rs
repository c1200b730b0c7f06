//! What open-vocabulary detectors share: candidates of several prompts, sifted.

use tator_domain::PixelBox;

use super::detecting::beats;
use crate::detector::{DetectOptions, Detection};
use crate::model_error::ModelError;
use crate::region_text::sift;

/// A box, the place of its prompt, and its score.
pub(super) type Found = (PixelBox, usize, f32);

/// From candidates to what stays, best first, clipped to the picture.
pub(super) fn kept(
    model: &str,
    found: Vec<Found>,
    (width, height): (u32, u32),
    options: &DetectOptions,
) -> Result<Vec<Detection>, ModelError> {
    for (PixelBox { x, y, w, h }, _, score) in &found {
        if [*x, *y, *w, *h, f64::from(*score)].iter().any(|number| !number.is_finite()) {
            return Err(ModelError::NotNumbers { model: model.to_owned() });
        }
    }
    let clipped =
        found.into_iter().map(|(rect, class, score)| (rect.clipped(width.into(), height.into()), class, score));
    Ok(sift(clipped.collect(), options))
}

/// Calls `found` with the prompts of one box that count: the best, or every one that scores enough.
pub(super) fn counted(scores: &[f32], options: &DetectOptions, mut found: impl FnMut(usize, f32)) {
    if options.every_class {
        scores.iter().enumerate().filter(|(_, s)| beats(**s, options.score)).for_each(|(at, s)| found(at, *s));
    } else {
        super::detecting::scored(scores, options, found);
    }
}

pub(super) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
