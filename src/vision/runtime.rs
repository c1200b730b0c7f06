//! ONNX Runtime, loaded once, and what it computes on.
//!
//! The library is looked for at `ORT_DYLIB_PATH` (now, or when the program was built), beside the program, and where the
//! system has its libraries. CUDA is used when `libonnxruntime_providers_cuda.so` lies beside it and a GPU answers.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use ort::environment::Environment;
use serde::{Deserialize, Serialize};

use crate::model_error::ModelError;

/// Version the project is tested with.
pub const WANTED: &str = "1.31.1";

const LIBRARY: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The processor.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
}

impl Provider {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Cuda => "CUDA",
        }
    }
}

/// What is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderWish {
    /// A GPU when there is one.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU; falling back from it is said aloud.
    Cuda,
}

/// Where networks are opened.
pub(crate) struct Runtime {
    pub(crate) environment: Environment,
    library: PathBuf,
}

static RUNTIME: LazyLock<Result<Runtime, ModelError>> = LazyLock::new(load);
static NOTICE: Mutex<Option<String>> = Mutex::new(None);

impl Runtime {
    /// The one runtime of this process.
    pub(crate) fn get() -> Result<&'static Self, ModelError> {
        RUNTIME.as_ref().map_err(Clone::clone)
    }

    /// A GPU build of the library is at hand.
    pub(crate) fn may_use_cuda(&self) -> bool {
        let name = LIBRARY.replace("onnxruntime.", "onnxruntime_providers_cuda.");
        self.library.parent().is_some_and(|folder| folder.join(name).exists())
    }
}

/// The library that is loaded, or why none is.
///
/// # Errors
/// [`ModelError::NoRuntime`].
pub fn runtime_library() -> Result<&'static Path, ModelError> {
    Ok(&Runtime::get()?.library)
}

/// What computes models on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuntimeReport {
    /// Version the project is tested with.
    pub wanted: &'static str,
    /// The library that is loaded.
    pub library: Option<PathBuf>,
    /// Why none is.
    pub problem: Option<String>,
    /// The library can compute on an NVIDIA GPU; whether there is one shows when a model is opened.
    pub cuda: bool,
    /// How it stands with CUDA, in words.
    pub cuda_words: String,
}

/// The runtime, and why CUDA is or is not used.
#[must_use]
pub fn runtime_report() -> RuntimeReport {
    let (library, problem, cuda) = match Runtime::get() {
        Ok(runtime) => (Some(&runtime.library), None, runtime.may_use_cuda()),
        Err(error) => (None, Some(error.to_string()), false),
    };
    let cuda_words = match (provider_notice(), cuda) {
        (Some(notice), _) => notice,
        (None, true) => "the library can use CUDA; a model that is opened says whether it does".to_owned(),
        (None, false) => {
            "not used: this ONNX Runtime is built for the CPU (the package onnxruntime-gpu has CUDA)".to_owned()
        }
    };
    // The link's target carries the version in its name.
    let library = library.map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
    RuntimeReport { wanted: WANTED, library, problem, cuda, cuda_words }
}

/// What a person should know about the provider: that a GPU was there or wished for and is not used.
#[must_use]
pub fn provider_notice() -> Option<String> {
    NOTICE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

pub(crate) fn note_fallback(reason: &str) {
    let text = format!("CUDA could not be used, models run on the CPU: {reason}");
    tracing::warn!("{text}");
    *NOTICE.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

fn load() -> Result<Runtime, ModelError> {
    let mut reasons = Vec::new();
    for library in candidates() {
        let named_only = library.parent() == Some(Path::new(""));
        if !named_only && !library.is_file() {
            reasons.push(format!("{} is not there", library.display()));
            continue;
        }
        let built = ort::init_from(&library)
            .map_err(|e| e.to_string())
            .and_then(|builder| builder.with_name("tator").with_telemetry(false).build().map_err(|e| e.to_string()));
        match built {
            Ok(environment) => return Ok(Runtime { environment, library }),
            Err(reason) => reasons.push(format!("{}: {reason}", library.display())),
        }
    }
    Err(ModelError::NoRuntime { reason: reasons.join("; ") })
}

fn candidates() -> Vec<PathBuf> {
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH") {
        return vec![path.into()];
    }
    let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(LIBRARY)));
    beside.into_iter().chain(option_env!("ORT_DYLIB_PATH").map(PathBuf::from)).chain([PathBuf::from(LIBRARY)]).collect()
}
