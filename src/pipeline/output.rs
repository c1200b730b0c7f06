//! Where an export writes to: a folder or an archive that appears whole or not at all.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use tempfile::{NamedTempFile, TempDir};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::error::Error;
use crate::source::{is_picture, name_fault};

/// Takes files by relative path with `/`.
pub trait Output: Send {
    /// Begins a file; it is complete when `write` returns.
    ///
    /// # Errors
    /// When the disk refuses, or the path was written before.
    fn file(&mut self, path: &str, write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error>;

    /// Puts in many small files, in this order; the work is shared between cores where that helps.
    ///
    /// # Errors
    /// As [`Output::file`].
    fn files(&mut self, files: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        files.into_iter().try_for_each(|(path, bytes)| {
            self.file(&path, &mut |out| out.write_all(&bytes).map_err(Error::io(format!("writing {path}"))))
        })
    }

    /// Puts in a file that lies on disk, as a hard link where `link` is set and both places allow it, else as a copy.
    ///
    /// # Errors
    /// As [`Output::file`], and when the original cannot be read.
    fn place(&mut self, path: &str, original: &Path, _link: bool) -> Result<(), Error> {
        let mut file = File::open(original).map_err(Error::io(format!("opening {}", original.display())))?;
        self.file(path, &mut |out| copy(&mut file, out, path))
    }

    /// Makes everything visible under its name; without it nothing is left behind.
    ///
    /// # Errors
    /// When the disk refuses, or the target came into being meanwhile.
    fn finish(self: Box<Self>) -> Result<(), Error>;
}

/// Begins an output at `target`: an archive when the name ends in `.zip`, else a folder.
///
/// # Errors
/// When something is already there, or the folder above is missing.
pub fn create(target: &Path) -> Result<Box<dyn Output>, Error> {
    if target.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip")) {
        Ok(Box::new(ZipOutput::create(target)?))
    } else {
        Ok(Box::new(FolderOutput::create(target)?))
    }
}

/// A folder, written under a temporary name beside its target.
#[derive(Debug)]
pub struct FolderOutput {
    target: PathBuf,
    shelter: TempDir,
    written: Names,
    /// Folders that are there, so that each is made once and not once per file.
    folders: HashSet<PathBuf>,
}

impl FolderOutput {
    /// Begins a folder at `target`, which must be missing or empty.
    ///
    /// # Errors
    /// When the target holds something, or the folder above it cannot be written.
    pub fn create(target: &Path) -> Result<Self, Error> {
        refuse_full(target)?;
        let shelter = tempfile::Builder::new().prefix(".tator-export-").tempdir_in(parent(target));
        let shelter = shelter.map_err(Error::io(format!("writing beside {}", target.display())))?;
        let output = Self { target: target.to_owned(), shelter, written: Names::default(), folders: HashSet::new() };
        // The shelter itself is private (0700); what is inside takes the usual rights.
        fs::create_dir(output.root()).map_err(Error::io(format!("writing beside {}", target.display())))?;
        Ok(output)
    }

    fn root(&self) -> PathBuf {
        self.shelter.path().join("export")
    }

    fn prepare(&mut self, path: &str) -> Result<PathBuf, Error> {
        self.written.add(path)?;
        let full = self.root().join(path);
        if !self.folders.contains(parent(&full)) {
            fs::create_dir_all(parent(&full)).map_err(Error::io(format!("making the folder of {path}")))?;
            self.folders.insert(parent(&full).to_owned());
        }
        Ok(full)
    }
}

impl Output for FolderOutput {
    fn file(&mut self, path: &str, write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
        let full = self.prepare(path)?;
        let mut file = BufWriter::new(File::create_new(full).map_err(Error::io(format!("creating {path}")))?);
        write(&mut file)?;
        file.flush().map_err(Error::io(format!("writing {path}")))
    }

    /// One after the other: two threads that make files in one folder wait for each other, at twice the work in all.
    fn files(&mut self, files: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        files.into_iter().try_for_each(|(path, bytes)| {
            let full = self.prepare(&path)?;
            let mut file = File::create_new(full).map_err(Error::io(format!("creating {path}")))?;
            file.write_all(&bytes).map_err(Error::io(format!("writing {path}")))
        })
    }

