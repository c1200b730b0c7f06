//! Labels that are likely wrong: a head that never saw a row, and the row's neighbours, both say something else.
//!
//! After confident learning (Northcutt et al., 2021): a row is *confidently* another class when that class is as probable
//! for it as it is on average for rows that bear it.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tator_domain::ImageId;

use crate::chance::hash;
use crate::head::{HeadClass, Recipe, Samples, train};
use crate::{Error, Matrix, Rows, Watch};

/// How suspicion is put together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuspectOptions {
    /// Weight of the head's disagreement; the neighbours have the rest.
    pub head_weight: f32,
}

impl Default for SuspectOptions {
    fn default() -> Self {
        Self { head_weight: 0.65 }
    }
}

/// A row, and how suspicious its label is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// Which row.
    pub row: usize,
    /// The label it has.
    pub given: usize,
    /// The label that the head would give.
    pub suggested: usize,
    /// From 0 to 1: the weighed ranks of both disagreements.
    pub score: f32,
    /// Whether it is confidently another class.
    pub confident: bool,
}

/// Probabilities of each row by heads that were trained without its image.
pub fn out_of_fold(
    recipe: &Recipe,
    classes: usize,
    samples: &Samples<'_>,
    images: &[ImageId],
    folds: usize,
    seed: u64,
    watch: Watch<'_>,
) -> Result<Vec<f32>, Error> {
    if images.len() != samples.labels.len() || folds < 2 {
        return Err(Error::invalid("folds", "there must be two or more, and an image for each row"));
    }
    let fold_of: Vec<usize> = folds_of(images, folds, seed);
    let names: Vec<HeadClass> = (0..classes).map(|class| HeadClass::Background(class as u16)).collect();
    let mut probabilities = vec![0.0; images.len() * classes];
    for fold in 0..folds {
        crate::error::report(watch, fold, folds)?;
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..images.len()).partition(|row| fold_of[*row] == fold);
        if inside.is_empty() {
            continue;
        }
        let (vectors, labels) = part(samples, &outside);
        // Where the other images show one class alone, nothing is learnt that could doubt anybody: each keeps its own.
        if labels.iter().all(|label| Some(label) == labels.first()) {
            inside.iter().for_each(|row| probabilities[row * classes + samples.labels[*row]] = 1.0);
            continue;
        }
        let dims = samples.vectors.dims();
        let learnt = Samples { vectors: Matrix::new(&vectors, dims)?, labels: &labels };
        let head = train(recipe, "", &names, &learnt, None, &mut |_| watch(fold, folds))?.head;
        let (vectors, _) = part(samples, &inside);
        let told = head.predict_many(Matrix::new(&vectors, dims)?)?;
        for (row, told) in inside.iter().zip(told.chunks_exact(classes)) {
            probabilities[row * classes..][..classes].copy_from_slice(told);
        }
    }
    Ok(probabilities)
}

fn part(samples: &Samples<'_>, rows: &[usize]) -> (Vec<f32>, Vec<usize>) {
    (samples.vectors.gather(rows), rows.iter().map(|row| samples.labels[*row]).collect())
}

/// Images in the order of a hash, dealt out in turn: folds of equal size that no row of an image leaves.
fn folds_of(images: &[ImageId], folds: usize, seed: u64) -> Vec<usize> {
    let mut distinct: Vec<ImageId> = images.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.sort_by_key(|image| (hash(seed, *image as u64), *image));
    let fold: std::collections::HashMap<ImageId, usize> =
        distinct.into_iter().enumerate().map(|(at, image)| (image, at % folds)).collect();
    images.iter().map(|image| fold[image]).collect()
}

/// All rows, the most suspicious first. `disagreement` is what `knn_disagreement` says.
pub fn suspects(
    probabilities: &[f32],
    labels: &[usize],
    disagreement: &[f32],
    options: SuspectOptions,
) -> Result<Vec<Suspect>, Error> {
    let classes = probabilities.len() / labels.len().max(1);
    if classes == 0 || probabilities.len() != classes * labels.len() || disagreement.len() != labels.len() {
        return Err(Error::invalid("suspects", "probabilities, labels and disagreements must be of the same rows"));
    }
    if labels.iter().any(|label| *label >= classes) {
        return Err(Error::invalid("suspects", format!("a label is none of the {classes} classes")));
    }
    let bars = usual(probabilities, labels, classes);
    let rows: Vec<&[f32]> = probabilities.chunks_exact(classes).collect();
    // How improbable the own label is tells more than how far another one leads: among many classes none may lead.
    let doubts: Vec<f32> = rows.par_iter().zip(labels).map(|(row, label)| 1.0 - row[*label]).collect();
    let (head, near) = (ranks(&doubts), ranks(disagreement));
    let suspect = |row: usize| Suspect {
        row,
        given: labels[row],
        suggested: other(rows[row], labels[row]).0,
        score: options.head_weight * head[row] + (1.0 - options.head_weight) * near[row],
        confident: confidently(rows[row], &bars).is_some_and(|class| class != labels[row]),
    };
    let mut all: Vec<Suspect> = (0..labels.len()).map(suspect).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
    Ok(all)
}

