//! What every image encoder can do: turn pictures into vectors of which alike ones lie close.

use crate::model_error::ModelError;
use crate::network::Stop;
use crate::picture::Picture;
use crate::runtime::Provider;

/// An encoder of pictures.
pub trait Embedder: Send + Sync {
    /// A vector of unit length for each picture, in their order.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] and whatever goes wrong in the model.
    fn embed(&self, pictures: &[Picture], stop: &Stop) -> Result<Vec<Vec<f32>>, ModelError>;

    /// Length of the vectors; known after the first picture where the file leaves it open.
    fn dimension(&self) -> Option<usize>;

    /// Calls that are answered at the same time; more wait for one another.
    fn lanes(&self) -> usize;

    /// What computes.
    fn provider(&self) -> Provider;

    /// How long opening took, in milliseconds.
    fn load_ms(&self) -> f64;
}

/// The vector with length 1; a vector of zeros stays.
pub(crate) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
    }
    vector
}
