//! Looking again whether models are what they were: every hash, and what their family promises.

use serde::{Deserialize, Serialize};
use tator_vision::Acceptance;

use super::{Model, try_model};
use crate::error::Error;
use crate::jobs::{Context, JobId};
use crate::workbench::Workbench;

/// What is to be looked at.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct VerifyRequest {
    /// One model; all without it.
    pub name: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct VerifyReport {
    models: Vec<Sound>,
    /// Models that are not what they should be.
    pub skipped: Vec<Broken>,
}

/// A model that is what it should be.
#[derive(Debug, Serialize)]
struct Sound {
    name: String,
    bytes: u64,
    fingerprint: String,
    tried: Option<Acceptance>,
}

/// A model that is not.
#[derive(Debug, Serialize)]
pub(crate) struct Broken {
    item: String,
    reason: String,
}

impl VerifyReport {
    pub fn summary(&self) -> String {
        let (sound, broken) = (self.models.len(), self.skipped.len());
        match broken {
            0 => format!("{sound} {} in order", if sound == 1 { "model is" } else { "models are" }),
            _ => format!("{broken} of {} models cannot be trusted", sound + broken),
        }
    }
}

/// Looks at one model or at all; one that was asked for by name and is broken is an error.
pub(crate) fn verify(context: &Context, request: &VerifyRequest) -> Result<VerifyReport, Error> {
    let shelves = &context.assist.shelves;
    let models = match &request.name {
        Some(name) => vec![shelves.find(name)?],
        None => shelves.list(),
    };
    let mut report = VerifyReport { models: Vec::new(), skipped: Vec::new() };
    for model in models {
        match look(context, &model) {
            Ok(tried) => report.models.push(Sound {
                name: model.manifest.name.clone(),
                bytes: model.bytes(),
                fingerprint: model.manifest.fingerprint(),
                tried,
            }),
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) if request.name.is_some() => return Err(error),
            Err(error) => report.skipped.push(Broken { item: model.manifest.name.clone(), reason: error.to_string() }),
        }
    }
    Ok(report)
}

fn look(context: &Context, model: &Model) -> Result<Option<Acceptance>, Error> {
    let name = &model.manifest.name;
    if let Some(problem) = &model.problem {
        return Err(Error::invalid("model", format!("{name}: {problem}")));
    }
    let stage = format!("reading {name}");
    let mut cancelled = Ok(());
    model.verify(|done, total| cancelled = context.progress(&stage, done, total))?;
    cancelled?;
    let has_adapter = tator_vision::family(&model.manifest.family).is_some();
    if !has_adapter || tator_vision::runtime_library().is_err() {
        context.log(&format!("{name}: hashes are right; not tried, there is no runtime or no adapter for it"));
        return Ok(None);
    }
    context.progress(&format!("trying {name}"), 0, 0)?;
    let tried = try_model(&model.manifest, &model.folder, context.assist.provider_wish())?;
    context.assist.tried.note(name, tried.clone());
    Ok(Some(tried))
}

impl Workbench {
    /// Starts a job that looks at every hash of a model, or of all, and tries it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn start_verify(&self, name: Option<&str>) -> Result<JobId, Error> {
        let title = match name {
            Some(name) => format!("Verify the model {}", self.open.assist.shared.shelves.find(name)?.title()),
            None => "Verify the models".to_owned(),
        };
        let request = VerifyRequest { name: name.map(str::to_owned) };
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue_alone("verify", title, text)
    }
}
