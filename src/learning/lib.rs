//! The study: class heads, selection, neighbours and projections on embeddings; evaluation, matching, fusion and
//! calibration of detections. Numbers in, numbers out.
//!
//! It knows no database, no pixels and no HTTP. Whatever chance is needed comes from a seed, and sums are added in an
//! order that no number of threads changes: the same input gives the same bytes. Long work takes a `Watch`, which hears
//! of its progress and may stop it.

pub mod bad_number;
pub mod boost;
pub mod calibration;
pub mod calibrator;
pub mod candidate;
mod chance;
pub mod coco_evaluation;
mod error;
#[cfg(test)]
mod fixtures;
pub mod fusion;
pub mod head;
mod kernel;
pub mod matching;
pub mod near;
pub mod project;
mod rows;
#[cfg(test)]
mod scikit;
pub mod select;

pub use chance::fold_of;
pub use chance::{Chance, hash};
pub use error::{Error, Watch};
pub use rows::{Matrix, Rows, normalise};
