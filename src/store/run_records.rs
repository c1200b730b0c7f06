//! `runs/<id>/`: what a training or a simulation was asked, what came of it, and its files. A run appears whole or not
//! at all: written aside, then renamed. A deleted one lies in `runs/.trash` for thirty days.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::reader::Reader;
use crate::workspace::write_whole;
use crate::{Error, Folders};

/// The file of a run that says what it is.
pub const RECORD: &str = "record.json";
/// How long a deleted run can be taken back.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The folder of all runs.
#[derive(Debug, Clone)]
pub struct RunRecords {
    root: PathBuf,
    aside: PathBuf,
}

impl Reader {
    /// The records of trainings and simulations.
    #[must_use]
    pub fn run_records(&self) -> RunRecords {
        RunRecords::new(self.folders())
    }
}

impl RunRecords {
    fn new(folders: &Folders) -> Self {
        Self { root: folders.root().join("runs"), aside: folders.temporary() }
    }

    fn trash(&self) -> PathBuf {
        self.root.join(".trash")
    }

    /// Numbers of the runs of a kind, ascending: `head-7` is run 7 of `head`.
    #[must_use]
    pub fn ids(&self, kind: &str) -> Vec<String> {
        ids_in(&self.root, kind)
    }

    /// Runs of a kind that were deleted and can be taken back.
    #[must_use]
    pub fn deleted(&self, kind: &str) -> Vec<String> {
        ids_in(&self.trash(), kind)
    }

    /// Writes the files of a new run and gives its id, which no run had before.
    ///
    /// # Errors
    /// [`Error::Io`]; nothing of the run is then there.
    pub fn add(&self, kind: &str, files: impl FnOnce(&str) -> Vec<(&'static str, Vec<u8>)>) -> Result<String, Error> {
        fs::create_dir_all(&self.root).map_err(Error::io(format!("making {}", self.root.display())))?;
        let id = self.next_id(kind)?;
        let aside = self.aside.join(&id);
        let _ = fs::remove_dir_all(&aside);
        fs::create_dir_all(&aside).map_err(Error::io(format!("making {}", aside.display())))?;
        for (name, bytes) in files(&id) {
            write_whole(&aside.join(name), &bytes)?;
        }
        let place = self.root.join(&id);
        fs::rename(&aside, &place).map_err(Error::io(format!("naming {}", place.display())))?;
        sync(&self.root)?;
        Ok(id)
    }

    /// The next number of a kind; the last one is kept in a file, so that a purged run's number is not given again.
    fn next_id(&self, kind: &str) -> Result<String, Error> {
        let counter = self.root.join(format!("{kind}.last"));
        let kept = fs::read_to_string(&counter).ok().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
        let known = self.ids(kind).into_iter().chain(self.deleted(kind)).filter_map(|id| number(&id, kind));
        let next = known.max().unwrap_or(0).max(kept) + 1;
        write_whole(&counter, next.to_string().as_bytes())?;
        Ok(format!("{kind}-{next}"))
    }

    /// A file of a run, deleted or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn read(&self, id: &str, file: &str) -> Result<Vec<u8>, Error> {
        let known = checked(id)?;
        let place = [self.root.join(known), self.trash().join(known)].into_iter().find(|place| place.is_dir());
        let path = place.ok_or_else(|| Error::NotFound(format!("run {id}")))?.join(file);
        fs::read(&path).map_err(|_| Error::NotFound(format!("{file} of run {id}")))
    }

    /// Writes a file of a run anew.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Io`].
    pub fn rewrite(&self, id: &str, file: &str, bytes: &[u8]) -> Result<(), Error> {
        write_whole(&self.folder(id)?.join(file), bytes)
    }

