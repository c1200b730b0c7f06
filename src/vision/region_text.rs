//! Words over regions: the fall-back where there is no detector that understands words. Something that knows no words
//! proposes regions (a detector's raw candidates, or a segmenter asked at a grid of points), an image encoder makes a
//! vector of each, and its text tower says how near the words are.
//!
//! A cosine alone means nothing, so a prompt is weighed against a bank of everyday things: its score is its share of a
//! softmax over itself and the bank, without those words of the bank that mean the same. A prompt's score does not depend
//! on what else is asked for.

use std::sync::{Arc, OnceLock};

use tator_domain::{PixelBox, iou};

use crate::detector::{DetectOptions, Detection, Detector, Overlap, TextDetector};
use crate::embedder::Embedder;
use crate::frame::Placement;
use crate::model_error::ModelError;
use crate::network::Stop;
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, Prompt, Segmenter};
use crate::suppress::{self, survivors};
use crate::tensor::Tensor;
use crate::text_encoder::TextEncoder;

/// Regions of one look, the best.
const MOST_REGIONS: usize = 96;
/// Two regions that overlap by more are one.
const SAME_REGION: f64 = 0.8;
/// What a detector is asked for: nearly everything it thinks of, whatever its class.
const RAW: DetectOptions = DetectOptions {
    score: 0.03,
    most: MOST_REGIONS,
    overlap: Some(Overlap { iou: SAME_REGION, across_classes: true }),
    every_class: false,
};
/// Quality of a segmenter's mask that makes a region.
const GOOD_MASK: f32 = 0.7;
/// Margin around a region as class suggestions have it: encoders that look at the middle still see all of it.
pub const REGION_MARGIN: f64 = 0.15;
/// Sides of a region under this many pixels show too little.
const SMALLEST: f64 = 6.0;
/// Words of the bank that are nearer to a prompt than this mean the same.
const SAME_MEANING: f32 = 0.7;
/// Everyday things and grounds. What a prompt is not, is most often one of these.
const BANK: [&str; 40] = [
    "sky",
    "grass",
    "tree",
    "wall",
    "floor",
    "road",
    "water",
    "sand",
    "rock",
    "building",
    "window",
    "door",
    "roof",
    "fence",
    "person",
    "face",
    "hand",
    "clothes",
    "shoe",
    "animal",
    "bird",
    "flower",
    "food",
    "fruit",
    "bottle",
    "bowl",
    "box",
    "paper",
    "book",
    "screen",
    "machine",
    "tool",
    "furniture",
    "chair",
    "table",
    "lamp",
    "vehicle",
    "wheel",
    "sign",
    "shadow",
];

/// Where regions come from.
#[derive(Clone)]
pub enum Regions {
    /// A detector's raw candidates, its classes set aside.
    Candidates(Arc<dyn Detector>),
    /// A segmenter asked at this many points a side: slower, and bound to no classes.
    Grid(Arc<dyn Segmenter>, usize),
}

/// A detector of words made of three models that each know a part.
pub struct RegionText {
    regions: Regions,
    embedder: Arc<dyn Embedder>,
    text: Option<Arc<dyn TextEncoder>>,
    bank: OnceLock<Vec<Vec<f32>>>,
}

impl Regions {
    /// Boxes that may hold something, the best first.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] and whatever goes wrong in the model.
    pub fn of(&self, picture: &Picture, stop: &Stop) -> Result<Vec<PixelBox>, ModelError> {
        let large = |rect: &PixelBox| rect.w >= SMALLEST && rect.h >= SMALLEST;
        match self {
            Self::Candidates(detector) => {
                let found = detector.detect(std::slice::from_ref(picture), &RAW, stop)?.pop().unwrap_or_default();
                Ok(found.into_iter().filter(|one| one.angle.is_none()).map(|one| one.rect).filter(large).collect())
            }
            Self::Grid(segmenter, side) => grid(segmenter.as_ref(), picture, *side, stop),
        }
    }
}

