//! Prelabelling: models look at images, and what they find becomes a pool of candidates with its provenance.
//!
//! ```text
//! recipe ─▶ passes (one look of one model each) ─▶ cache, image by image ─▶ atoms ─▶ candidates
//! ```
//!
//! A run appears whole or not at all, and the same recipe on the same data gives the same bytes, whether or not it was cut
//! off in between. An image on which a model broke is `failed` there, which is not the same as having nothing on it. Nothing
//! in here writes a box: that is [`drafts`], when a person asks for it.

mod alike;
mod cache;
mod classes;
mod detectors;
mod drafts;
mod estimate;
mod examples;
mod fuse;
mod look_over;
mod looks;
mod pace;
mod plan;
mod publish;
mod recipe;
mod request;
mod scores;
mod shown;
mod similar_windows;
mod similarity;
#[cfg(test)]
mod tests;
mod text;
mod text_recipe;
mod unfinished;

use std::path::PathBuf;

use tator_store::Reader;

pub use classes::{How, Mapped};
pub use drafts::{DraftPreview, DraftRequest, DraftSample, looked_at};
pub(crate) use drafts::{free_images, living_classes, sample};
pub(crate) use estimate::{EstimateRequest, estimate};
pub(crate) use publish::run;
pub use recipe::{
    Calibrate, DetectorRecipe, FusionRecipe, Merge, Metric, Mode, PRESETS, Recipe, SimilarityRecipe, Strategy,
    WindowRecipe,
};
pub use request::PrepassRequest;
pub use shown::{FoundOn, ShownAtom, ShownCandidate, ShownSource};
pub use text_recipe::TextRecipe;
pub use unfinished::UnfinishedRun;

/// Where what passes found is kept.
fn cache_folder(reader: &Reader) -> PathBuf {
    reader.folders().root().join("cache").join("prepass")
}