    fn place(&mut self, path: &str, original: &Path, link: bool) -> Result<(), Error> {
        let full = self.prepare(path)?;
        if link && fs::hard_link(original, &full).is_ok() {
            return Ok(());
        }
        // Not `fs::copy`: it would carry over a read-only mode and refuse a clean-up later.
        let mut from = File::open(original).map_err(Error::io(format!("opening {}", original.display())))?;
        let mut to = File::create_new(full).map_err(Error::io(format!("creating {path}")))?;
        copy(&mut from, &mut to, path)
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        sync_tree(&self.root()).map_err(Error::io(format!("flushing {}", self.target.display())))?;
        refuse_full(&self.target)?;
        if self.target.is_dir() {
            fs::remove_dir(&self.target).map_err(Error::io(format!("replacing {}", self.target.display())))?;
        }
        fs::rename(self.root(), &self.target).map_err(Error::io(format!("naming {}", self.target.display())))?;
        sync_folder(parent(&self.target)).map_err(Error::io(format!("flushing {}", self.target.display())))
    }
}

/// A `.zip` without clocks: the same files give the same bytes.
#[derive(Debug)]
pub struct ZipOutput {
    target: PathBuf,
    archive: ZipWriter<BufWriter<NamedTempFile>>,
    written: Names,
}

impl ZipOutput {
    /// Begins an archive at `target`, which must be missing.
    ///
    /// # Errors
    /// When the target exists, or the folder above it cannot be written.
    pub fn create(target: &Path) -> Result<Self, Error> {
        refuse_full(target)?;
        let shelter = tempfile::Builder::new().prefix(".tator-export-").suffix(".zip").tempfile_in(parent(target));
        let shelter = shelter.map_err(Error::io(format!("writing beside {}", target.display())))?;
        let archive = ZipWriter::new(BufWriter::new(shelter)).set_auto_large_file();
        Ok(Self { target: target.to_owned(), archive, written: Names::default() })
    }
}

impl Output for ZipOutput {
    fn file(&mut self, path: &str, write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
        self.written.add(path)?;
        begin_entry(&mut self.archive, path)?;
        write(&mut self.archive)
    }

    /// Small archives made side by side, then joined in order; their sizes are fixed, so the bytes are too.
    fn files(&mut self, files: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        files.iter().try_for_each(|(path, _)| self.written.add(path))?;
        let packed = files.par_chunks(PACKED).map(packed).collect::<Result<Vec<_>, _>>()?;
        let joined = packed.into_iter().try_for_each(|part| self.archive.merge_archive(part));
        joined.map_err(|e| Error::io(format!("writing {}", self.target.display()))(e.into()))
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        let told = format!("finishing {}", self.target.display());
        let buffer = self.archive.finish().map_err(|e| Error::io(told.clone())(e.into()))?;
        let file = buffer.into_inner().map_err(|e| Error::io(told.clone())(e.into_error()))?;
        file.as_file().sync_all().map_err(Error::io(told.clone()))?;
        open_rights(file.as_file()).map_err(Error::io(told.clone()))?;
        file.persist_noclobber(&self.target).map_err(|e| Error::io(told.clone())(e.error))?;
        sync_folder(parent(&self.target)).map_err(Error::io(told))
    }
}

/// Files that are compressed together.
const PACKED: usize = 128;

fn begin_entry<W: Write + io::Seek>(archive: &mut ZipWriter<W>, path: &str) -> Result<(), Error> {
    // Pictures are compressed already; the time is the first that a zip can hold, 1980-01-01.
    let method = if is_picture(path) { CompressionMethod::Stored } else { CompressionMethod::Deflated };
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(0o644);
    archive.start_file(path, options).map_err(|e| Error::io(format!("writing {path}"))(e.into()))
}

/// An archive of these files in memory.
fn packed(files: &[(String, Vec<u8>)]) -> Result<ZipArchive<Cursor<Vec<u8>>>, Error> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        begin_entry(&mut archive, path)?;
        archive.write_all(bytes).map_err(Error::io(format!("writing {path}")))?;
    }
    archive.finish_into_readable().map_err(|e| Error::io("compressing labels")(e.into()))
}

/// Paths that were written, so that none is written twice.
#[derive(Debug, Default)]
struct Names(HashSet<String>);

impl Names {
    fn add(&mut self, path: &str) -> Result<(), Error> {
        if let Some(why) = name_fault(path) {
            return Err(Error::invalid(path, format!("{why}; rename the image before the export")));
        }
        if self.0.insert(path.to_owned()) {
            return Ok(());
        }
        Err(Error::Conflict(format!("{path} would be written twice")))
    }
}

