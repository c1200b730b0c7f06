//! The models that are open: opened when first needed, at most two of a task, so that trying another one costs no reload.

use std::sync::{Arc, Mutex, PoisonError};

use tator_vision::{
    Detector, Embedder, ModelError, OpenOptions, Parts, Provider, Segmenter, Task, open_detector, open_embedder,
    open_segmenter,
};

use super::settings::AssistSettings;
use crate::error::Error;
use crate::models::{Model, Shelves};

/// An open model.
pub(super) struct Open<E: ?Sized> {
    model: Model,
    engine: Arc<E>,
}

/// Models of a task that stay open.
const MOST: usize = 2;

/// What is open, the last used last.
#[derive(Default)]
pub(crate) struct Engines {
    segmenters: Mutex<Vec<Open<dyn Segmenter>>>,
    embedders: Mutex<Vec<Open<dyn Embedder>>>,
    detectors: Mutex<Vec<Open<dyn Detector>>>,
    /// What computed the model that was asked for last.
    provider: Mutex<Option<Provider>>,
}

impl Engines {
    /// The segmenter of that name, or the one of the settings.
    pub fn segmenter(
        &self,
        shelves: &Shelves,
        settings: &AssistSettings,
        name: Option<&str>,
    ) -> Result<(Model, Arc<dyn Segmenter>), Error> {
        let model = shelves.choose(Task::Segment, name.or(settings.segmenter.as_deref()))?;
        let open = get(&self.segmenters, model, settings, open_segmenter)?;
        Ok(self.noted(open, |engine| engine.provider()))
    }

    /// The image encoder of the settings.
    pub fn embedder(&self, shelves: &Shelves, settings: &AssistSettings) -> Result<(Model, Arc<dyn Embedder>), Error> {
        self.embedder_named(shelves, settings, None)
    }

    /// The image encoder of that name, or the one of the settings.
    pub fn embedder_named(
        &self,
        shelves: &Shelves,
        settings: &AssistSettings,
        name: Option<&str>,
    ) -> Result<(Model, Arc<dyn Embedder>), Error> {
        let model = shelves.choose(Task::Embed, name.or(settings.embedder.as_deref()))?;
        let open = get(&self.embedders, model, settings, open_embedder)?;
        Ok(self.noted(open, |engine| engine.provider()))
    }

    /// The detector of that name.
    pub fn detector(
        &self,
        shelves: &Shelves,
        settings: &AssistSettings,
        name: &str,
    ) -> Result<(Model, Arc<dyn Detector>), Error> {
        let model = shelves.choose(Task::Detect, Some(name))?;
        let open = get(&self.detectors, model, settings, open_detector)?;
        Ok(self.noted(open, |engine| engine.provider()))
    }

    /// An encoder for a job that has many pictures: as many at once as pay off. It is the job's own and ends with it.
    pub fn embedder_of_job(
        &self,
        shelves: &Shelves,
        settings: &AssistSettings,
        name: Option<&str>,
    ) -> Result<(Model, Arc<dyn Embedder>), Error> {
        let model = shelves.choose(Task::Embed, name.or(settings.embedder.as_deref()))?;
        let engine = Arc::from(open_embedder(&model.parts(of_job(settings)))?);
        Ok(self.noted((model, engine), |engine| engine.provider()))
    }

    /// A detector for a job, as [`embedder_of_job`](Self::embedder_of_job).
    pub fn detector_of_job(
        &self,
        shelves: &Shelves,
        settings: &AssistSettings,
        name: &str,
    ) -> Result<(Model, Arc<dyn Detector>), Error> {
        let model = shelves.choose(Task::Detect, Some(name))?;
        let engine = Arc::from(open_detector(&model.parts(of_job(settings)))?);
        Ok(self.noted((model, engine), |engine| engine.provider()))
    }

    /// Remembers what computes.
    fn noted<E: ?Sized>(&self, open: (Model, Arc<E>), provider: fn(&E) -> Provider) -> (Model, Arc<E>) {
        *lock(&self.provider) = Some(provider(&open.1));
        open
    }

    /// Closes all; whoever uses one ends with it.
    pub fn close(&self) {
        *lock(&self.provider) = None;
        lock(&self.segmenters).clear();
        lock(&self.embedders).clear();
        lock(&self.detectors).clear();
    }

    /// What computes, without waiting for a model that is just being opened.
    pub fn provider(&self) -> Option<&'static str> {
        lock(&self.provider).map(Provider::name)
    }

    /// Names of the open models with provider and loading time.
    pub fn list(&self) -> Vec<(String, &'static str, f64)> {
        let told = |model: &Model, provider: Provider, ms| (model.manifest.name.clone(), provider.name(), ms);
        let segmenters = lock(&self.segmenters);
        let segmenters = segmenters.iter().map(|o| told(&o.model, o.engine.provider(), o.engine.load_ms()));
        let embedders = lock(&self.embedders);
        let embedders = embedders.iter().map(|o| told(&o.model, o.engine.provider(), o.engine.load_ms()));
        let detectors = lock(&self.detectors);
        let detectors = detectors.iter().map(|o| told(&o.model, o.engine.provider(), o.engine.load_ms()));
        segmenters.chain(embedders).chain(detectors).collect()
    }
}

fn of_job(settings: &AssistSettings) -> OpenOptions {
    OpenOptions { provider: settings.provider, many: true, ..OpenOptions::default() }
}

/// A model, opened if it is not. Others wait meanwhile: they want the same.
pub(super) fn get<E: ?Sized>(
    place: &Mutex<Vec<Open<E>>>,
    model: Model,
    settings: &AssistSettings,
    open: fn(&Parts<'_>) -> Result<Box<E>, ModelError>,
) -> Result<(Model, Arc<E>), Error> {
    let mut held = lock(place);
    let found = held.iter().position(|open| open.model.manifest == model.manifest);
    let ready = match found {
        Some(at) => held.remove(at),
        None => {
            let options = OpenOptions { provider: settings.provider, ..OpenOptions::default() };
            let engine = Arc::from(open(&model.parts(options))?);
            Open { model: model.clone(), engine }
        }
    };
    let engine = Arc::clone(&ready.engine);
    held.push(ready);
    if held.len() > MOST {
        held.remove(0);
    }
    Ok((model, engine))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
