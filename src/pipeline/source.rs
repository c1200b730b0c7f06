//! Where an import reads from: a folder, an archive, or a folder of labels beside a folder of pictures.

use std::io::Read;

use crate::error::Error;

/// A tree of files that is only read. Names are relative, with `/`, checked and sorted.
#[derive(Debug)]
pub struct Source {}

/// One file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative path with `/`.
    pub path: String,
    /// Size in bytes, uncompressed.
    pub bytes: u64,
}

impl Source {
    /// All files, sorted by path.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &[]
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it does not exist or breaks a limit.
    pub fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, Error> {
        Err(Error::NotFound(path.to_owned()))
    }
}
