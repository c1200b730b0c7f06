//! What every detector can do: turn pictures into boxes of its classes, or of classes said in words.

use tator_domain::{PixelBox, Polygon};

use crate::model_error::ModelError;
use crate::network::Stop;
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::Encoding;

/// A detector of fixed classes: one file per family in `adapters/`.
pub trait Detector: Send + Sync {
    /// What is in each picture, in their order; best first within a picture. Pictures go through the network together
    /// where it takes several, and the next ones are prepared while it computes. One answer for all: a caller that
    /// wants to know which picture fails asks again with one at a time.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] and whatever goes wrong in the model.
    fn detect(
        &self,
        pictures: &[Picture],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Vec<Detection>>, ModelError>;

    /// Names of its classes; [`Detection::class`] is a place in here.
    fn classes(&self) -> &[String];

    /// Height and width of the frame in which it sees a picture.
    fn frame(&self) -> [u32; 2];

    /// The options its authors show results with.
    fn usual(&self) -> DetectOptions;

    /// What computes.
    fn provider(&self) -> Provider;

    /// How long opening took, in milliseconds.
    fn load_ms(&self) -> f64;
}

/// A detector of what is said in words. One look serves all prompts about a picture.
pub trait TextDetector: Send + Sync {
    /// Looks at a picture. Its answer is kept and asked again and again.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] and whatever goes wrong in the model.
    fn look(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError>;

    /// What fits the prompts, best first; [`Detection::class`] is the place of the prompt.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    fn find(
        &self,
        seen: &Encoding,
        prompts: &[&str],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Detection>, ModelError>;

    /// The options its authors show results with.
    fn usual(&self) -> DetectOptions;

    /// What computes.
    fn provider(&self) -> Provider;

    /// How long opening took, in milliseconds.
    fn load_ms(&self) -> f64;
}

/// One thing a detector found.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Where, in pixels of the upright picture, clipped to it; with an angle the box before the turn, not clipped.
    pub rect: PixelBox,
    /// Which class, as a place in [`Detector::classes`].
    pub class: usize,
    /// How sure, 0 to 1, as the model says it: not calibrated.
    pub score: f32,
    /// Outline, where the model gives masks.
    pub polygon: Option<Polygon>,
    /// Clockwise turn about the centre in degrees, where the model gives it.
    pub angle: Option<f64>,
    /// Place among all candidates of this picture above the threshold, best first, before any was taken away. The same
    /// candidate has the same rank whether overlaps are taken away or not.
    pub rank: usize,
}

/// What is asked of a detector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectOptions {
    /// Only what scores more.
    pub score: f32,
    /// At most so many a picture, the best.
    pub most: usize,
    /// What overlaps too much with something better goes; `None` gives the raw candidates.
    pub overlap: Option<Overlap>,
    /// Every class of a place that scores enough, not its best alone.
    pub every_class: bool,
}

impl DetectOptions {
    /// The same without taking anything away for its overlap.
    #[must_use]
    pub fn raw(self) -> Self {
        Self { overlap: None, ..self }
    }
}

/// How much overlap is too much (non-maximum suppression).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Largest IoU that two kept boxes may have.
    pub iou: f64,
    /// Boxes of different classes suppress each other, too.
    pub across_classes: bool,
}

impl Overlap {
    /// Within each class.
    #[must_use]
    pub const fn within_classes(iou: f64) -> Self {
        Self { iou, across_classes: false }
    }
}
