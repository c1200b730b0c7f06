//! What can go wrong in the study.

use std::ops::Range;

/// Why a computation gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The numbers or options that came in make no sense together.
    #[error("{what}: {why}")]
    Invalid {
        /// The input in question.
        what: &'static str,
        /// What is wrong with it and what would do.
        why: String,
    },
    /// The watcher asked to stop.
    #[error("stopped before the end, nothing was kept")]
    Stopped,
    /// The owner of the vectors could not hand some of them over.
    #[error("vectors {} to {} cannot be read: {source}", range.start, range.end)]
    Unreadable {
        /// The rows that were asked for.
        range: Range<usize>,
        /// What the owner says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of a trained head is damaged or is none.
    #[error("this is no usable head file: {0}; train the head again or fetch the file anew")]
    Artefact(String),
}

impl Error {
    pub(crate) fn invalid(what: &'static str, why: impl Into<String>) -> Error {
        Error::Invalid { what, why: why.into() }
    }
}

/// Hears `(done, total)` now and then; its `false` stops the work.
pub type Watch<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// Tells the watcher how far we are.
pub(crate) fn report(watch: Watch<'_>, done: usize, total: usize) -> Result<(), Error> {
    if watch(done, total) { Ok(()) } else { Err(Error::Stopped) }
}
