//! What embeddings of boxes say: whose class is doubtful, and which look unlike their class.

use std::collections::{BTreeMap, HashMap, HashSet};

use tator_domain::{BoxId, ClassId, ImageId};
use tator_learning::head::{ClassWeights, LogisticOptions, Recipe, Samples};
use tator_learning::near::{
    Gallery, SuspectOptions, class_distances, deviations, knn_disagreement, out_of_fold, suspects,
};
use tator_learning::{Matrix, Watch};
use tator_store::{BoxFigures, Finding, PlacedBox, Vectors};

use super::{of_box, refused};
use crate::error::Error;

/// A class on fewer images is doubted by nobody: what was left out of a fold may be all of it.
const FEWEST_IMAGES: usize = 3;
/// Parts into which images fall, so that a head never saw the images it speaks about.
const FOLDS: usize = 5;
/// Neighbours that are asked.
const NEIGHBOURS: usize = 15;
/// Boxes that are compared with each other; of more, each share by itself.
const SHARE: usize = 60_000;
/// Most suspects shown, as a part of all boxes.
const SHOWN: usize = 10;
/// A box looks unlike its class by so many usual deviations.
const UNLIKE: f64 = 4.0;

/// Rows of one share: which box of the look, and which vector.
struct Row {
    at: usize,
    vector: usize,
}

/// Adds figures to those of the boxes and gives findings.
pub(super) fn look(
    boxes: &[PlacedBox],
    vectors: &Vectors,
    figures: &mut [BoxFigures],
    seed: u64,
    watch: Watch<'_>,
) -> Result<Vec<Finding>, Error> {
    let place: HashMap<BoxId, usize> = boxes.iter().enumerate().map(|(at, placed)| (placed.box_id, at)).collect();
    let known = vectors.box_ids.iter().enumerate().filter_map(|(vector, id)| Some(Row { at: *place.get(id)?, vector }));
    let known: Vec<Row> = known.filter(|row| !boxes[row.at].is_crowd).collect();
    let shares = known.len().div_ceil(SHARE).max(1);
    let mut parts: Vec<Vec<Row>> = (0..shares).map(|_| Vec::new()).collect();
    let total = known.len();
    for row in known {
        parts[share_of(boxes[row.at].image_id, seed, shares)].push(row);
    }
    let (mut suspected, mut done) = (Vec::new(), 0);
    for part in &parts {
        let share = |at: usize, of: usize| watch(done + part.len() * at / of.max(1), total);
        suspected.extend(doubts(boxes, vectors, part, figures, seed, &share)?);
        unlike(boxes, vectors, part, figures)?;
        done += part.len();
    }
    suspected.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.box_id.cmp(&b.box_id)));
    suspected.truncate(total.div_ceil(SHOWN));
    let doubted: HashSet<Option<BoxId>> = suspected.iter().map(|finding| finding.box_id).collect();
    let strangers = boxes.iter().zip(figures.iter()).filter_map(|(placed, figures)| stranger(placed, figures));
    // A box of a doubtful class is asked about once.
    let strangers: Vec<Finding> = strangers.filter(|finding| !doubted.contains(&finding.box_id)).collect();
    Ok(suspected.into_iter().chain(strangers).collect())
}

fn stranger(placed: &PlacedBox, figures: &BoxFigures) -> Option<Finding> {
    let (far, distance) = (figures.outlier?, figures.class_distance?);
    let why = format!("{far:.1} usual deviations from its class, at a cosine distance of {distance:.2}");
    (far > UNLIKE).then(|| of_box("outlier", placed, far, why))
}

