//! Which runs there are; runs that go to the trash and come back.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tator_domain::{DatasetName, RunName, Timestamp};

use super::RunKind;
use crate::workspace::write_whole;
use crate::{Error, Reader, Writer};

/// `trash/<entry>/trashed_run.json`, beside the folder `run`.
const NOTE: &str = "trashed_run.json";

/// A finished run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunEntry {
    /// Its name.
    pub name: RunName,
    /// How it was made.
    pub record: Value,
    /// Its files by name.
    pub files: Vec<RunFile>,
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFile {
    /// Its name in the run's folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// A run in the trash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrashedRun {
    /// Its folder in the trash.
    #[serde(default)]
    pub entry: String,
    /// Run or calibration.
    pub kind: String,
    /// The dataset it is of.
    pub dataset: DatasetName,
    /// Its name.
    pub name: RunName,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

impl Reader {
    /// Where the runs of a dataset lie.
    pub(super) fn runs_folder(&self, d: &DatasetName, kind: RunKind) -> PathBuf {
        self.folders.tables_of(d).join(kind.folder())
    }

    /// Where a finished run lies.
    #[must_use]
    pub fn run_folder(&self, d: &DatasetName, kind: RunKind, name: &RunName) -> PathBuf {
        self.runs_folder(d, kind).join(name.as_str())
    }

    /// Names of the finished runs.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn run_names(&self, d: &DatasetName, kind: RunKind) -> Result<Vec<RunName>, Error> {
        let root = self.runs_folder(d, kind);
        if !root.is_dir() {
            return Ok(Vec::new());
        }
        let listing = fs::read_dir(&root).map_err(Error::io(format!("listing {}", root.display())))?;
        let folders = listing.flatten().filter(|entry| entry.path().join(kind.record()).is_file());
        // Unfinished ones begin with a full stop, which no name does.
        let mut names: Vec<RunName> = folders.filter_map(|e| e.file_name().to_str()?.parse().ok()).collect();
        names.sort();
        Ok(names)
    }

    /// Refuses a name that is taken.
    ///
    /// # Errors
    /// [`Error::Exists`].
    pub fn check_free(&self, d: &DatasetName, kind: RunKind, name: &RunName) -> Result<(), Error> {
        if self.run_folder(d, kind, name).exists() {
            return Err(Error::Exists(format!("{} {name} of {d}", kind.word())));
        }
        Ok(())
    }

    /// A finished run.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Damaged`] when its record cannot be read.
    pub fn run_entry(&self, d: &DatasetName, kind: RunKind, name: &RunName) -> Result<RunEntry, Error> {
        let folder = self.run_folder(d, kind, name);
        let path = folder.join(kind.record());
        if !path.is_file() {
            return Err(Error::NotFound(format!("{} {name} of {d}", kind.word())));
        }
        let text = fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?;
        let record = serde_json::from_slice(&text).map_err(|e| Error::Damaged {
            path,
            why: e.to_string(),
            hint: "the Parquet files beside it can still be read; delete the run to be rid of it".into(),
        })?;
        let listing = fs::read_dir(&folder).map_err(Error::io(format!("listing {}", folder.display())))?;
        let file = |entry: fs::DirEntry| {
            let bytes = entry.metadata().ok()?.len();
            Some(RunFile { name: entry.file_name().to_str()?.to_owned(), bytes })
        };
        let mut files: Vec<RunFile> = listing.flatten().filter_map(file).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(RunEntry { name: name.clone(), record, files })
    }

    /// The finished runs by name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; as [`Reader::run_entry`].
    pub fn runs(&self, d: &DatasetName, kind: RunKind) -> Result<Vec<RunEntry>, Error> {
        self.engine.with(|c| crate::reader::find_dataset(c, d))?;
        self.run_names(d, kind)?.iter().map(|name| self.run_entry(d, kind, name)).collect()
    }

    /// Deleted runs, latest first.
    ///
    /// # Errors
    /// When the trash cannot be listed.
    pub fn trashed_runs(&self) -> Result<Vec<TrashedRun>, Error> {
        let root = self.folders.trash();
        let listing = fs::read_dir(&root).map_err(Error::io(format!("listing {}", root.display())))?;
        let read = |folder: fs::DirEntry| {
            let note: TrashedRun = serde_json::from_slice(&fs::read(folder.path().join(NOTE)).ok()?).ok()?;
            let complete = folder.path().join("run").is_dir();
            complete.then_some(TrashedRun { entry: folder.file_name().to_str()?.to_owned(), ..note })
        };
        let mut found: Vec<TrashedRun> = listing.flatten().filter_map(read).collect();
        found.sort_by(|a, b| (b.deleted_at, &b.entry).cmp(&(a.deleted_at, &a.entry)));
        Ok(found)
    }
}

impl Writer {
    /// Moves a run into the trash, where it is kept for 30 days.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn delete_run(&self, d: &DatasetName, kind: RunKind, name: &RunName) -> Result<TrashedRun, Error> {
        self.reader.run_entry(d, kind, name)?;
        let deleted_at = self.clock.now();
        let entry = format!("{d}-{}-{name}-{deleted_at}", kind.word());
        let note = TrashedRun {
            entry: entry.clone(),
            kind: kind.word().to_owned(),
            dataset: d.clone(),
            name: name.clone(),
            deleted_at,
        };
        let folder = self.reader.folders.trash().join(entry);
        fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
        let text = serde_json::to_vec_pretty(&note).map_err(|e| Error::Invalid(e.to_string()))?;
        write_whole(&folder.join(NOTE), &text)?;
        self.drop_run_views(d, kind, name)?;
        let place = self.reader.run_folder(d, kind, name);
        fs::rename(&place, folder.join("run")).map_err(Error::io(format!("moving {}", place.display())))?;
        Ok(note)
    }

    /// Takes a run out of the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the entry or its dataset; [`Error::Exists`] when another has its name by now.
    pub fn restore_run(&self, entry: &str) -> Result<TrashedRun, Error> {
        let note = self.reader.trashed_runs()?.into_iter().find(|run| run.entry == entry);
        let note = note.ok_or_else(|| Error::NotFound(format!("trash entry {entry:?}")))?;
        let kind = RunKind::ALL.into_iter().find(|kind| kind.word() == note.kind);
        let kind = kind.ok_or_else(|| Error::Invalid(format!("{} is no kind of run", note.kind)))?;
        self.reader.engine.with(|c| crate::reader::find_dataset(c, &note.dataset))?;
        self.reader.check_free(&note.dataset, kind, &note.name)?;
        let place = self.reader.run_folder(&note.dataset, kind, &note.name);
        let folder = self.reader.folders.trash().join(entry);
        if let Some(above) = place.parent() {
            fs::create_dir_all(above).map_err(Error::io(format!("making {}", above.display())))?;
        }
        fs::rename(folder.join("run"), &place).map_err(Error::io(format!("moving to {}", place.display())))?;
        let _ = fs::remove_dir_all(folder);
        self.make_views(&note.dataset, kind, &note.name)?;
        Ok(note)
    }

    /// Removes runs that have been in the trash for too long; gives how many went.
    pub(crate) fn purge_runs(&self, oldest: Timestamp) -> Result<usize, Error> {
        let expired: Vec<_> = self.reader.trashed_runs()?.into_iter().filter(|run| run.deleted_at < oldest).collect();
        for old in &expired {
            let folder = self.reader.folders.trash().join(&old.entry);
            fs::remove_dir_all(&folder).map_err(Error::io(format!("emptying {}", folder.display())))?;
        }
        Ok(expired.len())
    }
}
