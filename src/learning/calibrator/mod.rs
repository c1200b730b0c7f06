//! Which candidates of a pool to believe: a model is trained on images whose truth is known, judged on images it has not
//! seen, beside every source alone, and promoted only when it is better than all of them.
//!
//! ```text
//! Pool ─▶ labels ─▶ develop: folds, priors, start, trees, map, rule ─▶ test images ─▶ gate
//! ```
//!
//! Images are dealt out by a hash of their number, so the order of rows decides nothing. Whatever is fitted (priors,
//! the start of the trees, trees, the map to probabilities, thresholds) is fitted on development images alone; a test image is looked at once, by
//! models that have not seen it. Thresholds are chosen on scores of models that did not train on the image, after the
//! same suppression and by the same rule as later in use, and so are those of every baseline.

mod develop;
mod duel;
mod ensemble;
mod folds;
mod gate;
mod judge;
mod options;
mod pool;
mod priors;
mod rule;
mod run;
mod shelf;
mod start;
#[cfg(test)]
mod tests;

pub use develop::{Development, Tried};
pub use ensemble::{Ensemble, Expert};
pub use folds::{Part, Protocol};
pub use gate::{Gate, Standing};
pub use judge::{Judgement, judge, suppress};
pub use options::{Labels, Options};
pub use pool::{ImageSize, Pool, Source};
pub use priors::{PRIOR_COLUMNS, Priors};
pub use rule::{Rule, Scope};
pub use run::{Calibrated, FoldReport, Heard, RowScore, calibrate, try_out};
pub use shelf::{NoShelf, Shelf};
pub use start::Start;