/// All boxes of an image fall into one share.
fn share_of(image: ImageId, seed: u64, shares: usize) -> usize {
    let mixed = (image.unsigned_abs() ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    (mixed % shares as u64) as usize
}

fn gathered(vectors: &Vectors, rows: &[Row]) -> Vec<f32> {
    rows.iter().flat_map(|row| &vectors.data[row.vector * vectors.dims..][..vectors.dims]).copied().collect()
}

/// Classes by number from 0, in order.
fn numbered(boxes: &[PlacedBox], rows: &[Row]) -> (Vec<ClassId>, Vec<usize>) {
    let of = |row: &Row| boxes[row.at].class_id;
    let numbers: BTreeMap<ClassId, ()> = rows.iter().map(|row| (of(row), ())).collect();
    let classes: Vec<ClassId> = numbers.into_keys().collect();
    let labels = rows.iter().map(|row| classes.binary_search(&of(row)).unwrap_or_default()).collect();
    (classes, labels)
}

/// Boxes whose class heads and neighbours doubt.
fn doubts(
    boxes: &[PlacedBox],
    vectors: &Vectors,
    rows: &[Row],
    figures: &mut [BoxFigures],
    seed: u64,
    watch: Watch<'_>,
) -> Result<Vec<Finding>, Error> {
    let (classes, labels) = numbered(boxes, rows);
    let images: Vec<ImageId> = rows.iter().map(|row| boxes[row.at].image_id).collect();
    if classes.len() < 2 || images.iter().collect::<HashSet<_>>().len() < 2 * FOLDS {
        return Ok(Vec::new());
    }
    let data = gathered(vectors, rows);
    let matrix = Matrix::new(&data, vectors.dims).map_err(refused)?;
    let samples = Samples { vectors: matrix, labels: &labels };
    // A head without class weights finds what is wrong among frequent classes, one with them among rare ones.
    let mut told = vec![0.0; labels.len() * classes.len()];
    for (turn, class_weights) in [ClassWeights::None, ClassWeights::Balanced].into_iter().enumerate() {
        let recipe = Recipe::Logistic(LogisticOptions { class_weights, ..LogisticOptions::default() });
        let part = |at: usize, of: usize| watch(turn * of + at, 4 * of);
        let one = out_of_fold(&recipe, classes.len(), &samples, &images, FOLDS, seed, &part).map_err(refused)?;
        told.iter_mut().zip(one).for_each(|(mean, one)| *mean += one / 2.0);
    }
    let half = |at: usize, of: usize| watch(of + at, 2 * of);
    let near = knn_disagreement(&Gallery::new(matrix), &labels, &images, NEIGHBOURS, &half).map_err(refused)?;
    let found = suspects(&told, &labels, &near, SuspectOptions::default()).map_err(refused)?;
    let mut shown_on: HashMap<usize, HashSet<ImageId>> = HashMap::new();
    for (label, image) in labels.iter().zip(&images) {
        shown_on.entry(*label).or_default().insert(*image);
    }
    let mut doubted = Vec::new();
    for suspect in found {
        let (at, suggested) = (rows[suspect.row].at, classes[suspect.suggested]);
        let figures = &mut figures[at];
        figures.suspicion = Some(suspect.score);
        figures.suggested = Some(suggested);
        figures.confident = Some(suspect.confident);
        // Who never saw the class on another image cannot doubt it.
        let images_of_class = shown_on.get(&labels[suspect.row]).map_or(0, HashSet::len);
        if suspect.confident && images_of_class >= FEWEST_IMAGES {
            let probability = told[suspect.row * classes.len() + suspect.suggested];
            let why = format!(
                "a head gives the other class {:.0} %, and {:.0} % of its neighbours contradict",
                100.0 * probability,
                100.0 * near[suspect.row]
            );
            let finding = of_box("wrong_class", &boxes[at], f64::from(suspect.score), why);
            doubted.push(Finding { suggested_class_id: Some(suggested), ..finding });
        }
    }
    Ok(doubted)
}

/// How far each box is from its class.
fn unlike(boxes: &[PlacedBox], vectors: &Vectors, rows: &[Row], figures: &mut [BoxFigures]) -> Result<(), Error> {
    let (_, labels) = numbered(boxes, rows);
    let data = gathered(vectors, rows);
    let matrix = Matrix::new(&data, vectors.dims).map_err(refused)?;
    let distances = class_distances(matrix, &labels).map_err(refused)?;
    let values: Vec<f64> = distances.iter().map(|distance| f64::from(*distance)).collect();
    let far = deviations(&values, &labels);
    for (row, (distance, far)) in rows.iter().zip(distances.iter().zip(far)) {
        figures[row.at].class_distance = Some(*distance);
        figures[row.at].outlier = Some(far);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_domain::PixelBox;
    use tator_store::EmbeddingOf;

    /// Sixty boxes of two classes on thirty images; box 5 looks like the other class, box 8 like nothing.
    fn made() -> (Vec<PlacedBox>, Vectors) {
        let placed = |at: i64| PlacedBox {
            box_id: at,
            image_id: at / 2,
            class_id: 3 + (at % 2) as ClassId,
            rect: PixelBox { x: 1.0, y: 1.0, w: 9.0, h: 9.0 },
            is_crowd: false,
            is_turned: false,
            size: (64, 48),
            is_truth: true,
        };
        let vector = |at: i64| {
            let wobble = (at % 7) as f32 * 0.02;
            match (at, at % 2) {
                (5, _) => [1.0, 0.01, 0.05],
                (8, _) => [0.2, 0.2, 1.0],
                (_, 0) => [1.0, wobble, 0.1 - wobble],
                _ => [wobble, 1.0, 0.1 - wobble],
            }
        };
        let vectors = Vectors {
            encoder: "e".into(),
            fingerprint: String::new(),
            of: EmbeddingOf::Boxes,
            recipe: String::new(),
            dims: 3,
            image_ids: (0..60).map(|at| at / 2).collect(),
            box_ids: (0..60).collect(),
            keys: vec![0; 60],
            data: (0..60).flat_map(vector).collect(),
        };
        ((0..60).map(placed).collect(), vectors)
    }

    #[test]
    fn the_mislabelled_box_and_the_stranger_are_found() {
        let (boxes, vectors) = made();
        let mut figures = vec![BoxFigures::default(); 60];
        let found = look(&boxes, &vectors, &mut figures, 1, &|_, _| true).unwrap();
        let wrong = found.iter().find(|f| f.kind == "wrong_class").unwrap();
        assert_eq!((wrong.box_id, wrong.class_id, wrong.suggested_class_id), (Some(5), Some(4), Some(3)));
        assert!(found.iter().any(|f| f.kind == "outlier" && f.box_id == Some(8)), "{found:?}");
        assert!(figures.iter().all(|figures| figures.suspicion.is_some() && figures.outlier.is_some()));
        let again = look(&boxes, &vectors, &mut figures, 1, &|_, _| true).unwrap();
        assert_eq!(found, again);
    }

    #[test]
    fn one_class_alone_is_never_doubted() {
        let (mut boxes, vectors) = made();
        boxes.iter_mut().for_each(|placed| placed.class_id = 1);
        let found = look(&boxes, &vectors, &mut vec![BoxFigures::default(); 60], 1, &|_, _| true).unwrap();
        assert!(found.iter().all(|finding| finding.kind == "outlier"));
    }
}
