//! Calibration: which candidates of a run to believe, learnt from images whose truth is known and judged on images that no
//! part of it has seen; then applied to the rest, as drafts.
//!
//! ```text
//! run ─▶ desk: features as sets ─▶ calibrator: folds, trees, rule, test, gate ─▶ features, scores, record ─▶ drafts
//! ```
//!
//! A calibration appears whole or not at all, and the same run, truth, options and seed give the same bytes. Trees are kept
//! by what they were grown on: a job that was cut off, and one that asks for other thresholds, find them there. Which images a
//! model was trained on is asked of whoever knows ([`CalibrateRequest::seen`]): their truth is not used, and the record says
//! so. Only a calibration that is better than every source alone is promoted; applying one that is not says why first.

mod appearance;
mod apply;
mod crops;
mod explain;
mod figures;
mod gather;
mod package;
mod record;
mod request;
mod review;
mod shelf;
mod words;
mod work;

pub use appearance::{AppearanceNote, HeadNote};
pub use apply::{Applied, ApplyPreview, ApplyRequest, ClassBands};
pub use explain::{Explained, Reason};
pub use figures::{ClassFigures, Cost, ErrorCount, Figures, Missed, PrPoint, ReliabilityBin};
pub use package::{ImportedRecipe, PackageNote};
pub(crate) use record::run_version;
pub use record::{BandCounts, CalibrateReport, Record, Sizes};
pub use request::CalibrateRequest;
pub use review::{Answer, BandEstimate, ClassScores, ScoreTable};
pub use tator_learning::calibrator::{Expert, Labels, Options, Protocol, Rule, Scope, Standing};
pub use words::in_words;
pub(crate) use work::run;
