//! Asking for a run.

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, RunName};
use tator_store::{ImageFilter, ImageRow, Reader, RunEntry, RunKind, TrashedRun};

use super::recipe::Recipe;
use super::unfinished::{Unfinished, UnfinishedRun};
use crate::error::Error;
use crate::jobs::JobId;
use crate::workbench::Workbench;

/// A run that somebody wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrepassRequest {
    /// The dataset.
    pub dataset: DatasetName,
    /// The recipe as TOML, or the name of a preset; what a resumed run had already.
    #[serde(default)]
    pub recipe: String,
    /// What it is to be called; the recipe's name and a number unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunName>,
    /// Only images for which this SQL condition is true.
    #[serde(rename = "where", default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Only so many of them, drawn by the recipe's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<usize>,
    /// Goes on with a run that was cut off: the one called so, or the latest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resume: bool,
}

impl PrepassRequest {
    /// A run of a recipe over a whole dataset.
    #[must_use]
    pub fn new(dataset: DatasetName, recipe: impl Into<String>) -> Self {
        Self { dataset, recipe: recipe.into(), run: None, condition: None, sample: None, resume: false }
    }

    /// Its recipe, checked.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn parsed(&self) -> Result<Recipe, Error> {
        let text = self.recipe.trim();
        if text.is_empty() {
            return Err(Error::invalid("recipe", "which? `fast`, `thorough`, or the text of one"));
        }
        Recipe::parse(Recipe::preset(text).unwrap_or(text))
    }
}

/// The images of a request, by number.
pub(super) fn images_of(reader: &Reader, request: &PrepassRequest, seed: u64) -> Result<Vec<ImageRow>, Error> {
    let filter = ImageFilter { condition: request.condition.clone(), ..ImageFilter::default() };
    let mut images = reader.image_rows(&request.dataset, &filter)?;
    if let Some(most) = request.sample.filter(|most| *most < images.len()) {
        images = drawn(images, most, seed);
    }
    if images.is_empty() {
        return Err(Error::invalid("where", format!("no image of {} is meant", request.dataset)));
    }
    Ok(images)
}

/// So many images, always the same for a seed, by number.
fn drawn(images: Vec<ImageRow>, most: usize, seed: u64) -> Vec<ImageRow> {
    let luck = |image: &ImageRow| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(&image.image_id.to_le_bytes());
        *hasher.finalize().as_bytes()
    };
    let mut images = images;
    images.sort_by_cached_key(luck);
    images.truncate(most);
    images.sort_by_key(|image| image.image_id);
    images
}

/// The first free name after a recipe's.
fn free_name(reader: &Reader, d: &DatasetName, stem: &str) -> Result<RunName, Error> {
    let taken = reader.run_names(d, RunKind::Prepass)?;
    let unfinished = Unfinished::list(reader, d);
    let stem: String = stem.chars().take(50).collect();
    let mut names = (1..).filter_map(|number| format!("{stem}_{number}").parse::<RunName>().ok());
    let free = names.find(|name| !taken.contains(name) && !unfinished.iter().any(|one| one.run == *name));
    free.ok_or_else(|| Error::invalid("run", "every name is taken"))
}

impl Workbench {
    /// Starts a run; gives its job and its name.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for the recipe, the condition, or when nothing is there to resume;
    /// [`tator_store::Error::Exists`] for a name that is taken; [`Error::NoModel`].
    pub fn start_prepass(&self, mut request: PrepassRequest) -> Result<(JobId, RunName), Error> {
        let (reader, d) = (self.reader(), request.dataset.clone());
        reader.dataset(&d)?;
        if request.resume {
            request = Unfinished::find(reader, &d, request.run.as_ref())?.request;
            request.resume = true;
        }
        let recipe = request.parsed()?;
        let shared = &self.open.assist.shared;
        super::detectors::expand(&recipe, &shared.shelves.list())?;
        for detector in recipe.detectors.iter().filter(|one| one.model != super::recipe::EVERY_MODEL) {
            shared.shelves.choose(tator_vision::Task::Detect, Some(&detector.model))?;
        }
        // Tells at once about a condition that cannot be read, or that no image meets.
        images_of(reader, &request, recipe.seed)?;
        let stem = if request.sample.is_some() { format!("{}_sample", recipe.name) } else { recipe.name };
        let name = request.run.clone().map_or_else(|| free_name(reader, &d, &stem), Ok)?;
        reader.check_free(&d, RunKind::Prepass, &name)?;
        request.run = Some(name.clone());
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        let job = self.enqueue("prepass", format!("Prelabel {d} as {name}"), &d, text)?;
        Ok((job, name))
    }

    /// Detectors of fixed classes at hand, by name; those that cannot be used say why.
    #[must_use]
    pub fn detectors(&self) -> Vec<crate::models::Model> {
        let models = self.open.assist.shared.shelves.list().into_iter();
        models.filter(|model| model.manifest.task == tator_vision::Task::Detect).collect()
    }

    /// The finished runs of a dataset by name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn prepass_runs(&self, d: &DatasetName) -> Result<Vec<RunEntry>, Error> {
        Ok(self.reader().runs(d, RunKind::Prepass)?)
    }

    /// Runs that were cut off and can go on, latest first.
    #[must_use]
    pub fn unfinished_runs(&self, d: &DatasetName) -> Vec<UnfinishedRun> {
        Unfinished::list(self.reader(), d)
    }

    /// Moves a run into the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn delete_run(&self, d: &DatasetName, run: &RunName) -> Result<TrashedRun, Error> {
        Ok(self.open.writer.delete_run(d, RunKind::Prepass, run)?)
    }

    /// Takes a run out of the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`tator_store::Error::Exists`].
    pub fn restore_run(&self, entry: &str) -> Result<TrashedRun, Error> {
        Ok(self.open.writer.restore_run(entry)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(image_id: i64) -> ImageRow {
        let path = format!("{image_id}.jpg");
        ImageRow { image_id, path, content_hash: String::new(), source_id: None, width: 1, height: 1 }
    }

    #[test]
    fn the_same_seed_draws_the_same_images() {
        let draw = |seed| drawn((0..100).map(row).collect(), 10, seed).iter().map(|r| r.image_id).collect::<Vec<_>>();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).is_sorted() && draw(1).len() == 10);
    }

    #[test]
    fn a_preset_goes_by_its_name() {
        let request = |recipe: &str| PrepassRequest::new("coins".parse().unwrap(), recipe);
        assert_eq!(request("fast").parsed().unwrap().name, "fast");
        assert!(request(" ").parsed().is_err());
    }
}
