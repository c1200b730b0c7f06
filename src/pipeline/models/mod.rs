//! The models at hand: folders with a `model.toml`, in the workspace and on the shelf that all workspaces share.
//!
//! `workspace/models/<name>/` comes first, then the folders of `TATOR_MODELS` (separated like `PATH`), then
//! `$XDG_CACHE_HOME/tator/models`, where `make setup` puts the demo's. A model of the workspace hides one of the same
//! name on the shelf. Files are checked against their hashes when they are added or pulled and by `verify`; a file of
//! another length than the manifest says is never opened.

mod add;
mod catalogue;
mod fetch;
mod pull;
mod shelf;
mod status;
mod verify;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tator_vision::{Manifest, OpenOptions, Parts, Task, family};

pub use add::{AddRequest, Added};
pub use catalogue::{Archive, Entry, EntryFile, catalogue};
pub use pull::PullRequest;
pub(crate) use pull::pull;
pub(crate) use status::Tried;
pub use status::{FileInfo, ModelInfo, ModelsStatus};
pub use tator_vision::{Acceptance, ProviderWish, RuntimeReport, provider_notice};
pub(crate) use verify::{VerifyRequest, verify};

use crate::error::Error;

/// A model that is at hand.
#[derive(Debug, Clone, Serialize)]
pub struct Model {
    /// What it is.
    pub manifest: Manifest,
    /// Where it lies.
    pub folder: PathBuf,
    /// It is in this workspace, not on the shelf all share.
    pub own: bool,
    /// Why it cannot be used, when it cannot.
    pub problem: Option<String>,
}

impl Model {
    /// Its name on pages.
    #[must_use]
    pub fn title(&self) -> &str {
        self.manifest.title.as_deref().unwrap_or(&self.manifest.name)
    }

    /// It is an encoder that takes words too.
    #[must_use]
    pub fn has_words(&self) -> bool {
        self.manifest.task == Task::Embed && tator_vision::has_text_tower(&self.manifest) && self.problem.is_none()
    }

    /// Bytes of its files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.manifest.files.values().map(|file| file.size).sum()
    }

    /// As the adapters open it.
    pub(crate) fn parts(&self, options: OpenOptions) -> Parts<'_> {
        Parts { manifest: &self.manifest, folder: &self.folder, options }
    }

    /// Reads every file and compares its hash; `tell` hears how many bytes of how many are read.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the first file that is not the one of the manifest.
    pub fn verify(&self, mut tell: impl FnMut(u64, u64)) -> Result<(), Error> {
        let total = self.bytes();
        let mut done = 0;
        for file in self.manifest.files.values() {
            let found = hash_file(&self.folder.join(&file.path), |n| {
                done += n;
                tell(done, total);
            })?;
            if found != file.sha256 {
                let name = &self.manifest.name;
                let text =
                    format!("its sha256 is {found}, the manifest says {}: pull or add the model again", file.sha256);
                return Err(Error::invalid(format!("{name}/{}", file.path), text));
            }
        }
        Ok(())
    }
}

/// The places where models lie, best first, each with whether it is the workspace's own.
#[derive(Debug, Clone)]
pub(crate) struct Shelves {
    folders: Vec<(PathBuf, bool)>,
}

impl Shelves {
    /// The workspace's own and the shared ones.
    pub fn new(workspace: &Path) -> Self {
        let own = workspace.join("models");
        let given = std::env::var_os("TATOR_MODELS");
        let given = given.iter().flat_map(std::env::split_paths).filter(|path| !path.as_os_str().is_empty());
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        let shared = given.chain(cache.map(|cache| cache.join("tator").join("models")));
        Self { folders: std::iter::once((own, true)).chain(shared.map(|folder| (folder, false))).collect() }
    }

    /// The workspace's own folder.
    pub fn own(&self) -> &Path {
        &self.folders[0].0
    }

