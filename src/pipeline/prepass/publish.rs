//! A run from its request to its tables.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tator_domain::{Clock, ImageId, RunName, SystemClock};
use tator_store::{ImageRow, PrepassTables, Reader, RunDraft, RunImage, RunKind};

use super::cache::{Kept, PassCache};
use super::fuse::{Numbers, class_of, fuse, label_of, settled};
use super::look_over::{Looked, Missing, look_over};
use super::looks::{Found, Pass};
use super::plan::{Plan, plan};
use super::recipe::Calibrate;
use super::request::{PrepassRequest, images_of};
use super::scores::{MapNote, Maps};
use super::unfinished::Unfinished;
use crate::error::Error;
use crate::evaluate::{Detection, Truths};
use crate::jobs::{Context, StageProgress};

/// Failures that a report names one by one.
const TOLD: usize = 200;

/// What came out of a run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunReport {
    pub run: RunName,
    pub images: usize,
    pub atoms: u64,
    pub candidates: u64,
    /// Images on which a source failed, the first of them.
    pub skipped: Vec<Value>,
    pub failed_images: usize,
    pub warnings: Vec<String>,
    pub stages: Vec<StageProgress>,
    pub bottleneck: Option<String>,
    pub seconds: f64,
    pub tables: Vec<String>,
}

impl RunReport {
    pub fn summary(&self) -> String {
        let failed = match self.failed_images {
            0 => String::new(),
            1 => "; a model failed on 1 image".to_owned(),
            n => format!("; a model failed on {n} images"),
        };
        format!(
            "{} candidates out of {} boxes on {} images as {}{failed}",
            self.candidates, self.atoms, self.images, self.run
        )
    }
}

/// What a pass came to.
#[derive(Debug, Default, Clone, Serialize)]
struct Tally {
    atoms: u64,
    failed: u64,
    skipped: u64,
    /// Boxes under classes that the dataset has not, by the model's name of the class.
    unmapped: BTreeMap<Arc<str>, u64>,
    #[serde(skip)]
    ms: f64,
}

/// Does a run.
pub(crate) fn run(context: &Context, request: &PrepassRequest) -> Result<RunReport, Error> {
    let (d, reader) = (&request.dataset, context.writer.reader());
    let run = request.run.as_ref().ok_or_else(|| Error::invalid("run", "it has no name"))?;
    let recipe = request.parsed()?;
    context.progress("opening models", 0, 0)?;
    let plan = plan(&context.assist, d, &recipe)?;
    plan.warnings.iter().for_each(|warning| context.log(warning));
    let images = images_of_run(reader, request, run, recipe.seed)?;
    let folder = super::cache_folder(reader);
    let mut caches =
        plan.passes.iter().map(|pass| PassCache::open(&folder, &pass.key)).collect::<Result<Vec<_>, _>>()?;
    let looked = look_over(context, d, &images, &plan.passes, &mut caches)?;
    let draft = context.writer.begin_run(d, RunKind::Prepass, run)?;
    match write(context, request, &plan, &images, &looked, &mut caches, &draft) {
        Ok((report, record)) => {
            context.writer.publish_run(draft, &record)?;
            Unfinished::forget(reader, d, run);
            Ok(report)
        }
        Err(error) => {
            draft.discard();
            Err(error)
        }
    }
}

/// The images of a run: those it was begun with, when it goes on.
fn images_of_run(reader: &Reader, request: &PrepassRequest, run: &RunName, seed: u64) -> Result<Vec<ImageRow>, Error> {
    let plain = PrepassRequest { resume: false, ..request.clone() };
    if request.resume
        && let Some(begun) = Unfinished::read(reader, &request.dataset, run)
        && begun.request == plain
    {
        let ids: HashSet<ImageId> = begun.image_ids.into_iter().collect();
        let mut images = reader.image_rows(&request.dataset, &tator_store::ImageFilter::default())?;
        images.retain(|image| ids.contains(&image.image_id));
        return Ok(images);
    }
    let images = images_of(reader, request, seed)?;
    Unfinished::begin(reader, &plain, run, images.iter().map(|image| image.image_id).collect())?;
    Ok(images)
}

