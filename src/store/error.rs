//! What can go wrong in the cellar.

use std::path::PathBuf;

/// Trouble in the cellar: what failed, on what, and where there is one, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another server has the workspace.
    #[error("the workspace {} is held by another Tator: {holder}", folder.display())]
    Locked {
        /// The workspace.
        folder: PathBuf,
        /// Who holds it, in words: process, since when, at which address.
        holder: String,
    },
    /// Written by a newer Tator.
    #[error("{what} has schema version {found}, this Tator knows up to {known}: open it with a newer Tator")]
    TooNew {
        /// Which table or folder.
        what: String,
        /// Its version.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// A file that is damaged: it stays where it is.
    #[error("{} is damaged: {why}. Nothing was changed; {hint}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do.
        hint: String,
    },
    /// The thing that was asked for does not exist.
    #[error("{0} was not found")]
    NotFound(String),
    /// Vectors were asked for, and there are none.
    #[error(
        "the {of} of {dataset} are not embedded yet: run `tator embed --dataset {dataset} --of {of}` or press Embed"
    )]
    NotEmbedded {
        /// The dataset.
        dataset: tator_domain::DatasetName,
        /// What was to be embedded.
        of: crate::EmbeddingOf,
    },
    /// The thing exists already.
    #[error("{0} exists already")]
    Exists(String),
    /// A request that makes no sense; the text says what to do.
    #[error("{0}")]
    Invalid(String),
    /// An edit was made on an old revision and touched what had changed meanwhile.
    #[error("the image was changed meanwhile: it is at revision {revision}")]
    Conflict {
        /// The image's revision now.
        revision: i64,
    },
    /// An analyst's statement that is not allowed, or that DuckDB refuses.
    #[error("{0}")]
    Sql(String),
    /// An analyst's statement that ran into a limit.
    #[error("stopped after {seconds} s: {hint}")]
    TimedOut {
        /// The limit it ran into.
        seconds: u64,
        /// What to do.
        hint: &'static str,
    },
    /// Interrupted because the person gave up waiting.
    #[error("stopped")]
    Interrupted,
    /// One of our own queries failed.
    #[error("query {query}: {source}")]
    Query {
        /// Its file under `queries/`.
        query: &'static str,
        /// What DuckDB said.
        source: duckdb::Error,
    },
    /// DuckDB failed outside a query of ours.
    #[error("database: {0}")]
    Database(#[from] duckdb::Error),
    /// A Lance table failed.
    #[error("table {table}: {message}")]
    Lance {
        /// Which table.
        table: String,
        /// What Lance said.
        message: String,
    },
    /// Columns could not be built or read.
    #[error("columns: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A Parquet file failed.
    #[error("parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A file or folder could not be used.
    #[error("{what}: {source}")]
    Io {
        /// Which file, and what was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// Adds what was tried to an I/O error: `.map_err(Error::io("reading dataset.toml"))`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
