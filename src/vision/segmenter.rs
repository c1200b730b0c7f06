//! What every promptable segmenter can do: look at a picture once, then answer prompts about it.

use tator_domain::PixelBox;

use crate::frame::Placement;
use crate::model_error::ModelError;
use crate::network::Stop;
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::tensor::Tensor;

/// A segmenter that answers points and boxes: one file per family in `adapters/`.
pub trait Segmenter: Send + Sync {
    /// Looks at a picture. This is the slow part; its answer is kept and asked again and again.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] and whatever goes wrong in the model.
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError>;

    /// Answers one prompt; the best mask first, at least one.
    ///
    /// # Errors
    /// [`ModelError::Prompt`] for a prompt that the family does not take, and whatever goes wrong in the model.
    fn decode(&self, encoding: &Encoding, prompt: &Prompt) -> Result<Vec<MaskGrid>, ModelError>;

    /// What computes.
    fn provider(&self) -> Provider;

    /// How long opening took, in milliseconds.
    fn load_ms(&self) -> f64;
}

/// What a segmenter keeps of a picture.
#[derive(Debug, Clone)]
pub struct Encoding {
    /// How the picture lies in the frame of the network.
    pub placement: Placement,
    /// Tensors by the name the decoder knows them by.
    pub tensors: Vec<(String, Tensor)>,
}

impl Encoding {
    /// Bytes it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tensors.iter().map(|(_, tensor)| tensor.bytes()).sum()
    }
}

/// What a person points at, in pixels of the upright picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Prompt {
    /// Points, each on the object or (false) beside it.
    pub points: Vec<(f64, f64, bool)>,
    /// A box around the object.
    pub rect: Option<PixelBox>,
}

/// A mask as the network gave it: a grid of logits over the picture, inside where they are above 0.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskGrid {
    /// Cells across.
    pub width: usize,
    /// Cells down.
    pub height: usize,
    /// `width × height` logits, row by row.
    pub logits: Vec<f32>,
    /// Picture pixels per cell, across; the middle of cell *i* is at (i + ½) · `step_x`.
    pub step_x: f64,
    /// Picture pixels per cell, down.
    pub step_y: f64,
    /// Quality the network predicts, 0 to 1 (its guess of the IoU).
    pub score: f32,
}
