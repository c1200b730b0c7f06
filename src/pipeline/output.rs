//! Where an export writes to: a folder or an archive that appears whole or not at all.

use std::io::Write;

use crate::error::Error;

/// Takes files by relative path with `/`.
pub trait Output {
    /// Begins a file; it is complete when `write` returns.
    ///
    /// # Errors
    /// When the disk refuses, or the path was written before.
    fn file(&mut self, path: &str, write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error>;
}
