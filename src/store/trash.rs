//! Deleted datasets: folded, moved aside whole, kept for 30 days, restored by a rebuild.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, Timestamp};

use crate::Error;
use crate::datasets::DatasetFile;
use crate::reader::Reader;
use crate::summary::Trashed;
use crate::workspace::write_whole;
use crate::writer::Writer;

/// How long deleted datasets are kept, in microseconds.
pub const KEPT_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;

/// `trash/<entry>/trashed.json`; it is written last, so that an entry without it was cut off half-way.
#[derive(Debug, Serialize, Deserialize)]
struct TrashNote {
    name: DatasetName,
    deleted_at: Timestamp,
    images: u64,
    boxes: u64,
}

impl Writer {
    /// Moves a dataset into the trash: its tables, its file, and its pictures when they were managed.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Lance`] when its latest edits cannot be published first.
    pub fn delete_dataset(&self, name: &DatasetName) -> Result<Trashed, Error> {
        let summary = self.reader.dataset(name)?;
        self.fold(name)?;
        self.save_history(name)?;
        let deleted_at = self.clock.now();
        let entry = format!("{name}-{deleted_at}");
        let folder = self.reader.folders.trash().join(&entry);
        fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
        let note = TrashNote { name: name.clone(), deleted_at, images: summary.images, boxes: summary.boxes };
        let text = serde_json::to_vec_pretty(&note).map_err(|e| Error::Invalid(e.to_string()))?;
        write_whole(&folder.join("trashed.json"), &text)?;
        move_whole(&self.reader.folders.tables_of(name), &folder.join("tables"))?;
        move_whole(&self.reader.folders.dataset(name), &folder.join("dataset"))?;
        self.drop_dataset(name)?;
        self.reader.shelf.forget(name);
        Ok(Trashed { entry, name: note.name, deleted_at, images: note.images, boxes: note.boxes })
    }

    /// Takes a dataset out of the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the entry; [`Error::Exists`] when a dataset of that name was made meanwhile.
    pub fn restore_dataset(&self, entry: &str) -> Result<DatasetName, Error> {
        let folder = self.reader.entry_folder(entry)?;
        let name = read_note(&folder)?.name;
        if self.reader.dataset(&name).is_ok() {
            return Err(Error::Exists(format!("dataset {name}: rename or delete it before restoring the old one")));
        }
        move_whole(&folder.join("tables"), &self.reader.folders.tables_of(&name))?;
        move_whole(&folder.join("dataset"), &self.reader.folders.dataset(&name))?;
        self.restore_missing()?;
        fs::remove_dir_all(&folder).map_err(Error::io(format!("emptying {}", folder.display())))?;
        Ok(name)
    }

    /// Removes what has been in the trash for longer than 30 days; gives how many datasets and runs went.
    ///
    /// # Errors
    /// [`Error::Io`] when a folder cannot be removed.
    pub fn purge_trash(&self) -> Result<usize, Error> {
        let oldest = self.clock.now() - KEPT_MICROS;
        let expired: Vec<_> = self.reader.trash()?.into_iter().filter(|t| t.deleted_at < oldest).collect();
        for old in &expired {
            let folder = self.reader.entry_folder(&old.entry)?;
            fs::remove_dir_all(&folder).map_err(Error::io(format!("emptying {}", folder.display())))?;
        }
        Ok(expired.len() + self.purge_runs(oldest)?)
    }

    /// Brings datasets whose folder is there but whose rows are not back into the working set: after the working set
    /// was lost, after a restore, and after a deletion that was cut off before its end.
    pub(crate) fn restore_missing(&self) -> Result<(), Error> {
        let root = self.reader.folders.root().join("datasets");
        let listing = fs::read_dir(&root).map_err(Error::io(format!("listing {}", root.display())))?;
        let mut folders: Vec<PathBuf> = listing.filter_map(|e| Some(e.ok()?.path())).collect();
        folders.sort();
        for folder in folders {
            let path = folder.join("dataset.toml");
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let file: DatasetFile = toml::from_str(&text).map_err(|e| Error::Damaged {
                path: path.clone(),
                why: e.to_string(),
                hint: "mend the file, or move the dataset's folder away".into(),
            })?;
            if self.reader.dataset(&file.name).is_err() {
                self.rebuild(&file)?;
            }
        }
        self.finish_deletions()?;
        self.refresh_views()
    }

    /// A deletion that was killed after its tables had moved: the rows go too. Before that, nothing had happened.
    fn finish_deletions(&self) -> Result<(), Error> {
        for summary in self.reader.datasets()? {
            let folder = self.reader.folders.dataset(&summary.name);
            let moved =
                self.reader.trash()?.into_iter().any(|t| {
                    t.name == summary.name && self.reader.folders.trash().join(&t.entry).join("dataset").exists()
                });
            if moved && !folder.exists() {
                self.drop_dataset(&summary.name)?;
            }
        }
        Ok(())
    }
}

impl Reader {
    /// What is in the trash, latest first.
    ///
    /// # Errors
    /// [`Error::Io`] when the trash cannot be listed.
    pub fn trash(&self) -> Result<Vec<Trashed>, Error> {
        let root = self.folders.trash();
        let listing = fs::read_dir(&root).map_err(Error::io(format!("listing {}", root.display())))?;
        let mut entries = Vec::new();
        for folder in listing.filter_map(|e| Some(e.ok()?.path())) {
            let Ok(note) = read_note(&folder) else { continue };
            let complete = folder.join("dataset").exists();
            if let (true, Some(entry)) = (complete, folder.file_name().and_then(|n| n.to_str())) {
                let TrashNote { name, deleted_at, images, boxes } = note;
                entries.push(Trashed { entry: entry.to_owned(), name, deleted_at, images, boxes });
            }
        }
        entries.sort_by_key(|t| std::cmp::Reverse(t.deleted_at));
        Ok(entries)
    }

    /// The folder of an entry; a name that is not one plain folder is not found.
    fn entry_folder(&self, entry: &str) -> Result<PathBuf, Error> {
        let known = self.trash()?.iter().any(|t| t.entry == entry);
        if known {
            Ok(self.folders.trash().join(entry))
        } else {
            Err(Error::NotFound(format!("trash entry {entry:?}")))
        }
    }
}

fn read_note(folder: &Path) -> Result<TrashNote, Error> {
    let path = folder.join("trashed.json");
    let text = fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?;
    serde_json::from_slice(&text).map_err(|e| Error::Damaged {
        path,
        why: e.to_string(),
        hint: "the folders beside it hold the dataset".into(),
    })
}

/// Renames a folder that may be missing.
fn move_whole(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.exists() {
        return Ok(());
    }
    let _ = fs::remove_dir(to);
    fs::rename(from, to).map_err(Error::io(format!("moving {} to {}", from.display(), to.display())))
}
