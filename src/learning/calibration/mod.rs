//! Whether a score means what it says, how to make it so, and from which score on to believe it.
//!
//! Scores and what became of them go in ([`crate::coco_evaluation::match_at`] tells that), tables, maps, thresholds and
//! intervals come out. Truths that nothing reached count everywhere, and so do images and classes without candidates.

mod bootstrap;
mod cut_points;
mod isotonic;
mod percentile;
mod platt;
mod reliability;
mod shares;
#[cfg(test)]
mod tests;
mod thresholds;

pub use bootstrap::{Interval, Resampling, bootstrap, bootstrap_difference};
pub use cut_points::{CutPoint, Fulfilled, Judged, Objective, average_precision, choose, cut_points};
pub use isotonic::Isotonic;
pub use platt::Platt;
pub use reliability::{Bin, Bins, Reliability, reliability};
pub use shares::{sample_size, wilson};
pub use thresholds::{ClassJudged, Thresholds, choose_per_class};
