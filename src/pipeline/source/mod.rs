//! Where an import reads from: a folder, an archive, one file, or labels beside a separate folder of pictures.
//!
//! Nothing is unpacked to disk. Names are checked once, when the source is opened; every byte of an archive is
//! counted while it is inflated, whatever its headers promise.

mod archive;
mod entry_names;
mod folder;
mod limits;
#[cfg(test)]
mod memory;
mod ordered;
mod pictures;
mod region;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::Error;

pub use entry_names::composed;
pub(crate) use entry_names::{fault as name_fault, folded};
pub use limits::Limits;
pub use ordered::in_order;
pub(crate) use pictures::reason;
pub use pictures::{Picture, is_picture};

/// A tree of files that is only read. Names are relative, with `/`, checked and sorted.
#[derive(Debug)]
pub struct Source {
    name: String,
    entries: Vec<Entry>,
    /// Which tree holds the entry, and its number there.
    places: Vec<(usize, usize)>,
    trees: Vec<Box<dyn Tree>>,
    left_out: Vec<(String, String)>,
    zipped: bool,
}

/// One file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative path with `/`.
    pub path: String,
    /// Size in bytes, uncompressed.
    pub bytes: u64,
}

/// Files that somebody found, before they are sorted.
struct Listing {
    tree: Box<dyn Tree>,
    entries: Vec<Entry>,
    left_out: Vec<(String, String)>,
}

/// The bytes behind the entries of one root.
trait Tree: std::fmt::Debug + Send + Sync {
    /// Opens the file with that number.
    fn open(&self, number: usize, entry: &Entry) -> Result<Box<dyn Read + Send + '_>, Error>;
    /// Where that file lies on disk, if it does.
    fn disk_path(&self, _number: usize, _entry: &Entry) -> Option<PathBuf> {
        None
    }
}

impl Source {
    /// Opens a folder, a `.zip`, or a single file such as a COCO JSON.
    ///
    /// # Errors
    /// When it cannot be read, or an archive breaks a limit of [`Limits`]; the message names the entry.
    pub fn at(path: &Path) -> Result<Self, Error> {
        Self::at_with_limits(path, &Limits::default())
    }

    /// [`Source::at`] with other limits for archives.
    ///
    /// # Errors
    /// As [`Source::at`].
    pub fn at_with_limits(path: &Path, limits: &Limits) -> Result<Self, Error> {
        let listing = list(path, limits)?;
        Ok(Self::assemble(name_of(path), is_zip(path), vec![(listing, Part::Everything)]))
    }

    /// Labels from one place, pictures from another: of `labels` everything but pictures, of `images` only pictures,
    /// each by its path below its own root.
    ///
    /// # Errors
    /// As [`Source::at`], for either.
    pub fn with_images(labels: &Path, images: &Path) -> Result<Self, Error> {
        let limits = Limits::default();
        let parts = vec![(list(labels, &limits)?, Part::NotPictures), (list(images, &limits)?, Part::Pictures)];
        Ok(Self::assemble(name_of(labels), is_zip(labels), parts))
    }

    fn assemble(name: String, zipped: bool, parts: Vec<(Listing, Part)>) -> Self {
        let mut source =
            Self { name, entries: Vec::new(), places: Vec::new(), trees: Vec::new(), left_out: Vec::new(), zipped };
        let mut found = Vec::new();
        for (number, (listing, part)) in parts.into_iter().enumerate() {
            let kept = listing.entries.into_iter().enumerate().filter(|(_, e)| part.takes(&e.path));
            found.extend(kept.map(|(index, entry)| (entry, (number, index))));
            source.trees.push(listing.tree);
            source.left_out.extend(listing.left_out);
        }
        found.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        (source.entries, source.places) = found.into_iter().unzip();
        source
    }

    /// Name of the folder or file, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it was opened from a `.zip`, so that a linked dataset cannot be made of it.
    #[must_use]
    pub fn is_archive(&self) -> bool {
        self.zipped
    }

    /// All files, sorted by path.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The files that look like pictures by their extension, sorted by path.
    pub fn images(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| is_picture(&e.path))
    }

    /// What was seen but is not part of the source (links, names that are not UTF-8): item and reason.
    #[must_use]
    pub fn left_out(&self) -> &[(String, String)] {
        &self.left_out
    }

    /// The entry of exactly that path.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.position(path).map(|i| &self.entries[i])
    }

    /// Opens a file for reading; several threads may do so at once.
    ///
    /// # Errors
    /// When it does not exist or breaks a limit.
    pub fn open(&self, path: &str) -> Result<Box<dyn Read + Send + '_>, Error> {
        let index = self.position(path).ok_or_else(|| Error::NotFound(format!("{path} in {}", self.name)))?;
        let (tree, number) = self.places[index];
        self.trees[tree].open(number, &self.entries[index])
    }

    /// Reads a whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// When it does not exist, is larger, or breaks.
    pub fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut reader = self.open(path)?.take(limit.saturating_add(1));
        reader.read_to_end(&mut bytes).map_err(Error::io(format!("reading {path}")))?;
        if bytes.len() as u64 > limit {
            return Err(Error::invalid(path, format!("is larger than the {limit} bytes such a file may have")));
        }
        Ok(bytes)
    }

    /// Reads a whole text file of at most `limit` bytes; a byte order mark is taken off.
    ///
    /// # Errors
    /// As [`Source::read`], and when it is not UTF-8.
    pub fn read_text(&self, path: &str, limit: u64) -> Result<String, Error> {
        let text = String::from_utf8(self.read(path, limit)?)
            .map_err(|_| Error::invalid(path, "is not UTF-8 text; save it as UTF-8 and import again"))?;
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// Where a file lies on disk; `None` inside an archive.
    #[must_use]
    pub fn disk_path(&self, path: &str) -> Option<PathBuf> {
        let index = self.position(path)?;
        let (tree, number) = self.places[index];
        self.trees[tree].disk_path(number, &self.entries[index])
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|e| e.path.as_str().cmp(path)).ok()
    }

    /// A source in memory.
    #[cfg(test)]
    pub(crate) fn of_files<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect();
        Self::assemble("memory".to_owned(), false, vec![(memory::list(files), Part::Everything)])
    }
}

/// What a root contributes to a source.
#[derive(Debug, Clone, Copy)]
enum Part {
    Everything,
    Pictures,
    NotPictures,
}

impl Part {
    fn takes(self, path: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Pictures => is_picture(path),
            Self::NotPictures => !is_picture(path),
        }
    }
}

fn list(path: &Path, limits: &Limits) -> Result<Listing, Error> {
    let about = path.metadata().map_err(Error::io(format!("opening {}", path.display())))?;
    if about.is_dir() {
        return folder::list(path);
    }
    if is_zip(path) {
        return archive::list(path, limits);
    }
    folder::list_file(path, about.len())
}

fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip"))
}

fn name_of(path: &Path) -> String {
    let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    resolved.file_name().unwrap_or(resolved.as_os_str()).to_string_lossy().into_owned()
}
