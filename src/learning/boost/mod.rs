//! Boosted trees over columns of numbers, by XGBoost: trained with a curve, stopped early, explained, kept as bytes.
//!
//! Columns go in as slices, a missing value is NaN. The number of threads is part of the recipe and not of the machine,
//! since it decides in which order sums are added: the same rows, parameters and seed give the same model, byte for byte.

mod columns;
mod model;
mod parameters;
#[cfg(test)]
mod tests;
mod train;

pub use columns::Columns;
pub use model::{Format, Importance, Model};
pub use parameters::{Direction, Parameters};
pub use train::{Sample, Step, Trained, train};

use crate::Error;

/// What XGBoost says when it refuses.
fn refused(what: &'static str) -> impl Fn(xgb::XGBError) -> Error {
    move |error| Error::invalid(what, error.to_string().lines().next().unwrap_or_default())
}
