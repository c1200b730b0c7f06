//! How unsure a model is of each image: by the active head, or by the candidates of a run.

use std::collections::{BTreeMap, HashSet};

use tator_domain::{ClassId, DatasetName, ImageId, RunName};
use tator_learning::Matrix;
use tator_learning::head::{Head, HeadClass};
use tator_learning::select::{Gather, Measure, by_image, uncertainties};
use tator_store::{EmbeddingOf, RunKind, Vectors};

use crate::error::Error;
use crate::heads::{ActiveHead, decided, refused};
use crate::workbench::Workbench;

/// Doubt of images, in the order of those that were asked about.
pub(crate) struct Doubts {
    /// Where it comes from, in words.
    pub from: String,
    /// 0 (certain) to 1; not a number where nothing is known.
    pub scores: Vec<f32>,
    /// The classes that are seen on each.
    pub classes: Vec<Vec<ClassId>>,
}

/// Doubt out of rows: an image's is that of its most doubtful row.
pub(crate) struct Seen {
    pub images: Vec<ImageId>,
    pub scores: Vec<f32>,
    pub classes: Vec<Option<ClassId>>,
}

impl Seen {
    pub fn over(&self, images: &[ImageId], from: String) -> Doubts {
        let gathered = by_image(&self.scores, &self.images, Gather::Max);
        let mut classes: BTreeMap<ImageId, Vec<ClassId>> = BTreeMap::new();
        for (image, class) in self.images.iter().zip(&self.classes) {
            let seen = classes.entry(*image).or_default();
            seen.extend(class.filter(|class| !seen.contains(class)));
        }
        let scores = images.iter().map(|image| gathered.get(image).copied().unwrap_or(f32::NAN)).collect();
        let classes = images.iter().map(|image| classes.get(image).cloned().unwrap_or_default()).collect();
        Doubts { from, scores, classes }
    }
}

/// What a head makes of vectors that lie on these images.
pub(crate) fn asked(head: &Head, data: &[f32], images: Vec<ImageId>) -> Result<Seen, Error> {
    let told = head.predict_many(Matrix::new(data, head.dims()).map_err(refused)?).map_err(refused)?;
    let scores = uncertainties(&told, head.classes.len(), Measure::Entropy);
    let class = |at: usize| match head.classes[at] {
        HeadClass::Class(id) => Some(id),
        HeadClass::Background(_) => None,
    };
    let classes = decided(&told, head).0.into_iter().map(class).collect();
    Ok(Seen { images, scores, classes })
}

/// The doubt that can be had: of the run that is named, of the active head about proposed boxes, of the newest run, or of
/// the active head about whole pictures.
pub(super) fn find(
    bench: &Workbench,
    d: &DatasetName,
    run: Option<&RunName>,
    images: &[ImageId],
    taken: &[bool],
) -> Result<Option<Doubts>, Error> {
    let free: HashSet<ImageId> = images.iter().zip(taken).filter(|(_, taken)| !**taken).map(|(id, _)| *id).collect();
    if let Some(run) = run {
        return of_run(bench, d, run, images).map(Some);
    }
    let active = bench.open.assist.shared.heads.get(bench.reader(), d);
    let of_head = |of| active.as_ref().and_then(|active| Some((active, vectors(bench, d, active, of)?)));
    if let Some((active, vectors)) = of_head(EmbeddingOf::Boxes) {
        let rows: Vec<usize> =
            (0..vectors.image_ids.len()).filter(|row| free.contains(&vectors.image_ids[*row])).collect();
        if !rows.is_empty() {
            return of_rows(active, &vectors, &rows, "proposed boxes").map(|seen| Some(seen.0.over(images, seen.1)));
        }
    }
    if let Some(run) = newest_run(bench, d)? {
        return of_run(bench, d, &run, images).map(Some);
    }
    if let Some((active, vectors)) = of_head(EmbeddingOf::Images) {
        let rows: Vec<usize> = (0..vectors.image_ids.len()).collect();
        return of_rows(active, &vectors, &rows, "whole pictures").map(|seen| Some(seen.0.over(images, seen.1)));
    }
    Ok(None)
}

/// Vectors that the head can read; none when they were made by another encoder than it learnt from.
fn vectors(
    bench: &Workbench,
    d: &DatasetName,
    active: &ActiveHead,
    of: EmbeddingOf,
) -> Option<std::sync::Arc<Vectors>> {
    let found = bench.reader().vectors(d, &active.run.encoder, of).ok()?;
    (found.fingerprint == active.run.fingerprint && !found.image_ids.is_empty()).then_some(found)
}

fn of_rows(active: &ActiveHead, vectors: &Vectors, rows: &[usize], what: &str) -> Result<(Seen, String), Error> {
    let data: Vec<f32> = rows.iter().flat_map(|row| vectors.row(*row)).copied().collect();
    let seen = asked(&active.head, &data, rows.iter().map(|row| vectors.image_ids[*row]).collect())?;
    Ok((seen, format!("the head {} on {what}", active.run.name)))
}

/// Candidates are asked for so many images at a time.
const TOGETHER: usize = 4_096;

fn newest_run(bench: &Workbench, d: &DatasetName) -> Result<Option<RunName>, Error> {
    let runs = bench.reader().runs(d, RunKind::Prepass)?;
    let newest = runs.into_iter().max_by_key(|run| run.record["finished_at"].as_i64().unwrap_or(0));
    Ok(newest.map(|run| run.name))
}

/// A candidate that is as likely wrong as right is the most doubtful; one without a score tells nothing.
fn of_run(bench: &Workbench, d: &DatasetName, run: &RunName, images: &[ImageId]) -> Result<Doubts, Error> {
    if !bench.reader().run_names(d, RunKind::Prepass)?.contains(run) {
        return Err(Error::NotFound(format!("run {run} of {d}")));
    }
    let mut seen = Seen { images: Vec::new(), scores: Vec::new(), classes: Vec::new() };
    for some in images.chunks(TOGETHER) {
        let (Some(first), Some(last)) = (some.first(), some.last()) else { continue };
        for candidate in bench.reader().run_candidates(d, run, *first..=*last)? {
            let Some(score) = candidate.score else { continue };
            let right = score.clamp(0.0, 1.0) as f32;
            seen.scores.extend(uncertainties(&[right, 1.0 - right], 2, Measure::Entropy));
            seen.images.push(candidate.image_id);
            seen.classes.push(Some(candidate.class_id));
        }
    }
    Ok(seen.over(images, format!("scores of the run {run}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_as_doubtful_as_its_worst_box_and_one_without_is_unknown() {
        let seen = Seen { images: vec![3, 3, 9], scores: vec![0.2, 0.7, 0.1], classes: vec![Some(1), Some(2), None] };
        let doubts = seen.over(&[3, 5, 9], "x".into());
        assert_eq!((doubts.scores[0], doubts.scores[2]), (0.7, 0.1));
        assert!(doubts.scores[1].is_nan());
        assert_eq!(doubts.classes, [vec![1, 2], vec![], vec![]]);
    }
}