    /// Every model, by name; those that cannot be used say why.
    pub fn list(&self) -> Vec<Model> {
        let mut models: Vec<Model> = Vec::new();
        for (folder, own) in &self.folders {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
            for model in entries.filter_map(|path| read_model(&path, *own)) {
                if models.iter().all(|other| other.manifest.name != model.manifest.name) {
                    models.push(model);
                }
            }
        }
        models.sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
        models
    }

    /// The model of a name.
    pub fn find(&self, name: &str) -> Result<Model, Error> {
        let found = self.list().into_iter().find(|model| model.manifest.name == name);
        found.ok_or_else(|| Error::NotFound(format!("model {name}")))
    }

    /// The model for a task: the one of that name, or the usable one its manifest prefers most.
    pub fn choose(&self, task: Task, name: Option<&str>) -> Result<Model, Error> {
        if let Some(name) = name {
            let model = self.find(name)?;
            if model.manifest.task != task {
                return Err(Error::invalid(
                    "model",
                    format!("{name} is there to {}, not to {}", model.manifest.task.name(), task.name()),
                ));
            }
            return match &model.problem {
                Some(problem) => Err(Error::invalid("model", format!("{name} cannot be used: {problem}"))),
                None => Ok(model),
            };
        }
        let usable = self.list().into_iter().filter(|model| model.manifest.task == task && model.problem.is_none());
        usable.max_by_key(|model| model.manifest.prefer.unwrap_or(0)).ok_or(Error::NoModel(task))
    }
}

/// The model in a folder, if there is a manifest in it.
pub(crate) fn read_model(folder: &Path, own: bool) -> Option<Model> {
    let text = fs::read_to_string(folder.join("model.toml")).ok()?;
    match Manifest::parse(&text) {
        Ok(manifest) => {
            let problem = find_problem(&manifest, folder);
            Some(Model { manifest, folder: folder.to_owned(), own, problem })
        }
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "a model is left out");
            None
        }
    }
}

fn find_problem(manifest: &Manifest, folder: &Path) -> Option<String> {
    for file in manifest.files.values() {
        match fs::metadata(folder.join(&file.path)) {
            Err(_) => return Some(format!("{} is missing", file.path)),
            Ok(found) if found.len() != file.size => {
                return Some(format!("{} has {} bytes, the manifest says {}", file.path, found.len(), file.size));
            }
            Ok(_) => {}
        }
    }
    let known = family(&manifest.family);
    match known {
        None if matches!(manifest.task, Task::Segment | Task::Embed) => {
            Some(format!("there is no adapter for family {:?}", manifest.family))
        }
        Some(family) => {
            let missing =
                family.parts.iter().find(|part| !part.starts_with('?') && !manifest.files.contains_key(**part));
            missing.map(|part| format!("family {} needs [files.{part}]", family.name))
        }
        None => None,
    }
}

/// Opens a model and looks whether it does what its family promises.
pub(crate) fn try_model(manifest: &Manifest, folder: &Path, provider: ProviderWish) -> Result<Acceptance, Error> {
    let options = OpenOptions { provider, ..OpenOptions::default() };
    tator_vision::accept(&Parts { manifest, folder, options }).map_err(|error| match error {
        tator_vision::ModelError::NotOpened { .. } | tator_vision::ModelError::NoRuntime { .. } => error.into(),
        broken => Error::invalid("model", broken.to_string()),
    })
}

/// SHA-256 of a file in hexadecimal digits; `tell` hears of every piece.
pub(crate) fn hash_file(path: &Path, mut tell: impl FnMut(u64)) -> Result<String, Error> {
    let reading = || Error::io(format!("reading {}", path.display()));
    let mut file = fs::File::open(path).map_err(reading())?;
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let n = file.read(&mut piece).map_err(reading())?;
        if n == 0 {
            break;
        }
        hasher.update(&piece[..n]);
        tell(n as u64);
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
