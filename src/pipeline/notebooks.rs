//! Statements that people keep: plain files `notebooks/<name>.sql` in the workspace, which any editor opens too; and how
//! files of that folder are listed, written and deleted.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::error::Error;
use crate::workbench::Workbench;

/// A statement with the name it is kept under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SavedQuery {
    /// What people call it: letters, digits, spaces, `_` and `-`.
    pub name: String,
    /// The statement.
    pub sql: String,
}

/// Longest name, in characters: with four bytes each it still is a file name everywhere.
pub const LONGEST_NAME: usize = 60;
/// Longest text, in bytes; a larger file in the folder is nothing that was saved here.
const LONGEST_TEXT: u64 = 1 << 20;
const ENDING: &str = "sql";

/// One at a time: two that write the same name at once would share the file aside.
static WRITING: Mutex<()> = Mutex::new(());

impl Workbench {
    /// The statements that were kept, by name. Other files of the folder are left out.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn saved_queries(&self) -> Result<Vec<SavedQuery>, Error> {
        Ok(kept(self, ENDING)?.into_iter().map(|(name, sql)| SavedQuery { name, sql }).collect())
    }

    /// Keeps a statement; one of the same name is replaced.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is no file name everywhere, and for nothing to keep; [`Error::Store`] when
    /// the disk refuses, and then the old statement stands.
    pub fn save_query(&self, name: &str, sql: &str) -> Result<SavedQuery, Error> {
        keep(self, (name, ENDING), sql)?;
        Ok(SavedQuery { name: name.to_owned(), sql: sql.to_owned() })
    }

    /// Deletes a kept statement and gives it back, so that it can be kept again.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for what can be no name; [`Error::Io`] when the disk refuses.
    pub fn delete_query(&self, name: &str) -> Result<SavedQuery, Error> {
        let sql = forget(self, (name, ENDING), "saved query")?;
        Ok(SavedQuery { name: name.to_owned(), sql })
    }
}

/// Files of the folder with this ending: name and text, by name.
pub(crate) fn kept(bench: &Workbench, ending: &str) -> Result<Vec<(String, String)>, Error> {
    let folder = bench.reader().folders().notebooks();
    let reading = || Error::io(format!("reading {}", folder.display()));
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(reading())?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(reading())?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).filter(|name| checked_name(name).is_ok());
        let Some(name) = name.filter(|_| path.extension().is_some_and(|other| other == ending)) else { continue };
        if fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= LONGEST_TEXT) {
            let bytes = fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?;
            found.push((name.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    found.sort_by_key(|(name, _)| name.to_lowercase());
    Ok(found)
}

/// Writes a file of the folder, whole or not at all.
pub(crate) fn keep(bench: &Workbench, (name, ending): (&str, &str), text: &str) -> Result<(), Error> {
    let path = file(bench, name, ending)?;
    if text.trim().is_empty() {
        return Err(Error::invalid(ending, "there is nothing to keep"));
    }
    if text.len() as u64 > LONGEST_TEXT {
        return Err(Error::invalid(ending, "the text is longer than 1 MiB"));
    }
    let folder = bench.reader().folders().notebooks();
    fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(tator_store::write_whole(&path, text.as_bytes())?)
}

/// Deletes a file of the folder and gives its text.
pub(crate) fn forget(bench: &Workbench, (name, ending): (&str, &str), what: &str) -> Result<String, Error> {
    let path = file(bench, name, ending)?;
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let trouble = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound(format!("the {what} {name:?}")),
        _ => Error::io(format!("deleting {}", path.display()))(error),
    };
    let bytes = fs::read(&path).map_err(trouble)?;
    fs::remove_file(&path).map_err(trouble)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn file(bench: &Workbench, name: &str, ending: &str) -> Result<PathBuf, Error> {
    checked_name(name)?;
    Ok(bench.reader().folders().notebooks().join(format!("{name}.{ending}")))
}

pub(crate) fn checked_name(name: &str) -> Result<(), Error> {
    let plain = name.chars().all(|c| c.is_alphanumeric() || " _-".contains(c));
    let length = name.chars().count();
    if plain && (1..=LONGEST_NAME).contains(&length) && name.trim() == name {
        return Ok(());
    }
    Err(Error::invalid("name", "a name has 1 to 60 letters, digits, spaces, _ or -, and no space at its ends"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_store::Limits;

    fn bench() -> (tempfile::TempDir, Workbench) {
        let folder = tempfile::tempdir().unwrap();
        let bench = Workbench::open(folder.path(), &Limits::default()).unwrap();
        (folder, bench)
    }

    #[test]
    fn a_saved_query_is_a_plain_file_and_is_listed() {
        let (folder, bench) = bench();
        assert_eq!(bench.saved_queries().unwrap(), []);
        bench.save_query("tiny boxes", "SELECT 1").unwrap();
        bench.save_query("Größte-Bilder_2", "SELECT 2").unwrap();
        bench.save_query("tiny boxes", "SELECT 3").unwrap();
        let file = folder.path().join("notebooks/tiny boxes.sql");
        assert_eq!(fs::read_to_string(file).unwrap(), "SELECT 3");
        let listed: Vec<_> = bench.saved_queries().unwrap().into_iter().map(|query| (query.name, query.sql)).collect();
        let one = |name: &str, sql: &str| (name.to_owned(), sql.to_owned());
        assert_eq!(listed, [one("Größte-Bilder_2", "SELECT 2"), one("tiny boxes", "SELECT 3")]);
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let (folder, bench) = bench();
        for name in ["", " ", "a ", "../a", "a/b", "a\\b", "a.b", "a\0", "a\nb", &"a".repeat(61)] {
            assert!(matches!(bench.save_query(name, "SELECT 1"), Err(Error::Invalid { .. })), "{name:?}");
            assert!(matches!(bench.delete_query(name), Err(Error::Invalid { .. })), "{name:?}");
        }
        assert!(matches!(bench.save_query("a", "  "), Err(Error::Invalid { .. })));
        assert!(!folder.path().join("a.sql").exists() && bench.saved_queries().unwrap().is_empty());
    }

    #[test]
    fn a_deleted_query_is_gone_and_given_back() {
        let (_folder, bench) = bench();
        bench.save_query("tiny", "SELECT 1").unwrap();
        assert_eq!(bench.delete_query("tiny").unwrap().sql, "SELECT 1");
        assert!(matches!(bench.delete_query("tiny"), Err(Error::NotFound(_))));
        assert_eq!(bench.saved_queries().unwrap(), []);
    }

    #[test]
    fn other_files_of_the_folder_are_left_out() {
        let (folder, bench) = bench();
        bench.save_query("tiny", "SELECT 1").unwrap();
        fs::write(folder.path().join("notebooks/notes.md"), "words").unwrap();
        fs::write(folder.path().join("notebooks/a.b.sql"), "SELECT 1").unwrap();
        fs::create_dir(folder.path().join("notebooks/folder.sql")).unwrap();
        assert_eq!(bench.saved_queries().unwrap().len(), 1);
    }
}
