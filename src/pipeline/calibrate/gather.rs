//! From the tables to what the calibrator works on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, ImageId, PixelBox};
use tator_learning::calibrator::{ImageSize, Source};
use tator_store::{
    Desk, DeskCandidate, DeskImage, DeskLook, FeatureTable, ImageFilter, Reader, RunKind, SourceBox, queries,
};

use super::crops::columns;
use super::package::pictures;
use super::request::CalibrateRequest;
use super::work::Begins;
use crate::error::Error;
use crate::evaluate::{Detection, Truth, Truths};
use crate::jobs::Context;
use crate::prepass::looked_at;

/// What is known of a model's training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Whether anybody said which images it was trained on.
    pub told: bool,
    /// The condition that means them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Labelled images of the run that it means.
    pub seen_images: usize,
}

/// Everything a calibration needs, in memory.
pub(super) struct Gathered {
    /// Every image of the run.
    pub images: Vec<DeskImage>,
    /// Every candidate of the run, by image.
    pub candidates: Vec<DeskCandidate>,
    /// A row each candidate.
    pub features: FeatureTable,
    /// The images with usable truth.
    pub sizes: Vec<ImageSize>,
    /// The truths on them.
    pub truths: Vec<Truth>,
    /// Numbers of these boxes.
    pub box_ids: Vec<BoxId>,
    /// What each model found on them.
    pub sources: Vec<Source>,
    /// What is known of each model's training.
    pub lineage: BTreeMap<String, Lineage>,
    /// Labelled images that an imported recipe was learnt from: their truth is not used.
    pub taught: usize,
    /// Labelled images whose truth is not used.
    pub hidden: BTreeSet<ImageId>,
    /// Images whose crops could not be looked at.
    pub unseen: usize,
}

/// Lays everything out.
pub(super) fn gather(context: &Context, begins: &Begins<'_>) -> Result<Gathered, Error> {
    let Begins { request, recipe, appearance, .. } = *begins;
    let (d, reader) = (&request.dataset, context.writer.reader());
    check_names(reader, request)?;
    let told = |done: usize, total: usize| context.progress("laying out candidates", done as u64, total as u64);
    let desk = reader.desk(d, &request.run, request.floor, told)?;
    let of_run = with_truth(&desk.images()?);
    let (mut seen, mut lineage) = seen_images(reader, request, &of_run)?;
    let of_pictures = |hashes: &BTreeSet<String>| {
        let found = with_pictures(reader, request, hashes)?;
        Ok::<Vec<ImageId>, Error>(found.intersection(&of_run).copied().collect())
    };
    // What an imported recipe or a head was learnt from tests neither.
    let taught = recipe.map(|recipe| of_pictures(recipe.learnt_from())).transpose()?.unwrap_or_default();
    seen.extend(&taught);
    if let Some((hashes, head)) = appearance.and_then(|looks| looks.seen().zip(looks.note.head.as_ref())) {
        let known = of_pictures(hashes)?;
        lineage.insert(format!("head {}", head.id), Lineage { told: true, condition: None, seen_images: known.len() });
        seen.extend(&known);
    }
    if !seen.is_empty() {
        desk.hide_truth(&seen)?;
    }
    let images = desk.images()?;
    let found = desk.sources()?;
    for source in found.keys() {
        lineage.entry(source.clone()).or_insert(Lineage { told: false, condition: None, seen_images: 0 });
    }
    context.progress("computing features", 0, 0)?;
    let candidates = desk.candidates()?;
    let mut features = features(&desk, &candidates, &request.without)?;
    drop(desk);
    let mut unseen = 0;
    if let Some(looks) = appearance {
        let (more, failed) = columns(context, d, looks, &candidates)?;
        let more = stays(more, &request.without);
        features.names.extend(more.names);
        features.columns.extend(more.columns);
        unseen = failed;
    }
    let usable = with_truth(&images);
    let truths = Truths::read_any(reader, d, None)?.of_images(|image| usable.contains(&image));
    let sizes = images.iter().filter(|image| image.is_truth);
    let sizes =
        sizes.map(|image| ImageSize { image: image.image_id, width: image.width, height: image.height }).collect();
    let current = in_use(context, request, &usable)?;
    Ok(Gathered {
        images,
        candidates,
        features,
        sizes,
        truths: truths.rows,
        box_ids: truths.box_ids,
        sources: found.into_iter().flat_map(alone_and_together).chain(current).collect(),
        lineage,
        taught: taught.len(),
        hidden: of_run.difference(&usable).copied().collect(),
        unseen,
    })
}

/// Images whose truth can be used.
fn with_truth(images: &[DeskImage]) -> BTreeSet<ImageId> {
    images.iter().filter(|image| image.is_truth).map(|image| image.image_id).collect()
}

/// A model with all it found, and where it looked in several ways each of these alone.
fn alone_and_together((source, looks): (String, Vec<DeskLook>)) -> Vec<Source> {
    let detection =
        |one: &SourceBox| Detection { image: one.image_id, class: one.class_id, shape: one.rect, score: one.score };
    let of_look =
        |(name, boxes): &DeskLook| Source { name: name.clone(), detections: boxes.iter().map(detection).collect() };
    let mut alone: Vec<Source> = if looks.len() > 1 { looks.iter().map(of_look).collect() } else { Vec::new() };
    let mut together: Vec<Detection> = looks.iter().flat_map(|(_, boxes)| boxes.iter().map(detection)).collect();
    together.sort_by_key(|one| one.image);
    alone.push(Source { name: source, detections: together });
    alone
}

