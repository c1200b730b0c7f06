//! What every text tower can do: turn words into vectors that lie near those of the pictures they describe.

use crate::model_error::ModelError;
use crate::network::Stop;
use crate::runtime::Provider;

/// The text tower of an image encoder: its vectors lie in the same space as the encoder's.
pub trait TextEncoder: Send + Sync {
    /// A vector of unit length for each text, in their order; texts are taken as they are.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] and whatever goes wrong in the model.
    fn embed_texts(&self, texts: &[&str], stop: &Stop) -> Result<Vec<Vec<f32>>, ModelError>;

    /// The sentence by which this tower likes to be told of a thing, as `a photo of a dog.` for `dog`.
    fn sentence(&self, thing: &str) -> String;

    /// How sharply it tells things apart: the factor on cosines before a softmax.
    fn sharpness(&self) -> f32;

    /// What computes.
    fn provider(&self) -> Provider;

    /// How long opening took, in milliseconds.
    fn load_ms(&self) -> f64;
}
