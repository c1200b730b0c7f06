//! Fewer dimensions: principal components, random projections, maps that keep neighbours together, and embeddings without
//! what the size of a box does to them.

mod eigen;
mod pca;
mod random;
mod size_bias;
mod umap;

pub use pca::Pca;
pub use random::RandomProjection;
pub use size_bias::{BoxSize, SizeBias};
pub use umap::{UmapOptions, umap};