/// How probable each class is on average for rows that bear it.
fn usual(probabilities: &[f32], labels: &[usize], classes: usize) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; classes], vec![0.0f64; classes]);
    for (row, &label) in probabilities.chunks_exact(classes).zip(labels) {
        sums[label] += f64::from(row[label]);
        counts[label] += 1.0;
    }
    sums.iter().zip(counts).map(|(sum, count)| if count > 0.0 { sum / count } else { f64::INFINITY }).collect()
}

/// The most probable class among those that reach their bar.
fn confidently(row: &[f32], bars: &[f64]) -> Option<usize> {
    let reached = row.iter().enumerate().filter(|(class, p)| f64::from(**p) >= bars[*class]);
    reached.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0))).map(|(class, _)| class)
}

/// The most probable class but one's own.
fn other(row: &[f32], label: usize) -> (usize, f32) {
    let others = row.iter().copied().enumerate().filter(|(class, _)| *class != label);
    others.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).unwrap_or((label, 0.0))
}

/// Ranks from 0 to 1; equals share the middle of theirs.
fn ranks(values: &[f32]) -> Vec<f32> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let middle = from as f32 + 0.5 * (group.len() - 1) as f32;
        group.iter().for_each(|row| ranks[*row] = middle / (values.len().max(2) - 1) as f32);
        from += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::head::LogisticOptions;
    use crate::near::{Gallery, knn_disagreement};

    #[test]
    #[allow(clippy::print_stderr)]
    fn planted_wrong_labels_come_first() {
        let (rows, dims, classes, wrong) = (600, 12, 4, 30);
        let mut chance = Chance::new(8);
        let centres: Vec<f64> = (0..classes * dims).map(|_| 2.0 * chance.normal()).collect();
        let truth: Vec<usize> = (0..rows).map(|row| row % classes).collect();
        let data: Vec<f32> = (0..rows * dims)
            .map(|at| (centres[truth[at / dims] * dims + at % dims] + chance.normal()) as f32)
            .collect();
        let labels: Vec<usize> =
            (0..rows).map(|row| if row < wrong { (truth[row] + 1) % classes } else { truth[row] }).collect();
        let images: Vec<ImageId> = (0..rows).map(|row| row as ImageId / 2).collect();
        let vectors = Matrix::new(&data, dims).unwrap();
        let samples = Samples { vectors, labels: &labels };
        let recipe = Recipe::Logistic(LogisticOptions::default());
        let told = out_of_fold(&recipe, classes, &samples, &images, 5, 1, &|_, _| true).unwrap();
        let near = knn_disagreement(&Gallery::new(vectors), &labels, &images, 15, &|_, _| true).unwrap();
        let found = suspects(&told, &labels, &near, SuspectOptions::default()).unwrap();
        let planted = |s: &&Suspect| s.row < wrong && s.suggested == truth[s.row];
        let sure: Vec<&Suspect> = found.iter().filter(|s| s.confident).collect();
        let first = found[..wrong].iter().filter(planted).count();
        let caught = sure.iter().copied().filter(planted).count();
        eprintln!("{first} of {wrong} come first, {caught} are among the {} confident", sure.len());
        assert!(first >= 24 && caught >= 24 && sure.len() < 50);
    }

    #[test]
    fn a_class_on_one_image_alone_doubts_nobody_and_stops_nothing() {
        let data: Vec<f32> = (0..15).flat_map(|row| [if row == 14 { -1.0 } else { 1.0 }, row as f32 / 15.0]).collect();
        let labels: Vec<usize> = (0..15).map(|row| usize::from(row == 14)).collect();
        let images: Vec<ImageId> = (0..15).collect();
        let samples = Samples { vectors: Matrix::new(&data, 2).unwrap(), labels: &labels };
        let recipe = Recipe::Logistic(LogisticOptions::default());
        let told = out_of_fold(&recipe, 2, &samples, &images, 5, 1, &|_, _| true).unwrap();
        assert_eq!(told[2 * 14..], [0.0, 1.0]);
        assert!(told.chunks_exact(2).all(|row| (row[0] + row[1] - 1.0).abs() < 1e-5));
    }

    #[test]
    fn equals_share_their_rank() {
        assert_eq!(ranks(&[5.0, 1.0, 1.0, 9.0, 9.0]), [0.5, 0.125, 0.125, 0.875, 0.875]);
        assert_eq!(ranks(&[3.0]), [0.0]);
    }

    #[test]
    fn folds_keep_images_together_and_are_even() {
        let images: Vec<ImageId> = (0..100).map(|row| row / 4).collect();
        let folds = folds_of(&images, 5, 3);
        assert!(folds.chunks(4).all(|rows| rows.iter().all(|fold| *fold == rows[0])));
        assert!((0..5).all(|fold| folds.iter().filter(|f| **f == fold).count() == 20));
    }
}