/// Puts everything together and writes it into the draft; gives the report and the record.
fn write(
    context: &Context,
    request: &PrepassRequest,
    plan: &Plan,
    images: &[ImageRow],
    looked: &Looked,
    caches: &mut [PassCache],
    draft: &RunDraft,
) -> Result<(RunReport, Value), Error> {
    let reader = context.writer.reader();
    let maps = fit_maps(context, request, plan, (images, looked), caches)?;
    let mut tables = PrepassTables::new(draft)?;
    let mut tallies = vec![Tally::default(); plan.passes.len()];
    let mut next = Numbers { atom: 1, candidate: 1 };
    let (mut skipped, mut failed_images) = (Vec::new(), 0);
    for (place, image) in images.iter().enumerate() {
        if place % 64 == 0 {
            context.progress("putting candidates together", place as u64, images.len() as u64)?;
        }
        let (found, rows) = of_image(plan, (place, image), looked, caches, &mut tallies)?;
        let errors: Vec<_> = rows.iter().filter_map(|row| Some((&row.source_run, row.error.as_ref()?))).collect();
        failed_images += usize::from(!errors.is_empty());
        for (source, error) in errors.into_iter().take(TOLD.saturating_sub(skipped.len())) {
            skipped.push(
                json!({ "item": image.path, "image_id": image.image_id, "reason": format!("{source}: {error}") }),
            );
        }
        let fused = fuse(image.image_id, &plan.passes, &found, &maps, &plan.recipe.fusion, &mut next);
        tables.add(rows, fused.atoms, fused.candidates, fused.members)?;
    }
    let (atoms, candidates) = tables.finish()?;
    let run = request.run.clone().ok_or_else(|| Error::invalid("run", "it has no name"))?;
    let d = &request.dataset;
    let report = RunReport {
        images: images.len(),
        atoms,
        candidates,
        skipped,
        failed_images,
        warnings: plan.warnings.clone(),
        stages: looked.pace.stages(),
        bottleneck: looked.pace.bottleneck(),
        seconds: looked.pace.seconds(),
        tables: ["atoms", "candidates", "candidate_atoms", "run_images"].map(|t| format!("{d}.{t}_{run}")).into(),
        run,
    };
    let notes: Vec<MapNote> = maps.iter().map(Maps::note).collect();
    let record = record(request, plan, &report, &tallies, &notes, reader.data_version(d)?);
    Ok((report, record))
}

/// What passes found on one image, and what became of it in each.
fn of_image(
    plan: &Plan,
    (place, image): (usize, &ImageRow),
    looked: &Looked,
    caches: &mut [PassCache],
    tallies: &mut [Tally],
) -> Result<(Vec<Vec<Found>>, Vec<RunImage>), Error> {
    let hash = looked.hashes[place];
    let hex: Arc<str> = hash.map(|hash| blake3::Hash::from_bytes(hash).to_hex().to_string()).unwrap_or_default().into();
    let (mut all, mut rows) = (Vec::with_capacity(plan.passes.len()), Vec::with_capacity(plan.passes.len()));
    for (number, pass) in plan.passes.iter().enumerate() {
        let kept = match (looked.missing.get(&(place, number)), hash) {
            (None, Some(hash)) => caches[number].get(&hash)?,
            _ => None,
        };
        let tally = &mut tallies[number];
        let (status, error) = match (&kept, looked.missing.get(&(place, number))) {
            (Some(_), _) => ("done", None),
            (None, Some(Missing::Skipped(why))) => ("skipped", Some(why.clone())),
            (None, Some(Missing::Failed(why))) => ("failed", Some(why.clone())),
            // What was kept on disk a moment ago went away.
            (None, None) => ("failed", Some("what was found is not in the cache any more".to_owned())),
        };
        tally.failed += u64::from(status == "failed");
        tally.skipped += u64::from(status == "skipped");
        let found = kept.as_ref().map(|kept| settled(pass, &kept.found)).unwrap_or_default();
        let atoms = found.iter().filter(|one| class_of(pass, one).is_some()).count();
        if let Some(kept) = &kept {
            count(pass, kept, atoms, tally);
        }
        rows.push(RunImage {
            image_id: image.image_id,
            content_hash: Arc::clone(&hex),
            stage: pass.stage.as_str().into(),
            source_run: Arc::clone(&pass.source_run),
            status: status.into(),
            error: error.map(Into::into),
            n_atoms: i32::try_from(atoms).unwrap_or(i32::MAX),
            ms: kept.map(|kept| kept.ms),
        });
        all.push(found);
    }
    Ok((all, rows))
}

