//! Asking for a calibration; looking at finished ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, RunName};
use tator_learning::calibrator::Options;
use tator_store::{Reader, RunEntry, RunKind, TrashedRun};

use super::appearance::Appearance;
use crate::error::Error;
use crate::jobs::JobId;
use crate::workbench::Workbench;

/// A calibration that somebody wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrateRequest {
    /// The dataset with the truth.
    pub dataset: DatasetName,
    /// The run whose candidates are judged.
    pub run: RunName,
    /// What it is to be called; the run's name and a number unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RunName>,
    /// How it is done.
    #[serde(default)]
    pub options: Options,
    /// For each model that was trained on images of this dataset a SQL condition that means them: their truth is not used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, String>,
    /// Probability from which on a candidate that is not accepted goes to people.
    #[serde(default = "tenth")]
    pub queue_from: f64,
    /// Candidates of which no model scores a box as high are not looked at: they are too many and never right enough to be accepted.
    #[serde(default = "twentieth")]
    pub floor: f64,
    /// A package of [`Workbench::pack_calibration`]: its trees and thresholds are used, and tried on the truth there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<PathBuf>,
    /// An image encoder that looks at crops of the candidates; what it gives becomes features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// A class head, by number or name, that is asked about the same crops; its encoder looks at them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Columns that are left out: those whose names begin like one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

fn tenth() -> f64 {
    0.1
}

fn twentieth() -> f64 {
    0.05
}

impl CalibrateRequest {
    /// Everything as usual.
    #[must_use]
    pub fn new(dataset: DatasetName, run: RunName) -> Self {
        let (options, seen) = (Options::default(), BTreeMap::new());
        Self {
            dataset,
            run,
            name: None,
            options,
            seen,
            queue_from: tenth(),
            floor: twentieth(),
            recipe: None,
            encoder: None,
            head: None,
            without: Vec::new(),
        }
    }

    /// Refuses what can be told at once.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn check(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.queue_from) {
            return Err(Error::invalid("queue_from", format!("{} is not between 0 and 1", self.queue_from)));
        }
        if !(0.0..=1.0).contains(&self.floor) {
            return Err(Error::invalid("floor", format!("{} is not between 0 and 1", self.floor)));
        }
        if self.recipe.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err(Error::invalid("recipe", "give the absolute path of a package on this machine"));
        }
        self.options.check().map_err(refused)
    }
}

/// What the study refuses.
pub(super) fn refused(error: tator_learning::Error) -> Error {
    match error {
        tator_learning::Error::Invalid { what, why } => Error::invalid(what, why),
        tator_learning::Error::Stopped => Error::Cancelled,
        other => Error::invalid("calibration", other.to_string()),
    }
}

/// The first free name after a run's.
fn free_name(reader: &Reader, request: &CalibrateRequest) -> Result<RunName, Error> {
    let taken = reader.run_names(&request.dataset, RunKind::Calibration)?;
    let stem: String = request.run.as_str().chars().take(48).collect();
    let mut names = (1..).filter_map(|number| format!("{stem}_c{number}").parse::<RunName>().ok());
    names.find(|name| !taken.contains(name)).ok_or_else(|| Error::invalid("name", "every name is taken"))
}

impl Workbench {
    /// Starts a calibration; gives its job and its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for dataset or run; [`Error::Invalid`] for options that make no sense;
    /// [`tator_store::Error::Exists`] for a name that is taken.
    pub fn start_calibration(&self, mut request: CalibrateRequest) -> Result<(JobId, RunName), Error> {
        request.check()?;
        let reader = self.reader();
        reader.run_entry(&request.dataset, RunKind::Prepass, &request.run)?;
        if request.recipe.is_some() && (request.encoder.is_some() || request.head.is_some()) {
            return Err(Error::invalid(
                "recipe",
                "the recipe says which encoder and head it looks with: name none besides",
            ));
        }
        if request.recipe.is_none()
            && let Some(looks) = Appearance::of(&self.open.assist.shared, &request, None)?
        {
            // A head that is called otherwise tomorrow is the same.
            request.head = looks.note.head.map(|head| head.id);
            request.encoder = Some(looks.note.encoder);
        }
        let name = match request.name.take() {
            Some(name) => name,
            None => free_name(reader, &request)?,
        };
        reader.check_free(&request.dataset, RunKind::Calibration, &name)?;
        request.name = Some(name.clone());
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        let title = format!("Calibrate {} of {}", request.run, request.dataset);
        Ok((self.enqueue("calibrate", title, &request.dataset, text)?, name))
    }

    /// Finished calibrations by name, with their records.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn calibrations(&self, d: &DatasetName) -> Result<Vec<RunEntry>, Error> {
        Ok(self.reader().runs(d, RunKind::Calibration)?)
    }

    /// A finished calibration.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn calibration(&self, d: &DatasetName, name: &RunName) -> Result<RunEntry, Error> {
        Ok(self.reader().run_entry(d, RunKind::Calibration, name)?)
    }

    /// Moves a calibration into the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn delete_calibration(&self, d: &DatasetName, name: &RunName) -> Result<TrashedRun, Error> {
        Ok(self.open.writer.delete_run(d, RunKind::Calibration, name)?)
    }
}
