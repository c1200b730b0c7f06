//! The candidates of some images, what is known of them, and what is really there.

use std::collections::BTreeMap;

use tator_domain::{ImageId, PixelBox};

use super::options::Labels;
use super::shelf::name_of;
use crate::Error;
use crate::bad_number::BadNumber;
use crate::boost::Columns;
use crate::coco_evaluation::{Classes, Detection, Outcome, Shape, Truth, match_at};

/// An image whose truth is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageSize {
    /// Its number.
    pub image: ImageId,
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
}

/// What one source found, for comparison: its boxes with its own scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// What it found.
    pub detections: Vec<Detection<PixelBox>>,
}

/// Everything a calibration works on.
#[derive(Debug, Clone)]
pub struct Pool<'a> {
    /// Every image that was looked at and whose truth is known, by number; those without candidates and truths too.
    pub images: &'a [ImageSize],
    /// The candidates, by image; the score is the run's.
    pub candidates: &'a [Detection<PixelBox>],
    /// The truths on these images.
    pub truths: &'a [Truth<PixelBox>],
    /// For each candidate what can be said of it without knowing a truth.
    pub columns: Columns<'a>,
    /// For each candidate the place of its image.
    pub(super) image_at: Vec<usize>,
    /// For each truth the place of its image.
    pub(super) truth_at: Vec<usize>,
    /// Name of the content of columns and boxes.
    content: String,
}

impl<'a> Pool<'a> {
    /// Puts the parts together; refuses rows of images that are not in the list.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn new(
        images: &'a [ImageSize],
        candidates: &'a [Detection<PixelBox>],
        truths: &'a [Truth<PixelBox>],
        columns: Columns<'a>,
    ) -> Result<Self, Error> {
        if images.windows(2).any(|pair| pair[0].image >= pair[1].image) {
            return Err(Error::invalid("images", "they must be sorted by number, each once"));
        }
        if candidates.windows(2).any(|pair| pair[0].image > pair[1].image) || columns.rows() != candidates.len() {
            return Err(Error::invalid("candidates", "they must be sorted by image, with a row of columns each"));
        }
        let place = |image: ImageId| {
            let found = images.binary_search_by_key(&image, |size| size.image);
            found.map_err(|_| Error::invalid("images", format!("image {image} is not among them")))
        };
        let image_at = candidates.iter().map(|one| place(one.image)).collect::<Result<_, _>>()?;
        let truth_at = truths.iter().map(|one| place(one.image)).collect::<Result<_, _>>()?;
        let content = name_of(&columns);
        Ok(Self { images, candidates, truths, columns, image_at, truth_at, content })
    }

    /// A name for what the columns hold: equal columns have equal names.
    #[must_use]
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Numbers of the candidates on the marked images.
    pub(super) fn rows_on(&self, marked: &[bool]) -> Vec<usize> {
        (0..self.candidates.len()).filter(|row| marked[self.image_at[*row]]).collect()
    }

    /// The truths on the marked images.
    pub(super) fn truths_on(&self, marked: &[bool]) -> Vec<Truth<PixelBox>> {
        let on = self.truths.iter().zip(&self.truth_at).filter(|(_, at)| marked[**at]);
        on.map(|(truth, _)| truth.clone()).collect()
    }

    /// Candidates with a score of ours.
    pub(super) fn scored(&self, scores: &[(usize, f64)]) -> Vec<Detection<PixelBox>> {
        scores.iter().map(|(row, score)| Detection { score: *score, ..self.candidates[*row].clone() }).collect()
    }

    /// What of these lies on the marked images.
    pub(super) fn detections_on(&self, all: &[Detection<PixelBox>], marked: &[bool]) -> Vec<Detection<PixelBox>> {
        let is_on =
            |image: ImageId| self.images.binary_search_by_key(&image, |size| size.image).is_ok_and(|at| marked[at]);
        all.iter().filter(|one| is_on(one.image)).cloned().collect()
    }

    /// Which candidates are right: 1 or 0, and nothing for those on crowds. Each depends on its own image alone.
    ///
    /// # Errors
    /// [`BadNumber`].
    pub fn targets(&self, iou: f64, labels: Labels, rank_by: &str) -> Result<Vec<Option<f32>>, BadNumber> {
        let ranked: Option<Vec<Detection<PixelBox>>> = self.columns.column(rank_by).map(|column| {
            // A thousandth of the run's score tells equals apart.
            let score = |(one, rank): (&Detection<PixelBox>, &f32)| Detection {
                score: if rank.is_nan() { 0.0 } else { f64::from(*rank) } + 1e-3 * one.score,
                ..one.clone()
            };
            self.candidates.iter().zip(column).map(score).collect()
        });
        let matches = match_at(self.truths, ranked.as_deref().unwrap_or(self.candidates), iou, Classes::Apart)?;
        let mut targets: Vec<Option<f32>> = matches
            .outcomes
            .iter()
            .map(|outcome| match outcome {
                Outcome::Right(_) => Some(1.0),
                Outcome::Wrong => Some(0.0),
                Outcome::Ignored => None,
            })
            .collect();
        if labels == Labels::ManyToOne {
            let mut by_image: BTreeMap<ImageId, Vec<&Truth<PixelBox>>> = BTreeMap::new();
            self.truths.iter().filter(|truth| !truth.crowd).for_each(|t| by_image.entry(t.image).or_default().push(t));
            for (target, one) in targets.iter_mut().zip(self.candidates) {
                let mut near = by_image.get(&one.image).into_iter().flatten().filter(|truth| truth.class == one.class);
                if near.any(|truth| one.shape.overlap(&truth.shape, false) >= iou) {
                    *target = Some(1.0);
                }
            }
        }
        Ok(targets)
    }
}
