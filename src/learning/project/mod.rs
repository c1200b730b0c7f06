//! Fewer dimensions: principal components, maps that keep neighbours together, and embeddings without what the size of
//! a box does to them.

mod eigen;
mod pca;
mod size_bias;
mod umap;

pub use pca::Pca;
pub use size_bias::{BoxSize, SizeBias};
pub use umap::{UmapOptions, umap};
