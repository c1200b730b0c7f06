//! The cellar with its door shut: edits, undo, publishing, rebuilding, versions, trash, statements of people.

mod bulk;
mod edits;
mod embeddings;
mod fold;
mod notes;
mod open_tables;
mod packages;
mod rebuild;
mod reimport;
mod statement_limits;
mod statements;
mod trash;
mod truth_changes;
mod undo;
mod versions;
mod workspaces;

pub use fold::published;
