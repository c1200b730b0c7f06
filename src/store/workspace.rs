//! The workspace: a folder, held by one program at a time.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, Timestamp};

use crate::Error;

const LOCK_FILE: &str = "tator.lock";

/// The folder with everything in it, locked as long as this value lives.
#[derive(Debug)]
pub struct Workspace {
    folders: Folders,
    lock: File,
}

/// Where things lie in a workspace.
#[derive(Debug, Clone)]
pub struct Folders {
    root: PathBuf,
}

/// Who holds a workspace; readable by its owner alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockNote {
    /// Process that holds it.
    pub pid: u32,
    /// Since when, microseconds since 1970.
    pub started_at: Timestamp,
    /// Address of its server; empty for a command.
    pub url: String,
    /// Token that commands show to that server.
    pub token: String,
}

impl Folders {
    /// The workspace itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The working set.
    #[must_use]
    pub fn live(&self) -> PathBuf {
        self.root.join("live.duckdb")
    }

    /// What queries may read: the published tables.
    #[must_use]
    pub fn tables(&self) -> PathBuf {
        self.root.join("tables")
    }

    /// The published tables of a dataset.
    #[must_use]
    pub fn tables_of(&self, dataset: &DatasetName) -> PathBuf {
        self.tables().join(dataset.as_str())
    }

    /// `dataset.toml` and, when managed, the images of a dataset.
    #[must_use]
    pub fn dataset(&self, dataset: &DatasetName) -> PathBuf {
        self.root.join("datasets").join(dataset.as_str())
    }

    /// Deleted datasets, kept for 30 days.
    #[must_use]
    pub fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    /// Spill of large queries and files on their way in; emptied at start.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Thumbnails by content hash; may be deleted at any time.
    #[must_use]
    pub fn thumbnails(&self) -> PathBuf {
        self.root.join("cache").join("thumbnails")
    }

    /// Saved queries and notebooks.
    #[must_use]
    pub fn notebooks(&self) -> PathBuf {
        self.root.join("notebooks")
    }
}

impl Workspace {
    /// Opens or makes the workspace and locks it.
    ///
    /// # Errors
    /// [`Error::Locked`] saying who holds it; [`Error::Io`] when the folder cannot be used.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let unusable = |what: &str| Error::io(format!("{what} {}", root.display()));
        fs::create_dir_all(root).map_err(unusable("making the workspace"))?;
        let root = fs::canonicalize(root).map_err(unusable("opening the workspace"))?;
        let folders = Folders { root };
        let lock = take_lock(&folders)?;
        let _ = fs::remove_dir_all(folders.temporary());
        let live = [folders.tables(), folders.trash(), folders.temporary(), folders.thumbnails(), folders.notebooks()];
        for folder in live.into_iter().chain([folders.root.join("datasets"), folders.root.join("exports")]) {
            fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
        }
        Ok(Self { folders, lock })
    }

    /// Where things lie.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Says who holds the workspace, for the commands that come while it is held.
    ///
    /// # Errors
    /// [`Error::Io`] when the lock file cannot be written.
    pub fn announce(&mut self, note: &LockNote) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(note).unwrap_or_default();
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&text)?;
            file.sync_data()
        };
        write(&mut self.lock).map_err(Error::io("writing the lock file"))
    }
}

/// The note of whoever holds the workspace at `root`, if there is one to read.
#[must_use]
pub fn read_lock_note(root: &Path) -> Option<LockNote> {
    let mut text = String::new();
    File::open(root.join(LOCK_FILE)).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn take_lock(folders: &Folders) -> Result<File, Error> {
    let path = folders.root.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(Error::io(format!("opening {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => {
            // The note of one that was killed would send commands to an address where nobody is, or somebody else.
            file.set_len(0).map_err(Error::io(format!("clearing {}", path.display())))?;
            Ok(file)
        }
        Err(fs::TryLockError::WouldBlock) => {
            Err(Error::Locked { folder: folders.root.clone(), holder: describe_holder(read_lock_note(&folders.root)) })
        }
        Err(fs::TryLockError::Error(source)) => Err(Error::Io { what: format!("locking {}", path.display()), source }),
    }
}

fn describe_holder(note: Option<LockNote>) -> String {
    match note {
        Some(note) if note.url.is_empty() => format!("process {}", note.pid),
        Some(note) => format!("process {} at {}", note.pid, note.url),
        None => "a process that is just starting".to_owned(),
    }
}

/// Writes a file whole or not at all: aside, synced, renamed.
///
/// # Errors
/// [`Error::Io`] when the disk refuses; the old file then stands.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_aside(path, bytes, 0o666)
}

/// As [`write_whole`], readable by its owner alone from the first byte on.
///
/// # Errors
/// As [`write_whole`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_aside(path, bytes, 0o600)
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "rights are Unix's"))]
fn write_aside(path: &Path, bytes: &[u8], rights: u32) -> Result<(), Error> {
    let aside = path.with_extension("part");
    let write = || {
        // What an earlier writer left behind may have other rights.
        let _ = fs::remove_file(&aside);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, rights);
        let mut file = options.open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(Error::io(format!("writing {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_told_who_holds_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Workspace::open(folder.path()).unwrap();
        first.announce(&LockNote { pid: 42, url: "http://127.0.0.1:8000".into(), ..LockNote::default() }).unwrap();
        let refusal = Workspace::open(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains("process 42 at http://127.0.0.1:8000"), "{refusal}");
        drop(first);
        assert!(Workspace::open(folder.path()).is_ok());
    }

    #[test]
    fn a_file_is_written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
