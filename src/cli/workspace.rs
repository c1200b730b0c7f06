//! Opening a workspace, or finding the server that has it open.

use std::path::Path;

use anyhow::Context;
use tator_pipeline::Workbench;
use tator_store::{LockNote, read_lock_note};

use super::WorkspaceLocked;
use super::client::Client;
use crate::config::Config;

/// A workspace as a command gets it.
pub(super) enum Opened {
    /// Ours alone.
    Here(Box<Workbench>),
    /// A server has it: it is asked.
    There(Client),
}

/// Opens a workspace, or connects to the server that holds it.
pub(super) fn open(folder: &Path) -> anyhow::Result<Opened> {
    let config = Config::load(folder)?;
    match Workbench::open(folder, &config.limits.to_store()) {
        Ok(workbench) => {
            workbench.announce(&LockNote { pid: std::process::id(), ..LockNote::default() })?;
            Ok(Opened::Here(Box::new(workbench)))
        }
        Err(tator_pipeline::Error::Store(locked @ tator_store::Error::Locked { .. })) => {
            let note = read_lock_note(folder).filter(|note| !note.url.is_empty());
            let note = note.ok_or_else(|| WorkspaceLocked(format!("{locked}; wait until it is done")))?;
            Ok(Opened::There(Client::new(&note.url, &note.token)))
        }
        Err(error) => Err(error).with_context(|| format!("the workspace {} cannot be opened", folder.display())),
    }
}

/// Opens a workspace that has to be there: a question to a mistyped path must not be answered by a new, empty one.
pub(super) fn open_existing(folder: &Path) -> anyhow::Result<Opened> {
    Config::load(folder)?;
    if !folder.join("live.duckdb").exists() && !folder.join("tables").is_dir() {
        anyhow::bail!(
            "there is no workspace at {}: `tator import` or `tator demo` makes one, --workspace names another",
            folder.display()
        );
    }
    open(folder)
}

/// An absolute path for a server, which has another working folder.
pub(super) fn absolute(path: &Path) -> anyhow::Result<std::path::PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is not a path", path.display()))
}
