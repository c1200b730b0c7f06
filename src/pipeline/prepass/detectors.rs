//! Detectors of fixed classes as passes: over the whole image, over windows.

use std::sync::Arc;

use tator_domain::Class;
use tator_vision::{
    DetectOptions, Detection, Detector, Overlap, Picture, Slicing, Stop, Task, Window, detect_windows, windows,
};

use super::classes::{Mapped, map_classes};
use super::looks::{About, Found, Label, Look, Pass, StageKind, key_of};
use super::recipe::{DetectorRecipe, EVERY_MODEL, Recipe, WindowRecipe};
use crate::assist::Shared;
use crate::error::Error;
use crate::models::Model;

/// Puts the models that are at hand in the place of `*`.
pub(super) fn expand(recipe: &Recipe, models: &[Model]) -> Result<Recipe, Error> {
    let usable = |model: &&Model| model.manifest.task == Task::Detect && model.problem.is_none();
    let named = |name: &str| recipe.detectors.iter().any(|detector| detector.model == name);
    let mut expanded = Recipe { detectors: Vec::new(), ..recipe.clone() };
    for detector in &recipe.detectors {
        if detector.model != EVERY_MODEL {
            expanded.detectors.push(detector.clone());
            continue;
        }
        let all = models.iter().filter(usable).map(|model| model.manifest.name.clone());
        let others = all.filter(|name| !named(name));
        expanded.detectors.extend(others.map(|model| DetectorRecipe { model, ..detector.clone() }));
    }
    let sees = !expanded.detectors.is_empty() || expanded.text.is_some() || expanded.looks_alone();
    if sees { Ok(expanded) } else { Err(Error::NoModel(Task::Detect)) }
}

/// The passes of a recipe's detectors, in its order, the whole image before windows.
pub(super) fn passes(shared: &Shared, recipe: &Recipe, classes: &[Class]) -> Result<Vec<Pass>, Error> {
    let mut passes = Vec::new();
    for detector in &recipe.detectors {
        let (model, engine) = shared.engines.detector_of_job(&shared.shelves, &shared.settings(), &detector.model)?;
        let name = &model.manifest.name;
        let tables = [&detector.classes, &recipe.classes];
        // Where something is serves look-alikes, whatever the model calls it.
        let mapped = map_classes(name, engine.classes(), classes, &tables, recipe.similarity.is_none())?;
        let one = |mode: &str, windows: Option<&WindowRecipe>| pass(&model, &engine, detector, &mapped, mode, windows);
        if detector.full {
            passes.push(one("full", None));
        }
        if let Some(windows) = &detector.windows {
            passes.push(one("windows", Some(windows)));
        }
    }
    Ok(passes)
}

fn pass(
    model: &Model,
    engine: &Arc<dyn Detector>,
    recipe: &DetectorRecipe,
    mapped: &[Mapped],
    mode: &str,
    windows: Option<&WindowRecipe>,
) -> Pass {
    let name = &model.manifest.name;
    let options = options(engine.as_ref(), recipe);
    let cut = windows.map_or(String::new(), |w| format!("{:?} {}", w.side, w.overlap));
    let fingerprint = model.manifest.fingerprint();
    // Everything in the manifest that changes what the network sees, besides its bytes.
    let manifest = &model.manifest;
    let seen = format!("{} {:?} {:?} {:?}", manifest.family, manifest.input_size, manifest.mean, manifest.std);
    let key = key_of(&["detector 1", &fingerprint, &seen, &format!("{options:?}"), mode, &cut]);
    let labels = mapped.iter().map(|one| Label {
        model_class: one.model_class.as_str().into(),
        class_id: one.class_id,
        prompt: None,
    });
    let slicing = windows.map(|w| (w.side, w.overlap));
    let across = options.overlap.is_some_and(|overlap| overlap.across_classes);
    Pass {
        stage: StageKind::Detector,
        source: name.as_str().into(),
        source_run: format!("{name}:{mode}").into(),
        fingerprint,
        key,
        labels: labels.collect(),
        look: Box::new(DetectorLook { engine: Arc::clone(engine), options, slicing }),
        needs_before: false,
        windows: windows.map(|w| WindowRecipe { across_classes: w.across_classes || across, ..w.clone() }),
        classes: mapped.to_vec(),
    }
}

fn options(engine: &dyn Detector, recipe: &DetectorRecipe) -> DetectOptions {
    let usual = engine.usual();
    let overlap = match (recipe.nms, usual.overlap) {
        (Some(1.0), _) => None,
        (Some(iou), _) => Some(Overlap { iou, across_classes: recipe.across_classes }),
        (None, Some(own)) => Some(Overlap { across_classes: own.across_classes || recipe.across_classes, ..own }),
        (None, None) => None,
    };
    DetectOptions {
        score: recipe.score,
        most: recipe.most,
        overlap,
        every_class: recipe.every_class || usual.every_class,
    }
}

struct DetectorLook {
    engine: Arc<dyn Detector>,
    options: DetectOptions,
    /// Side and overlap of windows.
    slicing: Option<(Option<u32>, f64)>,
}

impl Look for DetectorLook {
    fn look(&self, pictures: &[Picture], _: &[About<'_>], stop: &Stop) -> Result<Vec<Vec<Found>>, Error> {
        let Some((side, overlap)) = self.slicing else {
            let found = self.engine.detect(pictures, &self.options, stop)?;
            let plain = |detection: Detection| found_of(&detection, None);
            return Ok(found.into_iter().map(|all| all.into_iter().map(plain).collect()).collect());
        };
        pictures.iter().map(|picture| self.in_windows(picture, side, overlap, stop)).collect()
    }
}

impl DetectorLook {
    fn in_windows(&self, picture: &Picture, side: Option<u32>, overlap: f64, stop: &Stop) -> Result<Vec<Found>, Error> {
        let slicing = match side {
            Some(side) => Slicing::square(side, overlap),
            None => Slicing::automatic(picture.width, picture.height),
        };
        if whole(&windows(picture.width, picture.height, &slicing)?, picture) {
            // One window that is the image itself would say everything twice.
            return Ok(Vec::new());
        }
        let found = detect_windows(self.engine.as_ref(), std::slice::from_ref(picture), &slicing, &self.options, stop)?;
        let tagged = found.into_iter().flatten();
        Ok(tagged.map(|tagged| found_of(&tagged.detection, u32::try_from(tagged.window).ok())).collect())
    }
}

fn whole(windows: &[Window], picture: &Picture) -> bool {
    matches!(windows, [only] if only.w == picture.width && only.h == picture.height)
}

fn found_of(detection: &Detection, window: Option<u32>) -> Found {
    Found { rect: detection.rect, label: detection.class as u32, score: Some(detection.score), window, exemplar: None }
}
