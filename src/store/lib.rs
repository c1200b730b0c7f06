//! The cellar: the only room that knows DuckDB, Lance, Arrow, Parquet, SQL text and the folders on disk.

/// Trouble in the cellar.
#[derive(Debug, thiserror::Error)]
pub enum Error {}
