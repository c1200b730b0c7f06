//! What a run or a calibration writes once: a folder of Parquet files with its record, and views over them.
//!
//! `tables/<dataset>/runs/<run>/` and `tables/<dataset>/calibrations/<name>/` appear whole or not at all: everything is
//! written into a folder beside, which publishing renames. The views hold absolute paths, so they are made anew at every
//! start; folders are the truth, views follow them.

mod decode;
mod entries;
mod read;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod views;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tator_domain::{DatasetName, RunName};

use crate::workspace::write_whole;
use crate::{Error, Writer};

pub use entries::{RunEntry, RunFile, TrashedRun};
pub use rows::{Atom, Candidate, Member, PrepassTables, RunImage};
pub use table::{Column, RunTable};

/// What a folder of Parquet files holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunKind {
    /// What models found on images.
    Prepass,
    /// What a calibration makes of a run's candidates.
    Calibration,
}

impl RunKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Prepass, Self::Calibration];

    /// What people call one.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Prepass => "run",
            Self::Calibration => "calibration",
        }
    }

    /// The folder of all of them, below the dataset's tables.
    fn folder(self) -> &'static str {
        match self {
            Self::Prepass => "runs",
            Self::Calibration => "calibrations",
        }
    }

    fn record(self) -> &'static str {
        match self {
            Self::Prepass => "run.json",
            Self::Calibration => "record.json",
        }
    }

    /// Each file with the beginning of its view's name; a file that is not there has no view.
    fn tables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Prepass => &[
                ("images", "run_images"),
                ("timings", "run_timings"),
                ("atoms", "atoms"),
                ("candidates", "candidates"),
                ("candidate_atoms", "candidate_atoms"),
            ],
            Self::Calibration => &[("features", "features"), ("scores", "scores"), ("missed", "missed")],
        }
    }
}

/// A run that is being written, beside where it will stand.
#[derive(Debug)]
pub struct RunDraft {
    dataset: DatasetName,
    kind: RunKind,
    name: RunName,
    folder: PathBuf,
}

impl RunDraft {
    /// Where it is written; what lies here when it is published is part of it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins the table of that name, `atoms` for `atoms.parquet`.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn table(&self, name: &str) -> Result<RunTable, Error> {
        RunTable::create(&self.folder.join(format!("{name}.parquet")))
    }

    /// Writes a file that is no table: a model, a report.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn file(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        write_whole(&self.folder.join(name), bytes)
    }

    /// Gives up: everything written so far goes.
    pub fn discard(self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Writer {
    /// Begins a run beside its place; what an earlier one of this name left unfinished there goes.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Exists`] when there is a finished one.
    pub fn begin_run(&self, d: &DatasetName, kind: RunKind, name: &RunName) -> Result<RunDraft, Error> {
        self.reader.engine.with(|c| crate::reader::find_dataset(c, d))?;
        self.reader.check_free(d, kind, name)?;
        let folder = self.reader.runs_folder(d, kind).join(format!(".{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
        Ok(RunDraft { dataset: d.clone(), kind, name: name.clone(), folder })
    }

    /// Gives a finished run its place and its views. `record` says how it was made: enough to make it again.
    ///
    /// # Errors
    /// [`Error::Exists`] when another of its name was published meanwhile; when the disk refuses.
    #[expect(clippy::needless_pass_by_value, reason = "the draft is used up")]
    pub fn publish_run(&self, draft: RunDraft, record: &Value) -> Result<(), Error> {
        let RunDraft { dataset: d, kind, name, folder } = &draft;
        self.reader.check_free(d, *kind, name)?;
        let text = serde_json::to_vec_pretty(record).map_err(|e| Error::Invalid(e.to_string()))?;
        write_whole(&folder.join(kind.record()), &text)?;
        let place = self.reader.run_folder(d, *kind, name);
        fs::rename(folder, &place).map_err(Error::io(format!("naming {}", place.display())))?;
        if let Some(above) = place.parent() {
            let synced = fs::File::open(above).and_then(|folder| folder.sync_all());
            synced.map_err(Error::io(format!("writing {}", above.display())))?;
        }
        self.make_views(d, *kind, name)
    }
}
