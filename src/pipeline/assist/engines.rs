//! The models that are open: at most one of each task, opened when first needed.

use std::sync::{Arc, Mutex, PoisonError};

use tator_vision::{Embedder, OpenOptions, Segmenter, Task, open_embedder, open_segmenter};

use super::settings::AssistSettings;
use crate::error::Error;
use crate::models::{Model, Shelves};

/// An open model of one task.
struct Open<E: ?Sized> {
    model: Model,
    engine: Arc<E>,
}

/// What is open.
#[derive(Default)]
pub(crate) struct Engines {
    segmenter: Mutex<Option<Open<dyn Segmenter>>>,
    embedder: Mutex<Option<Open<dyn Embedder>>>,
}

impl Engines {
    /// The segmenter of that name, or the preferred one.
    pub fn segmenter(
        &self,
        shelves: &Shelves,
        settings: &AssistSettings,
        name: Option<&str>,
    ) -> Result<(Model, Arc<dyn Segmenter>), Error> {
        let open = |model: &Model, options| Ok(Arc::from(open_segmenter(&model.parts(options))?));
        get(&self.segmenter, shelves, settings, (Task::Segment, name), open)
    }

    /// The image encoder of the settings, or the preferred one.
    pub fn embedder(&self, shelves: &Shelves, settings: &AssistSettings) -> Result<(Model, Arc<dyn Embedder>), Error> {
        let open = |model: &Model, options| Ok(Arc::from(open_embedder(&model.parts(options))?));
        get(&self.embedder, shelves, settings, (Task::Embed, settings.embedder.as_deref()), open)
    }

    /// Closes all; whoever uses one ends with it.
    pub fn close(&self) {
        *lock(&self.segmenter) = None;
        *lock(&self.embedder) = None;
    }

    /// Names of the open models with provider and loading time.
    pub fn list(&self) -> Vec<(String, &'static str, f64)> {
        let segmenter = lock(&self.segmenter)
            .as_ref()
            .map(|open| (open.model.manifest.name.clone(), open.engine.provider().name(), open.engine.load_ms()));
        let embedder = lock(&self.embedder)
            .as_ref()
            .map(|open| (open.model.manifest.name.clone(), open.engine.provider().name(), open.engine.load_ms()));
        segmenter.into_iter().chain(embedder).collect()
    }
}

/// The open model if it is the wished one, else that one, opened. Others wait meanwhile: they want the same.
fn get<E: ?Sized>(
    place: &Mutex<Option<Open<E>>>,
    shelves: &Shelves,
    settings: &AssistSettings,
    (task, name): (Task, Option<&str>),
    open: impl Fn(&Model, OpenOptions) -> Result<Arc<E>, Error>,
) -> Result<(Model, Arc<E>), Error> {
    let mut held = lock(place);
    // A click must not read manifests: without a name the open one serves until the settings change.
    if let Some(ready) = held.as_ref().filter(|ready| name.is_none_or(|name| ready.model.manifest.name == name)) {
        return Ok((ready.model.clone(), Arc::clone(&ready.engine)));
    }
    let model = shelves.choose(task, name)?;
    let engine = open(&model, OpenOptions { provider: settings.provider, threads: 0 })?;
    *held = Some(Open { model: model.clone(), engine: Arc::clone(&engine) });
    Ok((model, engine))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
