//! The workshops: one module per stage of the walk.
//!
//! `images → boxes → … → export`. Stages meet in tables, never in calls; each table has one stage that writes it.
//! [`Workbench`] is the handle that the doors and the commands hold: [`intake`] brings datasets in, [`export`] writes
//! them out, [`jobs`] does both in the background, upkeep publishes what people changed.

pub mod assist;
pub mod embed;
mod error;
pub mod export;
pub mod formats;
pub mod intake;
pub mod jobs;
mod maps;
pub mod models;
mod notebooks;
pub mod output;
mod packages;
mod pictures;
pub mod quality;
pub mod report;
pub mod similar;
pub mod source;
pub mod synthetic;
mod upkeep;
mod workbench;

pub use assist::{AssistChange, AssistSettings, AssistStatus, ClassSuggestion, SegmentAnswer, SegmentRequest};
pub use embed::{EmbedReport, EmbedRequest};
pub use error::Error;
pub use export::{ExportImages, ExportReport, ExportRequest};
pub use intake::{ImportMode, ImportReport, ImportRequest};
pub use jobs::{JobId, JobProgress, JobRecord, JobState, StageProgress};
pub use maps::{MapMethod, MapRequest};
pub use models::{AddRequest, Added, Model, ModelInfo, ModelsStatus, PullRequest};
pub use notebooks::SavedQuery;
pub use pictures::ImageFile;
pub use quality::{DecisionAnswer, QualityRequest};
pub use similar::{SimilarAnswer, SimilarRequest, SimilarTo};
pub use workbench::Workbench;
