//! The cellar: the only room that knows DuckDB, Lance, Arrow, Parquet, SQL text and the folders on disk.

mod error;
pub mod parquet_files;

pub use error::Error;
