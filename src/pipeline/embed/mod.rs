//! Embeddings of images and boxes: a vector for each, made once, kept in a table, made again when what it shows changes.
//!
//! A job looks what is missing or stale, decodes each picture once, cuts it as the table's recipe says, and writes rows in
//! commits of some seconds, so that a job that was killed goes on where it was. A picture that cannot be read is a line
//! in the report, nothing else.

mod belt;
pub(crate) mod recipe;
mod stages;
mod tables;

use serde::{Deserialize, Serialize};
use tator_domain::DatasetName;
use tator_store::EmbeddingOf;
use tator_vision::{Surroundings, Task};

pub(crate) use recipe::Recipe;
pub use recipe::USUAL_PADDING;
use tables::{Table, work_of};

use crate::error::Error;
use crate::jobs::{Context, JobId, StageProgress};
use crate::report::Skipped;
use crate::workbench::Workbench;

/// What is to be embedded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmbedRequest {
    /// The dataset.
    pub dataset: DatasetName,
    /// The encoder; the one of the settings when none is named.
    #[serde(default)]
    pub model: Option<String>,
    /// Images or boxes; both when nothing is said.
    #[serde(default)]
    pub of: Option<EmbeddingOf>,
    /// Margin around a box as a share of its longer side; what the table has, or the usual one.
    #[serde(default)]
    pub padding: Option<f64>,
    /// What is shown around a box; what the table has, or everything.
    #[serde(default)]
    pub around: Option<Surroundings>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct EmbedReport {
    /// The encoder.
    pub encoder: String,
    /// Which bytes it is made of.
    pub fingerprint: String,
    /// What computed.
    pub provider: &'static str,
    /// Each table.
    pub tables: Vec<TableReport>,
    /// Rows that are new.
    pub embedded: u64,
    /// Rows that were as they should be.
    pub unchanged: u64,
    /// Things that could not be embedded, and why.
    pub skipped: Vec<Skipped>,
    /// How many.
    pub failed: u64,
    /// How long it took.
    pub seconds: f64,
    /// New rows a second.
    pub per_second: f64,
    /// How busy each stage was.
    pub stages: Vec<StageProgress>,
    /// The stage the others waited for.
    pub bottleneck: Option<String>,
}

/// What a table came to.
#[derive(Debug, Clone, Serialize)]
pub struct TableReport {
    /// Of what.
    pub of: EmbeddingOf,
    /// How pictures were cut.
    pub recipe: String,
    /// Length of the vectors.
    pub dims: usize,
    /// Rows that are new.
    pub embedded: u64,
    /// Rows that were as they should be.
    pub unchanged: u64,
    /// Rows of what is gone, taken out.
    pub removed: u64,
    /// What could not be embedded.
    pub failed: u64,
}

impl EmbedReport {
    pub(crate) fn summary(&self) -> String {
        let of = self.tables.iter().map(|table| format!("{} {}", table.embedded, table.of)).collect::<Vec<_>>();
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        let pace = if self.embedded > 0 { format!(", {:.1} a second", self.per_second) } else { String::new() };
        let (encoder, unchanged) = (&self.encoder, self.unchanged);
        format!("{} embedded by {encoder}, {unchanged} were up to date{failed}{pace}", of.join(" and "))
    }
}

/// Brings the tables up to date.
pub(crate) fn embed(context: &Context, request: &EmbedRequest) -> Result<EmbedReport, Error> {
    let begun = std::time::Instant::now();
    let (shared, d) = (&context.assist, &request.dataset);
    let (model, embedder) =
        shared.engines.embedder_of_job(&shared.shelves, &shared.settings(), request.model.as_deref())?;
    context.progress("looking for what is to embed", 0, 0)?;
    let of = request.of.map_or(EmbeddingOf::ALL.to_vec(), |of| vec![of]);
    let tables = of.into_iter().map(|of| Table::plan(context, d, &model, of, (request.padding, request.around)));
    let mut tables = tables.collect::<Result<Vec<_>, _>>()?;
    for table in &mut tables {
        table.remove_gone(context, d)?;
    }
    let work = work_of(&tables);
    let done = stages::run(context, d, embedder.as_ref(), &work, &mut tables)?;
    for table in &tables {
        context.writer.tidy_embeddings(d, &table.meta.encoder, table.meta.of)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let reports: Vec<TableReport> = tables.iter().map(Table::report).collect();
    let embedded = reports.iter().map(|table| table.embedded).sum();
    let failed = reports.iter().map(|table| table.failed).sum();
    Ok(EmbedReport {
        encoder: model.manifest.name.clone(),
        fingerprint: model.manifest.fingerprint(),
        provider: embedder.provider().name(),
        embedded,
        unchanged: reports.iter().map(|table| table.unchanged).sum(),
        tables: reports,
        skipped: done.failed.into_lines(),
        failed,
        per_second: embedded as f64 / done.seconds.max(1e-9),
        seconds,
        stages: done.stages,
        bottleneck: done.bottleneck,
    })
}

/// An encoder at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Encoder {
    /// Its name.
    pub name: String,
    /// Its name on pages.
    pub title: String,
    /// It takes words too.
    pub words: bool,
    /// It is used where none is named.
    pub usual: bool,
}

impl Workbench {
    /// The encoders that can be used, by name.
    #[must_use]
    pub fn encoders(&self) -> Vec<Encoder> {
        let shared = &self.open.assist.shared;
        let usual = shared.shelves.choose(Task::Embed, shared.settings().embedder.as_deref());
        let usual = usual.map(|model| model.manifest.name).ok();
        let models = shared.shelves.list().into_iter();
        let able = models.filter(|model| model.manifest.task == Task::Embed && model.problem.is_none());
        let told = able.map(|model| Encoder {
            title: model.title().to_owned(),
            words: model.has_words(),
            usual: usual.as_ref() == Some(&model.manifest.name),
            name: model.manifest.name,
        });
        told.collect()
    }

    /// Deletes a table of embeddings; it can be made again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub fn delete_embeddings(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<(), Error> {
        Ok(self.open.writer.delete_embeddings(d, encoder, of)?)
    }

    /// Starts a job that embeds what is missing or stale.
    ///
    /// # Errors
    /// [`Error::NotFound`] for dataset or model; [`Error::NoModel`]; [`Error::Invalid`].
    pub fn start_embed(&self, request: &EmbedRequest) -> Result<JobId, Error> {
        self.reader().dataset(&request.dataset)?;
        let shared = &self.open.assist.shared;
        let chosen = request.model.clone().or(shared.settings().embedder);
        let model = shared.shelves.choose(Task::Embed, chosen.as_deref())?;
        Recipe::of(EmbeddingOf::Boxes, request.padding, request.around)?;
        let what = request.of.map_or("images and boxes", EmbeddingOf::as_str);
        let title = format!("Embed the {what} of {} with {}", request.dataset, model.title());
        // A job that is resumed goes on with the model it began with.
        let request = EmbedRequest { model: Some(model.manifest.name), ..request.clone() };
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue("embed", title, &request.dataset, text)
    }
}
