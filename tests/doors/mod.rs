//! The doors from outside: a real server on a port of its own, spoken to in plain HTTP.

mod datasets;
mod edits;
mod failures;
mod headers;
mod hosts;
mod mounted;
mod origins;
mod people;
mod pictures;
mod queries;
mod server;
mod statements;
mod traversal;
mod uploads;
mod way_in;

/// The rooms below, opened in a new workspace: the one place that knows how.
fn workbench(folder: &std::path::Path) -> tator_pipeline::Workbench {
    tator_pipeline::Workbench::open(folder, &tator_store::Limits::default()).unwrap()
}
