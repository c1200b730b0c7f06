//! Fewer dimensions: principal components, and embeddings without what the size of a box does to them.

mod eigen;
mod pca;
mod size_bias;

pub use pca::Pca;
pub use size_bias::{BoxSize, SizeBias};