/// The recipe in use, as one more thing to be better than: the promoted calibration of this run on the latest data, by the
/// scores it gave images that it had not seen.
fn in_use(context: &Context, request: &CalibrateRequest, usable: &BTreeSet<ImageId>) -> Result<Option<Source>, Error> {
    let reader = context.writer.reader();
    let (Some(first), Some(last)) = (usable.first(), usable.last()) else { return Ok(None) };
    let d = &request.dataset;
    let of_run = |record: &serde_json::Value| {
        record["run"].as_str() == Some(request.run.as_str()) && record["gate"]["promoted"].as_bool() == Some(true)
    };
    let known = reader.runs(d, RunKind::Calibration)?.into_iter().filter(|entry| of_run(&entry.record));
    let Some(entry) = known.max_by_key(|entry| entry.record["data_version"].as_i64()) else { return Ok(None) };
    let rows = reader.calibration_rows(d, &entry.name, &request.run, *first..=*last)?;
    if rows.iter().any(|row| row.is_hidden && usable.contains(&row.image_id)) {
        context.log(&format!(
            "the recipe in use, {}, has learnt from images that test this one: it is not compared with",
            entry.name
        ));
        return Ok(None);
    }
    let ours = rows.into_iter().filter(|row| row.kept && usable.contains(&row.image_id));
    let detections = ours
        .map(|row| Detection { image: row.image_id, class: row.class_id, shape: row.rect, score: row.score })
        .collect();
    Ok(Some(Source { name: format!("recipe in use: {}", entry.name), detections }))
}

/// The columns that are not left out.
fn features(desk: &Desk, candidates: &[DeskCandidate], without: &[String]) -> Result<FeatureTable, Error> {
    Ok(stays(desk.features(candidates.len())?, without))
}

fn stays(all: FeatureTable, without: &[String]) -> FeatureTable {
    let stays = |name: &String| !without.iter().any(|left_out| name.starts_with(left_out.as_str()));
    let (names, columns) = all.names.into_iter().zip(all.columns).filter(|(name, _)| stays(name)).unzip();
    FeatureTable { names, columns }
}

/// A model that is none of the run's would hide truth for nothing.
fn check_names(reader: &Reader, request: &CalibrateRequest) -> Result<(), Error> {
    let entry = reader.run_entry(&request.dataset, RunKind::Prepass, &request.run)?;
    let sources = entry.record["sources"].as_array().into_iter().flatten();
    let names: BTreeSet<&str> = sources.filter_map(|one| one["source"].as_str()).collect();
    match request.seen.keys().find(|name| !names.is_empty() && !names.contains(name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let names: Vec<&str> = names.into_iter().collect();
            let text = format!("run {} has no model {unknown}; it has {}", request.run, names.join(", "));
            Err(Error::invalid("seen", text))
        }
    }
}

/// Images whose truth is not used because a model has been trained on them.
fn seen_images(
    reader: &Reader,
    request: &CalibrateRequest,
    of_run: &BTreeSet<ImageId>,
) -> Result<(Vec<ImageId>, BTreeMap<String, Lineage>), Error> {
    let (mut all, mut lineage) = (BTreeSet::new(), BTreeMap::new());
    for (source, condition) in &request.seen {
        let filter = ImageFilter { condition: Some(condition.clone()), ..ImageFilter::default() };
        let rows = reader.image_rows(&request.dataset, &filter)?;
        let seen: Vec<ImageId> = rows.into_iter().map(|row| row.image_id).filter(|id| of_run.contains(id)).collect();
        let told = Lineage { told: true, condition: Some(condition.clone()), seen_images: seen.len() };
        lineage.insert(source.clone(), told);
        all.extend(seen);
    }
    Ok((all.into_iter().collect(), lineage))
}

/// Images of a run whose pictures are among those with these hashes.
fn with_pictures(
    reader: &Reader,
    request: &CalibrateRequest,
    hashes: &BTreeSet<String>,
) -> Result<BTreeSet<ImageId>, Error> {
    let here = pictures(reader, &request.dataset, looked_at(&request.dataset, &request.run))?;
    Ok(here.into_iter().filter(|(_, hash)| hashes.contains(hash)).map(|(image, _)| image).collect())
}

/// A name for how features are computed: the statements, and the names and order of the columns.
pub(super) fn features_hash(names: &[String]) -> String {
    let statements = [
        queries::LOAD_DESK_IMAGES,
        queries::LOAD_DESK_CANDIDATES,
        queries::LOAD_DESK_VOTES,
        queries::LOAD_DESK_OVERLAPS,
        queries::LOAD_DESK_NEIGHBOURS,
        queries::SELECT_DESK_FEATURES,
        queries::SELECT_DESK_VOTES,
    ];
    let mut hasher = blake3::Hasher::new();
    for text in statements.iter().map(|query| query.sql).chain(names.iter().map(String::as_str)) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// A candidate as the calibrator takes it; one without a score counts with 0.
pub(super) fn as_detection(candidate: &DeskCandidate) -> tator_learning::coco_evaluation::Detection<PixelBox> {
    Detection {
        image: candidate.image_id,
        class: candidate.class_id,
        shape: candidate.rect,
        score: candidate.score.unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(name: &str, images: &[ImageId]) -> DeskLook {
        let rect = PixelBox { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };
        (
            name.to_owned(),
            images.iter().map(|image| SourceBox { image_id: *image, class_id: 1, rect, score: 0.5 }).collect(),
        )
    }

    #[test]
    fn a_model_that_looks_twice_is_compared_with_by_each_look_and_by_both_together() {
        let one = alone_and_together(("m".to_owned(), vec![look("m:full", &[1, 2])]));
        assert_eq!(one.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["m"]);
        let two = alone_and_together(("m".to_owned(), vec![look("m:full", &[1, 3]), look("m:windows", &[2])]));
        assert_eq!(two.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["m:full", "m:windows", "m"]);
        assert_eq!(two[2].detections.iter().map(|one| one.image).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
