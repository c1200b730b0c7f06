//! The models as a person sees them: what is at hand, what can be fetched, and what computes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tator_vision::{Acceptance, RuntimeReport, Task, runtime_report};

use super::catalogue::{Entry, catalogue};
use super::{Model, try_model};
use crate::error::Error;
use crate::workbench::Workbench;

/// Everything about models at once.
#[derive(Debug, Clone, Serialize)]
pub struct ModelsStatus {
    /// Models at hand, by name.
    pub models: Vec<ModelInfo>,
    /// Models that can be fetched.
    pub catalogue: &'static [Entry],
    /// What computes.
    pub runtime: RuntimeReport,
}

/// A model at hand.
#[derive(Debug, Clone, Serialize)]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is for.
    pub task: &'static str,
    /// Its adapter.
    pub family: String,
    /// Licence of the weights.
    pub licence: String,
    /// Where they come from.
    pub source: String,
    /// What the licence wants said.
    pub credit: Option<String>,
    /// What people should know.
    pub notes: Option<String>,
    /// Bytes of its files.
    pub bytes: u64,
    /// Its files.
    pub files: Vec<FileInfo>,
    /// Stands for all files' bytes.
    pub fingerprint: String,
    /// Where it lies.
    pub folder: PathBuf,
    /// It is in this workspace, not on the shelf all share.
    pub own: bool,
    /// The one of its task that is used.
    pub active: bool,
    /// What computes it, when it is open.
    pub provider: Option<&'static str>,
    /// How long opening took.
    pub load_ms: Option<f64>,
    /// What trying it showed, since the program was started.
    pub tried: Option<Acceptance>,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// A file of a model.
#[derive(Debug, Clone, Serialize)]
pub struct FileInfo {
    /// What it is in the model.
    pub part: String,
    /// Its name.
    pub path: String,
    /// Its hash.
    pub sha256: String,
    /// Its length.
    pub size: u64,
}

/// What trying models showed; forgotten when the program ends, because another day it may be another machine.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    found: Mutex<BTreeMap<String, Acceptance>>,
}

impl Tried {
    pub fn note(&self, model: &str, found: Acceptance) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned(), found);
    }

    fn get(&self, model: &str) -> Option<Acceptance> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).get(model).cloned()
    }
}

impl Workbench {
    /// Models at hand and those that can be had.
    #[must_use]
    pub fn models_status(&self) -> ModelsStatus {
        let shared = &self.open.assist.shared;
        let settings = shared.settings();
        let active = |task, name: Option<&String>| {
            shared.shelves.choose(task, name.map(String::as_str)).ok().map(|model| model.manifest.name)
        };
        let active =
            [active(Task::Segment, settings.segmenter.as_ref()), active(Task::Embed, settings.embedder.as_ref())];
        let open = shared.engines.list();
        let told = |model: Model| {
            let name = model.manifest.name.clone();
            let opened = open.iter().find(|(other, ..)| *other == name);
            let mut info = info(model);
            info.active = active.iter().flatten().any(|chosen| *chosen == name);
            info.provider = opened.map(|(_, provider, _)| *provider);
            info.load_ms = opened.map(|(.., ms)| *ms);
            info.tried = shared.tried.get(&name);
            info
        };
        let models = shared.shelves.list().into_iter().map(told).collect();
        ModelsStatus { models, catalogue: catalogue(), runtime: runtime_report() }
    }

    /// What computes the models that are open now; `None` while none is.
    #[must_use]
    pub fn provider_in_use(&self) -> Option<&'static str> {
        self.open.assist.shared.engines.provider()
    }

    /// Opens a model anew, tries it on made-up pictures, and tells how long everything took.
    ///
    /// # Errors
    /// [`Error::NotFound`]; what goes wrong.
    pub fn measure_model(&self, name: &str) -> Result<Acceptance, Error> {
        let shared = &self.open.assist.shared;
        let model = shared.shelves.find(name)?;
        if let Some(problem) = &model.problem {
            return Err(Error::invalid("model", format!("{name} cannot be used: {problem}")));
        }
        let found = try_model(&model.manifest, &model.folder, shared.settings().provider)?;
        shared.tried.note(name, found.clone());
        Ok(found)
    }
}

fn info(model: Model) -> ModelInfo {
    let (title, bytes, fingerprint) = (model.title().to_owned(), model.bytes(), model.manifest.fingerprint());
    let manifest = model.manifest;
    let files = manifest.files.into_iter().map(|(part, file)| FileInfo {
        part,
        path: file.path,
        sha256: file.sha256,
        size: file.size,
    });
    ModelInfo {
        files: files.collect(),
        name: manifest.name,
        title,
        task: manifest.task.name(),
        family: manifest.family,
        licence: manifest.licence,
        source: manifest.source,
        credit: manifest.credit,
        notes: manifest.notes,
        bytes,
        fingerprint,
        folder: model.folder,
        own: model.own,
        active: false,
        provider: None,
        load_ms: None,
        tried: None,
        problem: model.problem,
    }
}
