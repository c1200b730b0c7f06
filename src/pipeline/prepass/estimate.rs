//! What a run would cost: its passes over a few images, measured here and now.

use serde::{Deserialize, Serialize};

use super::cache::PassCache;
use super::look_over::{enough, lanes, look_over};
use super::plan::plan;
use super::request::{PrepassRequest, images_of};
use crate::error::Error;
use crate::jobs::{Context, JobId, StageProgress};
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
    stages: Vec<StageProgress>,
    /// Seconds that the run would take, what is known already left out.
    seconds: f64,
    bottleneck: Option<String>,
    warnings: Vec<String>,
}

impl Estimate {
    pub fn summary(&self) -> String {
        let decides = self.bottleneck.as_ref().map_or(String::new(), |stage| format!("; {stage} decides"));
        format!("about {} for {} images{decides}", words(self.seconds), self.images)
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
    // Lanes beside one another are slower than one alone: all of them have something to do.
    let sample = (*tried).max(enough(&all)).min(all.len());
    let few = images_of(reader, &PrepassRequest { sample: Some(sample), ..request.clone() }, recipe.seed)?;
    // Measured into a place of its own: what a run knows already must not look like speed.
    let aside = tempfile::tempdir().map_err(Error::io("making a temporary folder"))?;
    let mut caches =
        plan.passes.iter().map(|pass| PassCache::open(aside.path(), &pass.key)).collect::<Result<Vec<_>, _>>()?;
    let looked = look_over(context, &request.dataset, &few, &plan.passes, &mut caches)?;
    let folder = super::cache_folder(reader);
    let (decode, passes) = looked.pace.seconds_each();
    let mut seconds = decode * all.len() as f64;
    for (pass, each) in plan.passes.iter().zip(passes) {
        let known = PassCache::open(&folder, &pass.key)?.hashes().count();
        seconds += each * all.len().saturating_sub(known) as f64;
    }
    Ok(Estimate {
        images: all.len(),
        tried: few.len(),
        bottleneck: looked.pace.bottleneck(),
        stages: looked.pace.stages(),
        seconds: seconds / lanes(&all) as f64,
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
