//! What can go wrong in a stage: four kinds that the web turns into statuses, and cancelling.

use tator_domain::RunName;

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
    /// A calibration that is not better than what there is, and nobody said to apply it all the same.
    #[error("{calibration} is not promoted: {why}")]
    NotPromoted {
        /// The calibration.
        calibration: RunName,
        /// What it was not better than.
        why: String,
    },
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
    /// There is no model for what was asked.
    #[error("there is no model that can {task}; `tator models list` shows what can be had", task = .0.name())]
    NoModel(tator_vision::Task),
    /// A model or the runtime refused.
    #[error(transparent)]
    Model(tator_vision::ModelError),
    /// A model's work on an image came to nothing.
    #[error("{0}")]
    ModelFailed(String),
    /// The model ran, and has nothing to say.
    #[error("{message}")]
    NoAnswer {
        /// Stable word for programs.
        code: &'static str,
        /// What was not found.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// Something newer was asked for by the same tab.
    #[error("something newer was asked for")]
    Superseded,
    /// The tables could not be used.
    #[error(transparent)]
    Store(#[from] tator_store::Error),
}

impl From<tator_vision::ModelError> for Error {
    fn from(error: tator_vision::ModelError) -> Self {
        match error {
            tator_vision::ModelError::Stopped => Self::Superseded,
            other => Self::Model(other),
        }
    }
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