fn count(pass: &Pass, kept: &Kept, atoms: usize, tally: &mut Tally) {
    tally.atoms += atoms as u64;
    tally.ms += kept.ms;
    for label in kept.found.iter().filter_map(|one| label_of(pass, one)) {
        let left_out =
            pass.classes.iter().any(|one| one.how == super::How::LeftOut && *one.model_class == *label.model_class);
        if label.class_id.is_none() && !left_out {
            *tally.unmapped.entry(Arc::clone(&label.model_class)).or_default() += 1;
        }
    }
}

/// The maps of all passes, fitted on the images of the run that have truth.
fn fit_maps(
    context: &Context,
    request: &PrepassRequest,
    plan: &Plan,
    (images, looked): (&[ImageRow], &Looked),
    caches: &mut [PassCache],
) -> Result<Vec<Maps>, Error> {
    let kind = plan.recipe.fusion.calibrate;
    if kind == Calibrate::None {
        return Ok(vec![Maps::default(); plan.passes.len()]);
    }
    let ours: HashSet<ImageId> = images.iter().map(|image| image.image_id).collect();
    let truths = Truths::read_any(context.writer.reader(), &request.dataset, None)?.of_images(|id| ours.contains(&id));
    let mut all = Vec::with_capacity(plan.passes.len());
    for (number, pass) in plan.passes.iter().enumerate() {
        context.progress("fitting scores", number as u64, plan.passes.len() as u64)?;
        let mut detections = Vec::new();
        for (place, image) in images.iter().enumerate().filter(|(_, image)| truths.images.contains(&image.image_id)) {
            let hash = looked.hashes[place].filter(|_| !looked.missing.contains_key(&(place, number)));
            let kept = hash.map_or(Ok(None), |hash| caches[number].get(&hash))?;
            let found = kept.map(|kept| settled(pass, &kept.found)).unwrap_or_default();
            detections.extend(found.iter().filter_map(|one| {
                let class = class_of(pass, one)?;
                Some(Detection { image: image.image_id, class, shape: one.rect, score: one.score?.into() })
            }));
        }
        all.push(Maps::fit(kind, &truths, &detections, plan.recipe.seed)?);
    }
    Ok(all)
}

/// How the run was made: enough to make it again, and what it took.
fn record(
    request: &PrepassRequest,
    plan: &Plan,
    report: &RunReport,
    tallies: &[Tally],
    notes: &[MapNote],
    data_version: i64,
) -> Value {
    let sources = plan.passes.iter().zip(tallies).zip(notes).map(|((pass, tally), note)| {
        let pace = report.stages.iter().find(|stage| *stage.name == *pass.source_run);
        let looked = report.images as u64 - tally.failed - tally.skipped;
        json!({
            "stage": pass.stage.as_str(),
            "source": &*pass.source,
            "source_run": &*pass.source_run,
            "fingerprint": pass.fingerprint,
            "key": pass.key,
            "classes": pass.classes,
            "found": tally,
            "ms_per_image": if looked > 0 { tally.ms / looked as f64 } else { 0.0 },
            "pace": pace,
            "scores": note,
        })
    });
    json!({
        "schema_version": 1,
        "program": env!("CARGO_PKG_VERSION"),
        "dataset": request.dataset,
        "data_version": data_version,
        "where": request.condition,
        "sample": request.sample,
        "recipe": plan.recipe,
        "seed": plan.recipe.seed,
        "sources": sources.collect::<Vec<_>>(),
        "images": report.images,
        "failed_images": report.failed_images,
        "atoms": report.atoms,
        "candidates": report.candidates,
        "warnings": report.warnings,
        "failures": report.skipped,
        "stages": report.stages,
        "bottleneck": report.bottleneck,
        "seconds": report.seconds,
        "finished_at": SystemClock.now(),
    })
}