fn copy(from: &mut dyn Read, to: &mut dyn Write, path: &str) -> Result<(), Error> {
    io::copy(from, to).map(drop).map_err(Error::io(format!("copying {path}")))
}

fn refuse_full(target: &Path) -> Result<(), Error> {
    let is_free = match fs::read_dir(target) {
        Ok(mut inside) => inside.next().is_none() && target.extension().is_none_or(|e| e != "zip"),
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    };
    if is_free {
        return Ok(());
    }
    Err(Error::Conflict(format!("{} exists; choose another place or remove it first", target.display())))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// One call for the whole file system: a label set has a hundred thousand files, and syncing each takes minutes.
#[cfg(target_os = "linux")]
fn sync_tree(root: &Path) -> io::Result<()> {
    rustix::fs::syncfs(File::open(root)?).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn sync_tree(root: &Path) -> io::Result<()> {
    for found in walkdir::WalkDir::new(root) {
        let found = found?;
        if found.file_type().is_file() {
            File::open(found.path())?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// A temporary file is private (0600); an export is an ordinary file.
#[cfg(unix)]
fn open_rights(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_rights(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    fn put(out: &mut dyn Output, path: &str, text: &str) -> Result<(), Error> {
        out.file(path, &mut |w| w.write_all(text.as_bytes()).map_err(Error::io("test")))
    }

    #[test]
    fn a_folder_appears_whole_when_it_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let mut out = create(&target).unwrap();
        put(out.as_mut(), "labels/train/a.txt", "0 1\n").unwrap();
        assert!(!target.exists());
        out.finish().unwrap();
        assert_eq!(fs::read_to_string(target.join("labels/train/a.txt")).unwrap(), "0 1\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_output_that_is_dropped_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["out", "out.zip"] {
            let mut out = create(&dir.path().join(name)).unwrap();
            put(out.as_mut(), "a", "x").unwrap();
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_exists_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), "mine").unwrap();
        assert!(matches!(create(dir.path()), Err(Error::Conflict(_))));
        fs::write(dir.path().join("a.zip"), "mine").unwrap();
        assert!(matches!(create(&dir.path().join("a.zip")), Err(Error::Conflict(_))));
    }

    #[test]
    fn a_path_is_written_once_and_stays_inside() {
        let dir = tempfile::tempdir().unwrap();
        let mut out = create(&dir.path().join("out")).unwrap();
        put(out.as_mut(), "a", "1").unwrap();
        assert!(put(out.as_mut(), "a", "2").is_err());
        assert!(put(out.as_mut(), "../b", "2").is_err());
    }

    #[test]
    fn the_same_files_give_the_same_archive() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = |name: &str| {
            let path = dir.path().join(name);
            let mut out = create(&path).unwrap();
            put(out.as_mut(), "images/a.jpg", "not a picture").unwrap();
            put(out.as_mut(), "labels/é.txt", &"0 0.5\n".repeat(100)).unwrap();
            out.files((0..300).map(|n| (format!("labels/{n}.txt"), format!("{n} 0.5\n").into_bytes())).collect())
                .unwrap();
            assert!(out.files(vec![("labels/7.txt".into(), Vec::new())]).is_err());
            out.finish().unwrap();
            fs::read(path).unwrap()
        };
        assert_eq!(bytes("one.zip"), bytes("two.zip"));
        let source = Source::at(&dir.path().join("one.zip")).unwrap();
        assert_eq!(source.read_text("labels/é.txt", 10_000).unwrap(), "0 0.5\n".repeat(100));
        assert_eq!(source.read_text("labels/299.txt", 10_000).unwrap(), "299 0.5\n");
        assert_eq!(source.entries().len(), 302);
    }

    #[test]
    fn a_picture_is_linked_or_copied() {
        let dir = tempfile::tempdir().unwrap();
        let original = dir.path().join("a.jpg");
        fs::write(&original, "pixels").unwrap();
        let target = dir.path().join("out");
        let mut out = create(&target).unwrap();
        out.place("linked.jpg", &original, true).unwrap();
        out.place("copied.jpg", &original, false).unwrap();
        out.finish().unwrap();
        assert_eq!(fs::read(target.join("linked.jpg")).unwrap(), b"pixels");
        assert_eq!(fs::read(target.join("copied.jpg")).unwrap(), b"pixels");
    }
}
