//! The workshops: one module per stage of the walk.
//!
//! `images → boxes → … → export`. Stages meet in tables, never in calls; each table has one stage that writes it.

mod error;
pub mod formats;
pub mod output;
pub mod source;
pub mod synthetic;

pub use error::Error;
