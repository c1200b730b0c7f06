//! The one evaluator: the figures of the COCO challenge, equal to `pycocotools/cocoeval.py`, and counts at one threshold.
//!
//! In go truths and detections as flat slices, out come figures per class and over all. Rules that are easily got wrong:
//! equal scores keep the order they came in, images are taken by number; a truth outside an area range, or a crowd, is
//! neither found nor missed; a detection on it is neither right nor wrong. COCO overwrites a stored `ignore` by `iscrowd`,
//! so there is no such field here. Unlike the reference a truth may have the id 0 (there such a truth counts as never
//! found), and the area of a detected mask is always the mask's (there the box's, when the results carry boxes too).

mod accumulate;
mod assign;
mod coverage;
mod figures;
mod operating_point;
mod rows;
mod shapes;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use tator_domain::{ClassId, ImageId};

pub use accumulate::{IOU_THRESHOLDS, N_RECALLS, recall_points};
pub use coverage::covered;
pub use figures::Figures;
pub use operating_point::{Counts, Matches, OperatingPoint, Outcome, match_at, operating_point};
pub use shapes::{Mask, Shape};

use crate::bad_number::BadNumber;

/// An object that is really there.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth<S> {
    /// The image it is on.
    pub image: ImageId,
    /// What it shows.
    pub class: ClassId,
    /// Where it is.
    pub shape: S,
    /// Area that decides between small, medium and large: COCO's field `area`, which need not be that of the shape.
    pub area: f64,
    /// A group that stands for any number of objects.
    pub crowd: bool,
}

/// What a model found.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection<S> {
    /// The image it is on.
    pub image: ImageId,
    /// What it is said to show.
    pub class: ClassId,
    /// Where it is.
    pub shape: S,
    /// How sure the model is; only the order counts.
    pub score: f64,
}

/// Whether classes are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Classes {
    /// A detection can only find a truth of its class (`useCats = 1`).
    #[default]
    Apart,
    /// All classes count as one, with the number −1 (`useCats = 0`).
    Pooled,
}

/// The evaluation of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassEvaluation {
    /// The class, −1 when all are pooled.
    pub class: ClassId,
    /// Truths that can be missed: all but crowds.
    pub n_truths: usize,
    /// Detections that were looked at, at most 100 an image.
    pub n_detections: usize,
    /// The twelve figures of this class.
    pub figures: Figures,
    /// Precision at the 101 recall points for each of [`IOU_THRESHOLDS`], all areas; empty without truths.
    pub precision: Vec<[f64; N_RECALLS]>,
}

/// The evaluation of a whole set of detections.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The twelve figures: means over the classes that have truths.
    pub figures: Figures,
    /// Every class with truths or detections, by number.
    pub classes: Vec<ClassEvaluation>,
}

/// The twelve figures of the COCO challenge, over all and per class.
///
/// # Errors
/// [`BadNumber`] for scores, boxes or areas that are not finite, and boxes with negative sides.
pub fn evaluate<S: Shape>(
    truths: &[Truth<S>],
    detections: &[Detection<S>],
    classes: Classes,
) -> Result<Evaluation, BadNumber> {
    rows::check(truths, detections)?;
    let classes = rows::by_class(truths, detections, classes);
    let classes: Vec<_> = classes.into_par_iter().map(|rows| evaluate_class(truths, detections, rows)).collect();
    Ok(Evaluation { figures: Figures::mean(classes.iter().map(|class| &class.figures)), classes })
}

fn evaluate_class<S: Shape>(
    truths: &[Truth<S>],
    detections: &[Detection<S>],
    rows: rows::ClassRows,
) -> ClassEvaluation {
    let class = rows.class;
    let images = rows.images(truths, detections);
    let work = |image: &rows::ImageRows| assign::assign(truths, detections, image);
    let found: Vec<assign::Assigned> = images.par_iter().with_min_len(64).map(work).collect();
    let accumulated = accumulate::Accumulation::new(&found);
    let (figures, precision) = accumulated.figures();
    let (n_truths, n_detections) = (accumulated.n_truths(), accumulated.n_detections());
    ClassEvaluation { class, n_truths, n_detections, figures, precision }
}