    /// Where the files of a run lie.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn folder(&self, id: &str) -> Result<PathBuf, Error> {
        let folder = self.root.join(checked(id)?);
        if folder.is_dir() { Ok(folder) } else { Err(Error::NotFound(format!("run {id}"))) }
    }

    /// Deletes a run; it can be taken back for thirty days.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Io`].
    pub fn delete(&self, id: &str) -> Result<(), Error> {
        let folder = self.folder(id)?;
        let trash = self.trash();
        fs::create_dir_all(&trash).map_err(Error::io(format!("making {}", trash.display())))?;
        self.purge();
        fs::rename(&folder, trash.join(id)).map_err(Error::io(format!("deleting run {id}")))?;
        // Its age in the trash counts from now on.
        let _ = fs::File::open(trash.join(id)).and_then(|folder| folder.set_modified(SystemTime::now()));
        sync(&self.root)
    }

    /// Takes a deleted run back.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Io`].
    pub fn restore(&self, id: &str) -> Result<(), Error> {
        let from = self.trash().join(checked(id)?);
        if !from.is_dir() {
            return Err(Error::NotFound(format!("deleted run {id}")));
        }
        fs::rename(&from, self.root.join(id)).map_err(Error::io(format!("restoring run {id}")))?;
        sync(&self.root)
    }

    /// Removes what was deleted long ago.
    fn purge(&self) {
        let old = |path: &Path| {
            let changed = fs::metadata(path).and_then(|found| found.modified());
            changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEPT))
        };
        let entries = fs::read_dir(self.trash()).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| old(path)).for_each(|path| {
            let _ = fs::remove_dir_all(path);
        });
    }

    /// A small file beside the runs, such as which of them are in use; empty when it is not there.
    #[must_use]
    pub fn note(&self, name: &str) -> Vec<u8> {
        fs::read(self.root.join(name)).unwrap_or_default()
    }

    /// Writes such a file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn put_note(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        fs::create_dir_all(&self.root).map_err(Error::io(format!("making {}", self.root.display())))?;
        write_whole(&self.root.join(name), bytes)
    }
}

fn sync(folder: &Path) -> Result<(), Error> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(Error::io(format!("syncing {}", folder.display())))
}

/// An id as it may become a path: letters, digits, `-` and `_`.
fn checked(id: &str) -> Result<&str, Error> {
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if plain { Ok(id) } else { Err(Error::NotFound(format!("run {id}"))) }
}

fn number(id: &str, kind: &str) -> Option<u64> {
    id.strip_prefix(kind)?.strip_prefix('-')?.parse().ok()
}

fn ids_in(folder: &Path, kind: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.path().join(RECORD).is_file()).map(|entry| entry.file_name());
    let mut found: Vec<(u64, String)> = names
        .filter_map(|name| name.into_string().ok())
        .filter_map(|name| Some((number(&name, kind)?, name)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(folder: &Path) -> RunRecords {
        let aside = folder.join("tmp");
        fs::create_dir_all(&aside).unwrap();
        RunRecords { root: folder.join("runs"), aside }
    }

    fn file(id: &str) -> Vec<(&'static str, Vec<u8>)> {
        vec![(RECORD, id.as_bytes().to_vec())]
    }

    #[test]
    fn a_number_is_given_once_and_a_deleted_run_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let runs = records(folder.path());
        assert_eq!([runs.add("head", file).unwrap(), runs.add("head", file).unwrap()], ["head-1", "head-2"]);
        assert_eq!(runs.add("simulation", file).unwrap(), "simulation-1");
        runs.delete("head-2").unwrap();
        assert_eq!((runs.ids("head"), runs.deleted("head")), (vec!["head-1".into()], vec!["head-2".to_owned()]));
        assert_eq!(runs.read("head-2", RECORD).unwrap(), b"head-2");
        fs::remove_dir_all(folder.path().join("runs/.trash/head-2")).unwrap();
        assert_eq!(runs.add("head", file).unwrap(), "head-3");
        runs.delete("head-3").unwrap();
        runs.restore("head-3").unwrap();
        assert_eq!(runs.ids("head"), ["head-1", "head-3"]);
        assert!(fs::read_dir(folder.path().join("tmp")).unwrap().next().is_none());
    }

    #[test]
    fn an_id_is_no_path() {
        let folder = tempfile::tempdir().unwrap();
        let runs = records(folder.path());
        for id in ["", "../x", "head-1/..", "."] {
            assert!(matches!(runs.read(id, RECORD), Err(Error::NotFound(_))), "{id}");
            assert!(matches!(runs.delete(id), Err(Error::NotFound(_))), "{id}");
        }
    }
}
