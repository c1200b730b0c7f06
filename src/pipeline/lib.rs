//! The workshops: one module per stage of the walk.
//!
//! `images → boxes → … → export`. Stages meet in tables, never in calls; each table has one stage that writes it.
//! [`Workbench`] is the handle that the doors and the commands hold: [`intake`] brings datasets in, [`export`] writes
//! them out, [`jobs`] does both in the background, upkeep publishes what people changed.

pub mod assist;
pub mod calibrate;
pub mod embed;
mod error;
pub mod evaluate;
pub mod export;
pub mod formats;
pub mod glossary;
pub mod heads;
pub mod intake;
pub mod jobs;
mod maps;
pub mod models;
mod notebook;
mod notebooks;
pub mod output;
mod packages;
mod pictures;
pub mod prepass;
pub mod quality;
pub mod report;
pub mod select;
pub mod similar;
pub mod source;
pub mod synthetic;
mod upkeep;
mod workbench;

pub use assist::{
    AssistChange, AssistSettings, AssistStatus, ClassSuggestion, ProposeRequest, SegmentAnswer, SegmentRequest,
};
pub use calibrate::{ApplyRequest, CalibrateReport, CalibrateRequest};
pub use embed::{EmbedReport, EmbedRequest};
pub use error::Error;
pub use evaluate::{EvaluateReport, EvaluateRequest};
pub use export::{ExportImages, ExportReport, ExportRequest};
pub use glossary::{DatasetWords, ExpandRequest, Expanded, Glossary, LanguageChange, LanguageSettings, Shelved};
pub use intake::{ImportMode, ImportReport, ImportRequest};
pub use jobs::{JobId, JobProgress, JobRecord, JobState, StageProgress};
pub use maps::{MapMethod, MapRequest};
pub use models::{AddRequest, Added, Model, ModelInfo, ModelsStatus, PullRequest};
pub use notebook::{Notebook, NotebookPart, markdown};
pub use notebooks::SavedQuery;
pub use pictures::ImageFile;
pub use prepass::{PrepassRequest, Recipe};
pub use quality::{DecisionAnswer, QualityRequest};
pub use similar::{SimilarAnswer, SimilarRequest, SimilarTo};
pub use workbench::Workbench;
