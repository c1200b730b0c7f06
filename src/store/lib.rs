//! The cellar: the only room that knows DuckDB, Lance, Arrow, Parquet, SQL text and the folders on disk.
//!
//! In go domain records, out come domain records. `live.duckdb` is the working set: an edit is one transaction,
//! acknowledged after commit. The Lance tables under `tables/` are the open, versioned body that the fold brings up to
//! date in batches, and from which the working set is rebuilt when it is missing.
//!
//! ```text
//! Workspace::open ─▶ Store::open ─▶ Reader (many)  images, boxes, classes, history, SQL for people
//!                                └▶ Writer (one)   edits, classes, datasets, loads, folds
//! ```

mod analyst;
mod bulk;
mod columns;
mod counts;
mod datasets;
mod desk;
mod drafts;
mod edit_rows;
mod edits;
mod embeddings;
mod engine;
mod error;
mod exact_json;
mod filter;
mod fold;
mod guard;
mod head_rows;
mod history;
mod jobs;
mod lance_tables;
mod load;
mod maps;
mod notes;
mod packages;
pub mod parquet_files;
mod people_tables;
mod places;
mod quality;
mod quality_rows;
pub mod queries;
mod reader;
mod review;
mod run_records;
mod runs;
mod sightings;
mod snapshot;
mod staging;
mod standing;
mod summary;
mod trash;
mod truths;
mod tweaks;
mod vector_functions;
mod vector_shelf;
mod vectors;
mod versions;
mod workspace;
mod writer;

use std::sync::Arc;

pub use analyst::{SchemaTable, SqlAnswer, SqlCancel, SqlColumn, SqlFormat, SqlRequest};
pub use desk::{Desk, DeskCandidate, DeskImage, DeskLook, FeatureTable, ScoredBox, SourceBox};
pub use drafts::{DraftBox, Drafted};
pub use embeddings::{EmbeddingMeta, EmbeddingOf, EmbeddingPlan, EmbeddingTable, NewEmbeddings, ToEmbed};
pub use engine::Limits;
pub use error::Error;
pub use filter::{CommentFilter, ImageFilter};
pub use fold::FoldReport;
pub use head_rows::{LabelledImage, PoolImage, TruthCount};
pub use jobs::JobRow;
pub use lance_tables::TableHealth;
pub use load::{LoadDiff, LoadPolicy, Loaded, Loader, NewFile};
pub use maps::{MapPoints, MapRecord, MapValues};
pub use notes::{Comment, CommentCounts, Notes, Tag};
pub use packages::{CLAIM_IDLE_MICROS, NewPackages, Package, PackageState};
pub use places::{BoxPlace, ClassSample};
pub use quality::{Decided, Decision, Finding, FindingCount, OpenFinding};
pub use quality_rows::{BoxFigures, DuplicatePair, Look, PictureFigures, PlacedBox, SeenPicture};
pub use reader::{ImageFile, Reader};
pub use review::{CandidateScore, Judged, PairCount, ScoreCount, Verdict};
pub use run_records::{RECORD, RunRecords};
pub use runs::{
    Atom, Candidate, Column, Member, PrepassTables, RunDraft, RunEntry, RunFile, RunImage, RunKind, RunTable,
    TrashedRun,
};
pub use sightings::Sighting;
pub use snapshot::Snapshot;
pub use summary::{
    Change, ClassCount, DatasetSummary, Edit, EditAnswer, EditOutcome, EditRequest, Facets, ImageDetail, ImageHome,
    ImagePage, Neighbours, Trashed,
};
pub use tator_domain::Timestamp;
pub use truths::{ImageRow, TrueBox};
pub use tweaks::{Proposal, ShownProposal, TweakId, TweakSummary};
pub use vector_functions::NearestSearch;
pub use vectors::Vectors;
pub use versions::NamedVersion;
pub use workspace::{Folders, LockNote, Workspace, read_lock_note, write_private, write_whole};
pub use writer::Writer;

use tator_domain::Clock;

/// Opens the working set of a workspace, making or mending what is missing.
///
/// # Errors
/// [`Error::TooNew`] for a workspace of a newer Tator; [`Error::Damaged`] when the working set cannot be opened.
pub fn open(workspace: &Workspace, limits: &Limits, clock: Arc<dyn Clock>) -> Result<Writer, Error> {
    let folders = workspace.folders().clone();
    let engine = engine::Engine::open(&folders.live(), &folders.tables(), &folders.temporary(), limits)?;
    let reader = Reader::new(engine, folders);
    datasets::prepare(&reader)?;
    people_tables::prepare(&reader)?;
    vector_functions::register(&reader)?;
    datasets::wake_indexes(&reader)?;
    let writer = Writer::new(reader, clock)?;
    writer.restore_missing()?;
    Ok(writer)
}
