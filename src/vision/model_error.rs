//! What can be wrong with a model or the runtime, in words for the person who wanted its help.

use std::path::PathBuf;

/// Trouble with a model.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// ONNX Runtime could not be loaded.
    #[error(
        "ONNX Runtime cannot be loaded ({reason}); run `make setup`, or set ORT_DYLIB_PATH to libonnxruntime {version}",
        version = crate::runtime::WANTED
    )]
    NoRuntime {
        /// What the loader said.
        reason: String,
    },
    /// A file could not be opened as a network.
    #[error("{} cannot be opened as a model: {reason}", file.display())]
    NotOpened {
        /// The file.
        file: PathBuf,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// A network's inputs and outputs are not those of its family.
    #[error("{family} does not fit: {expected}; the file has {found}")]
    Contract {
        /// Family that the manifest names.
        family: String,
        /// What the family needs.
        expected: String,
        /// Names in the file.
        found: String,
    },
    /// A tensor came back with an impossible shape.
    #[error("the model gave {what} of shape {shape:?}")]
    Shape {
        /// Which tensor.
        what: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// What was asked cannot be done.
    #[error("{0}")]
    Options(String),
    /// Numbers came back that are none.
    #[error("the model {model} gave scores or boxes that are not numbers; a 16-bit file may overflow on this device")]
    NotNumbers {
        /// Which.
        model: String,
    },
    /// A detector gave a class that it has no name for.
    #[error("the model gave class {class}, but it has {named} class names: correct `classes` in model.toml")]
    UnknownClass {
        /// What it gave.
        class: i64,
        /// How many names there are.
        named: usize,
    },
    /// The model failed while running.
    #[error("the model {model} failed: {reason}")]
    Failed {
        /// Which.
        model: String,
        /// What ONNX Runtime said.
        reason: String,
    },
    /// Stopped on request: something newer is wanted.
    #[error("stopped: something newer was asked for")]
    Stopped,
    /// A manifest says something that cannot be.
    #[error("model.toml: {0}")]
    Manifest(String),
    /// The prompt is one that this family does not take.
    #[error("{family} takes no {what}")]
    Prompt {
        /// Family of the model.
        family: &'static str,
        /// What it was given.
        what: &'static str,
    },
}
