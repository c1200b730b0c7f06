//! What a run would cost: its passes over a few images, measured here and now.

use serde::{Deserialize, Serialize};

use super::cache::PassCache;
use super::look_over::look_over;
use super::pace::StagePace;
use super::plan::plan;
use super::request::{PrepassRequest, images_of};
use crate::error::Error;
use crate::jobs::{Context, JobId};
use crate::workbench::Workbench;

/// Images that are tried unless said.
const TRIED: usize = 8;

/// An estimate that somebody wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EstimateRequest {
    pub request: PrepassRequest,
    pub images: usize,
}

/// What a run would take.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Estimate {
    /// Images of the run.
    images: usize,
    /// Images that were tried.
    tried: usize,
    /// How fast each stage went.
    stages: Vec<StagePace>,
    /// Seconds that the run would take, what is known already left out.
    seconds: f64,
    bottleneck: String,
    warnings: Vec<String>,
}

impl Estimate {
    pub fn summary(&self) -> String {
        format!("about {} for {} images; {} decides", words(self.seconds), self.images, self.bottleneck)
    }
}

/// Seconds as people say them.
fn words(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{} s", s.ceil()),
        s if s < 7200.0 => format!("{} min", (s / 60.0).ceil()),
        s => format!("{:.1} h", s / 3600.0),
    }
}

pub(crate) fn estimate(context: &Context, wish: &EstimateRequest) -> Result<Estimate, Error> {
    let EstimateRequest { request, images: tried } = wish;
    let recipe = request.parsed()?;
    context.progress("opening models", 0, 0)?;
    let plan = plan(&context.assist, &request.dataset, &recipe)?;
    let reader = context.writer.reader();
    let all = images_of(reader, request, recipe.seed)?;
    let few =
        images_of(reader, &PrepassRequest { sample: Some((*tried).min(all.len())), ..request.clone() }, recipe.seed)?;
    // Measured into a place of its own: what a run knows already must not look like speed.
    let aside = tempfile::tempdir().map_err(Error::io("making a temporary folder"))?;
    let mut caches =
        plan.passes.iter().map(|pass| PassCache::open(aside.path(), &pass.key)).collect::<Result<Vec<_>, _>>()?;
    let looked = look_over(context, &request.dataset, &few, &plan.passes, &mut caches)?;
    let folder = super::cache_folder(reader);
    let stages = looked.pace.stages();
    let mut seconds = 0.0;
    for (pass, stage) in plan.passes.iter().zip(stages.iter().filter(|s| s.stage != "decode" && s.stage != "write")) {
        let known = PassCache::open(&folder, &pass.key)?.hashes().count();
        let left = all.len().saturating_sub(known) as f64;
        seconds += left * stage.seconds / stage.images.max(1) as f64;
    }
    // Decoding goes on beside the models: it counts where it is slower than they are.
    let decode = stages.iter().find(|stage| stage.stage == "decode");
    let decoding = decode.map_or(0.0, |stage| stage.seconds / stage.images.max(1) as f64) * all.len() as f64;
    Ok(Estimate {
        images: all.len(),
        tried: few.len(),
        bottleneck: looked.pace.bottleneck(),
        stages,
        seconds: seconds.max(decoding),
        warnings: plan.warnings,
    })
}

impl Workbench {
    /// Starts a job that measures what a run would take, on a few of its images.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for the recipe or the condition; [`Error::NoModel`].
    pub fn start_estimate(&self, request: PrepassRequest, images: Option<usize>) -> Result<JobId, Error> {
        let d = request.dataset.clone();
        self.reader().dataset(&d)?;
        let recipe = request.parsed()?;
        super::detectors::expand(&recipe, &self.open.assist.shared.shelves.list())?;
        images_of(self.reader(), &request, recipe.seed)?;
        let wish = EstimateRequest { request, images: images.unwrap_or(TRIED).clamp(1, 200) };
        let text = serde_json::to_string(&wish).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue("prepass_estimate", format!("Estimate a run of {} on {d}", recipe.name), &d, text)
    }
}
