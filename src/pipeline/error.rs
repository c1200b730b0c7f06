//! What can go wrong in a stage: four kinds that the web turns into statuses, and cancelling.

/// Trouble in a stage.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing that was asked for does not exist.
    #[error("{0} was not found")]
    NotFound(String),
    /// The request makes no sense; `message` says what to do.
    #[error("{field}: {message}")]
    Invalid {
        /// What is wrong.
        field: String,
        /// Why, and what would be right.
        message: String,
    },
    /// Something else was changed or held meanwhile.
    #[error("{0}")]
    Conflict(String),
    /// The person gave up waiting.
    #[error("cancelled")]
    Cancelled,
    /// A file or folder could not be used.
    #[error("{what}: {source}")]
    Io {
        /// Which file, and what was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The tables could not be used.
    #[error(transparent)]
    Store(#[from] tator_store::Error),
}

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// Adds what was tried to an I/O error: `.map_err(Error::io("reading labels/a.txt"))`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