fn grid(segmenter: &dyn Segmenter, picture: &Picture, side: usize, stop: &Stop) -> Result<Vec<PixelBox>, ModelError> {
    let encoding = segmenter.encode(picture, stop)?;
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    let mut found: Vec<(f32, PixelBox)> = Vec::new();
    for at in 0..side * side {
        if stop.is_asked() {
            return Err(ModelError::Stopped);
        }
        let share = |place: usize| (place as f64 + 0.5) / side as f64;
        let point = (share(at % side) * width, share(at / side) * height, true);
        let prompt = Prompt { points: vec![point], rect: None };
        for mask in segmenter.decode(&encoding, &prompt)? {
            let outline = (mask.score >= GOOD_MASK).then(|| mask.outline(picture.width, picture.height, &prompt));
            let rect = outline.flatten().map(|outline| outline.rect);
            found.extend(rect.filter(|rect| rect.w >= SMALLEST && rect.h >= SMALLEST).map(|rect| (mask.score, rect)));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut regions: Vec<PixelBox> = Vec::new();
    for (_, rect) in found {
        if regions.len() < MOST_REGIONS && regions.iter().all(|other| iou(other, &rect) <= SAME_REGION) {
            regions.push(rect);
        }
    }
    Ok(regions)
}

/// The boxes of a look and their vectors.
pub struct SeenRegions {
    /// Boxes in pixels of the picture.
    pub rects: Vec<PixelBox>,
    /// A vector of unit length for each.
    pub vectors: Vec<Vec<f32>>,
}

impl RegionText {
    /// Of a source of regions, an image encoder, and its text tower where it has one.
    #[must_use]
    pub fn new(regions: Regions, embedder: Arc<dyn Embedder>, text: Option<Arc<dyn TextEncoder>>) -> Self {
        Self { regions, embedder, text, bank: OnceLock::new() }
    }

    /// The vector of one box of a picture, as those of regions are made.
    ///
    /// # Errors
    /// [`ModelError::Options`] for a box outside the picture, and whatever goes wrong in the model.
    pub fn vector(&self, picture: &Picture, rect: &PixelBox, stop: &Stop) -> Result<Vec<f32>, ModelError> {
        let crop = picture.square_around(rect, REGION_MARGIN).map_err(|e| ModelError::Options(e.to_string()))?;
        Ok(self.embedder.embed(&[crop], stop)?.pop().unwrap_or_default())
    }

    /// What a look holds.
    ///
    /// # Errors
    /// [`ModelError::Shape`] for a look of another detector.
    pub fn regions(seen: &Encoding) -> Result<SeenRegions, ModelError> {
        let find = |name: &str| seen.tensors.iter().find(|(other, _)| other == name).map(|(_, tensor)| tensor);
        let (Some(rects), Some(vectors)) = (find("rects"), find("vectors")) else {
            return Err(ModelError::Shape { what: "regions".to_owned(), shape: Vec::new() });
        };
        let length = vectors.shape.last().copied().unwrap_or(0).max(1);
        let rect = |four: &[f32; 4]| {
            let [x, y, w, h] = four.map(f64::from);
            PixelBox { x, y, w, h }
        };
        Ok(SeenRegions {
            rects: rects.floats().as_chunks::<4>().0.iter().map(rect).collect(),
            vectors: vectors.floats().chunks_exact(length).map(<[f32]>::to_vec).collect(),
        })
    }

    /// Regions that look like this vector, best first; the score is the cosine, the class 0.
    ///
    /// # Errors
    /// As [`regions`](Self::regions).
    pub fn like(seen: &Encoding, vector: &[f32], options: &DetectOptions) -> Result<Vec<Detection>, ModelError> {
        let SeenRegions { rects, vectors } = Self::regions(seen)?;
        let near = rects.into_iter().zip(vectors).map(|(rect, other)| (rect, 0, dot(&other, vector)));
        Ok(sift(near.collect(), options))
    }

    fn bank(&self, text: &dyn TextEncoder, stop: &Stop) -> Result<&[Vec<f32>], ModelError> {
        if let Some(bank) = self.bank.get() {
            return Ok(bank);
        }
        let words = BANK.map(|word| text.sentence(word));
        let vectors = text.embed_texts(&words.each_ref().map(String::as_str), stop)?;
        Ok(self.bank.get_or_init(|| vectors))
    }
}

impl TextDetector for RegionText {
    fn look(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        // As they are kept: a crop made again from what was kept is the same.
        let single = |rect: PixelBox| {
            let [x, y, w, h] = [rect.x, rect.y, rect.w, rect.h].map(|v| f64::from(v as f32));
            PixelBox { x, y, w, h }
        };
        let rects: Vec<PixelBox> = self.regions.of(picture, stop)?.into_iter().map(single).collect();
        let crops = rects.iter().map(|rect| picture.square_around(rect, REGION_MARGIN)).collect::<Result<Vec<_>, _>>();
        let crops = crops.map_err(|e| ModelError::Options(e.to_string()))?;
        let vectors = if crops.is_empty() { Vec::new() } else { self.embedder.embed(&crops, stop)? };
        let length = vectors.first().map_or(1, Vec::len);
        let flat = rects.iter().flat_map(|r| [r.x, r.y, r.w, r.h]).map(|v| v as f32).collect();
        let placement = Placement { width: picture.width, height: picture.height, scale_x: 1.0, scale_y: 1.0 };
        let tensors = vec![
            ("rects".to_owned(), Tensor::f32(&[rects.len(), 4], flat)),
            ("vectors".to_owned(), Tensor::f32(&[vectors.len(), length], vectors.concat())),
        ];
        Ok(Encoding { placement, tensors })
    }

    fn find(
        &self,
        seen: &Encoding,
        prompts: &[&str],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Detection>, ModelError> {
        let Some(text) = self.text.as_deref() else {
            return Err(ModelError::Options("this image encoder has no text tower".to_owned()));
        };
        let SeenRegions { rects, vectors } = Self::regions(seen)?;
        let bank = self.bank(text, stop)?;
        let sentences: Vec<String> = prompts.iter().map(|prompt| text.sentence(prompt)).collect();
        let words = text.embed_texts(&sentences.iter().map(String::as_str).collect::<Vec<_>>(), stop)?;
        let rivals: Vec<Vec<&Vec<f32>>> =
            words.iter().map(|word| bank.iter().filter(|other| dot(word, other) < SAME_MEANING).collect()).collect();
        let sharp = text.sharpness();
        let mut found = Vec::new();
        for (rect, vector) in rects.iter().zip(&vectors) {
            let scores = words.iter().zip(&rivals).map(|(word, rivals)| share(vector, word, rivals, sharp));
            let scores: Vec<f32> = scores.collect();
            let best = |a: &(usize, &f32), b: &(usize, &f32)| a.1.total_cmp(b.1).then(b.0.cmp(&a.0));
            let wins = scores.iter().enumerate().max_by(best).map(|(place, _)| place);
            let counts = |place: usize| options.every_class || wins == Some(place);
            let counted = scores.iter().enumerate().filter(|(place, _)| counts(*place));
            found.extend(counted.map(|(place, score)| (*rect, place, *score)));
        }
        Ok(sift(found, options))
    }

    fn usual(&self) -> DetectOptions {
        DetectOptions { score: 0.2, most: 100, overlap: Some(Overlap::within_classes(0.5)), every_class: false }
    }

    fn provider(&self) -> Provider {
        self.embedder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.embedder.load_ms() + self.text.as_ref().map_or(0.0, |text| text.load_ms())
    }
}

/// A word's share of a softmax over itself and its rivals.
fn share(vector: &[f32], word: &[f32], rivals: &[&Vec<f32>], sharp: f32) -> f32 {
    let own = dot(vector, word);
    let others: f32 = rivals.iter().map(|rival| ((dot(vector, rival) - own) * sharp).exp()).sum();
    1.0 / (1.0 + others)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// A region that may stay.
struct Region {
    rect: PixelBox,
    class: usize,
}

impl suppress::Candidate for Region {
    fn rect(&self) -> &PixelBox {
        &self.rect
    }

    fn angle(&self) -> Option<f64> {
        None
    }

    fn class(&self) -> usize {
        self.class
    }
}

/// What scores enough and is not overlapped by something better, best first.
pub(crate) fn sift(mut found: Vec<(PixelBox, usize, f32)>, options: &DetectOptions) -> Vec<Detection> {
    found.retain(|(rect, _, score)| *score > options.score && rect.w > 0.0 && rect.h > 0.0);
    found.sort_by(|a, b| b.2.total_cmp(&a.2));
    let places = match &options.overlap {
        Some(overlap) => {
            let regions: Vec<Region> =
                found.iter().map(|(rect, class, _)| Region { rect: *rect, class: *class }).collect();
            survivors(&regions, overlap, options.most)
        }
        None => (0..found.len().min(options.most)).collect(),
    };
    let made = places.into_iter().map(|rank| {
        let (rect, class, score) = found[rank];
        Detection { rect, class, score: score.clamp(0.0, 1.0), polygon: None, angle: None, rank }
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_weighed_against_its_rivals() {
        let (word, rival) = (vec![1.0, 0.0], vec![0.0, 1.0]);
        assert!((share(&[0.6, 0.6], &word, &[&rival], 30.0) - 0.5).abs() < 1e-6);
        assert!(share(&[0.8, 0.6], &word, &[&rival], 30.0) > 0.99);
        assert!(share(&[0.6, 0.8], &word, &[&rival], 30.0) < 0.01);
    }

    #[test]
    fn of_overlapping_regions_the_best_stays() {
        let at = |x: f64| PixelBox { x, y: 0.0, w: 10.0, h: 10.0 };
        let options =
            DetectOptions { score: 0.2, most: 9, overlap: Some(Overlap::within_classes(0.5)), every_class: false };
        let found = vec![(at(0.0), 0, 0.5), (at(1.0), 0, 0.9), (at(1.0), 1, 0.3), (at(50.0), 0, 0.1)];
        let kept = sift(found, &options);
        assert_eq!(kept.iter().map(|one| (one.class, one.rank)).collect::<Vec<_>>(), [(0, 0), (1, 2)]);
    }
}
