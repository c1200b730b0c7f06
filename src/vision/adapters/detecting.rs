//! What all detectors share: pictures into frames, several at a time, the next ones prepared while the network computes;
//! candidates back to pictures, sorted, and thinned out. A family adds how its outputs are read.

use std::sync::mpsc::sync_channel;

use tator_domain::{PixelBox, Polygon};

use super::Parts;
use crate::detector::{DetectOptions, Detection, Detector};
use crate::letterbox::{Framing, Lie};
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::Encoding;
use crate::suppress::{self, survivors};
use crate::tensor::Tensor;

/// Pictures that go through a network together where it takes any number.
const BATCH: usize = 8;
/// Candidates of one picture that are looked at further, as Ultralytics has it: a threshold of zero must not stall.
const MOST_CANDIDATES: usize = 30_000;

/// Something a network proposes.
pub(super) struct Candidate {
    /// In pixels of the picture, perhaps beyond its edges.
    pub(super) rect: PixelBox,
    pub(super) angle: Option<f64>,
    pub(super) class: usize,
    pub(super) score: f32,
    /// Its place in the outputs, by which its mask is found.
    pub(super) place: usize,
}

impl suppress::Candidate for Candidate {
    fn rect(&self) -> &PixelBox {
        &self.rect
    }

    fn angle(&self) -> Option<f64> {
        self.angle
    }

    fn class(&self) -> usize {
        self.class
    }
}

/// How the outputs of a family are read.
pub(super) trait Head: Send + Sync {
    /// What the network wants besides the pictures.
    fn feeds(&self, _lies: &[Lie]) -> Vec<(&'static str, Tensor)> {
        Vec::new()
    }

    /// Everything in one picture that scores more than `options.score`, see [`beats`].
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError>;

    /// The outline of one that stays.
    fn outline(&self, _answer: &[Tensor], _item: usize, _lie: &Lie, _candidate: &Candidate) -> Option<Polygon> {
        None
    }
}

/// Above the threshold, or no number at all: that must not look like "nothing found".
pub(super) fn beats(score: f32, floor: f32) -> bool {
    score > floor || score.is_nan()
}

/// Calls `found` with the classes of one place that count: the best, or every one above the threshold.
pub(super) fn scored(scores: &[f32], options: &DetectOptions, mut found: impl FnMut(usize, f32)) {
    if options.every_class {
        scores.iter().enumerate().filter(|(_, s)| beats(**s, options.score)).for_each(|(class, s)| found(class, *s));
        return;
    }
    let mut best = (0, options.score);
    let mut any = false;
    for (class, score) in scores.iter().enumerate() {
        if beats(*score, best.1) {
            best = (class, *score);
            any = true;
        }
    }
    if any {
        found(best.0, best.1);
    }
}

/// A detector of any family.
pub(super) struct Engine<H> {
    pub(super) network: Network,
    pub(super) framing: Framing,
    /// Outputs in the order in which the head wants them.
    pub(super) outputs: Vec<String>,
    pub(super) classes: Vec<String>,
    pub(super) usual: DetectOptions,
    pub(super) head: H,
}

/// Pictures in their frames.
struct Filled {
    input: Tensor,
    lies: Vec<Lie>,
}

impl<H: Head> Engine<H> {
    /// How many pictures go together, and whether it must be so many.
    fn batch(&self) -> (usize, bool) {
        let first = self.network.inputs().first().and_then(|port| port.shape.first().copied());
        first.flatten().map_or((self.network.together(BATCH), false), |count| (count.max(1), true))
    }

    fn fill(&self, pictures: &[Picture]) -> Result<Filled, ModelError> {
        let (batch, is_fixed) = self.batch();
        let count = if is_fixed { batch } else { pictures.len() };
        let size = self.framing.len();
        let mut values = vec![0.0; count * size];
        let places = pictures.iter().zip(values.chunks_exact_mut(size));
        let lies = places.map(|(picture, place)| self.framing.write(picture, place)).collect::<Result<Vec<_>, _>>();
        let shape = [count, 3, self.framing.height as usize, self.framing.width as usize];
        Ok(Filled { lies: lies.map_err(super::unscaled)?, input: Tensor::f32(&shape, values) })
    }

    /// The outputs for some pictures.
    fn run(&self, filled: &Filled, stop: &Stop) -> Result<Vec<Tensor>, ModelError> {
        let mut more = self.head.feeds(&filled.lies);
        let missing = filled.input.shape[0] - filled.lies.len();
        more.iter_mut().for_each(|(_, tensor)| pad(tensor, missing));
        let mut feeds = vec![(self.network.inputs()[0].name.as_str(), &filled.input)];
        feeds.extend(more.iter().map(|(name, tensor)| (*name, tensor)));
        let wanted: Vec<&str> = self.outputs.iter().map(String::as_str).collect();
        self.network.run_until(&feeds, &wanted, stop)
    }

    fn answer(&self, filled: &Filled, options: &DetectOptions, stop: &Stop) -> Result<Vec<Vec<Detection>>, ModelError> {
        let answer = self.run(filled, stop)?;
        filled.lies.iter().enumerate().map(|(item, lie)| self.sift(&answer, item, lie, options)).collect()
    }

    /// From outputs to what stays, best first.
    fn sift(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Detection>, ModelError> {
        let mut candidates = self.head.read(answer, item, lie, options)?;
        for candidate in &candidates {
            self.check(candidate)?;
        }
        // A box without area is none.
        candidates.retain(|c| c.rect.w > 0.0 && c.rect.h > 0.0);
        // Stable: of equals the one that the network names first.
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        candidates.truncate(MOST_CANDIDATES);
        let places = match &options.overlap {
            Some(overlap) => survivors(&candidates, overlap, options.most),
            None => (0..candidates.len().min(options.most)).collect(),
        };
        let made = places.into_iter().map(|rank| {
            let candidate = &candidates[rank];
            let polygon = self.head.outline(answer, item, lie, candidate);
            let (width, height) = (lie.placement.width.into(), lie.placement.height.into());
            let rect = if candidate.angle.is_some() { candidate.rect } else { candidate.rect.clipped(width, height) };
            let Candidate { class, score, angle, .. } = *candidate;
            Detection { rect, class, score, polygon, angle, rank }
        });
        Ok(made.filter(|found| found.rect.w > 0.0 && found.rect.h > 0.0).collect())
    }

    fn check(&self, candidate: &Candidate) -> Result<(), ModelError> {
        let PixelBox { x, y, w, h } = candidate.rect;
        let numbers = [x, y, w, h, candidate.score.into(), candidate.angle.unwrap_or(0.0)];
        if numbers.iter().any(|number| !number.is_finite()) {
            return Err(ModelError::NotNumbers { model: self.network.name().to_owned() });
        }
        let (class, named) = (candidate.class, self.classes.len());
        if class < named { Ok(()) } else { Err(ModelError::UnknownClass { class: class as i64, named }) }
    }
}

/// Repeats the last row of a feed for the empty places of a batch of fixed size.
fn pad(tensor: &mut Tensor, missing: usize) {
    let Some(count) = tensor.shape.first().copied().filter(|count| *count > 0) else { return };
    let row: usize = tensor.shape.iter().skip(1).product();
    match &mut tensor.data {
        crate::tensor::Data::F32(values) => repeat_last(values, row, missing),
        crate::tensor::Data::I64(values) => repeat_last(values, row, missing),
        _ => return,
    }
    tensor.shape[0] = count + missing;
}

fn repeat_last<T: Copy>(values: &mut Vec<T>, row: usize, times: usize) {
    let last = values[values.len() - row..].to_vec();
    (0..times).for_each(|_| values.extend_from_slice(&last));
}

impl<H: Head> Detector for Engine<H> {
    fn detect(
        &self,
        pictures: &[Picture],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Vec<Detection>>, ModelError> {
        let groups: Vec<&[Picture]> = pictures.chunks(self.batch().0).collect();
        // Beside other lanes no core is idle that could prepare the next ones.
        if groups.len() == 1 || self.network.lanes() > 1 {
            let answers = groups.into_iter().map(|group| self.answer(&self.fill(group)?, options, stop));
            return Ok(answers.collect::<Result<Vec<_>, _>>()?.concat());
        }
        let (sender, receiver) = sync_channel(1);
        std::thread::scope(|scope| {
            // Ends by itself when nobody receives any more.
            scope.spawn(move || groups.into_iter().try_for_each(|group| sender.send(self.fill(group))));
            let mut found = Vec::with_capacity(pictures.len());
            for filled in receiver {
                found.extend(self.answer(&filled?, options, stop)?);
            }
            Ok(found)
        })
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn frame(&self) -> [u32; 2] {
        [self.framing.height, self.framing.width]
    }

    fn usual(&self) -> DetectOptions {
        self.usual
    }

    fn provider(&self) -> Provider {
        self.network.provider()
    }

    fn load_ms(&self) -> f64 {
        self.network.load_ms()
    }
}

/// A picture in its frame, as what a detector of words looks at for as many questions as come.
pub(super) fn framed(framing: &Framing, picture: &Picture) -> Result<Encoding, ModelError> {
    let mut values = vec![0.0; framing.len()];
    let lie = framing.write(picture, &mut values).map_err(super::unscaled)?;
    let pixels = Tensor::f32(&[1, 3, framing.height as usize, framing.width as usize], values);
    Ok(Encoding { placement: lie.placement, tensors: vec![("images".to_owned(), pixels)] })
}

/// Height and width of a detector's frame: from the file, else from the manifest, else `usual`.
pub(super) fn frame_size(parts: &Parts<'_>, network: &Network, usual: u32) -> (u32, u32) {
    let side = |n: usize| u32::try_from(n).ok();
    let fixed = network.inputs().first().and_then(|port| match port.shape[..] {
        [_, _, Some(height), Some(width)] => Some((side(height)?, side(width)?)),
        _ => None,
    });
    fixed.or(parts.manifest.input_size.map(|[height, width]| (height, width))).unwrap_or((usual, usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(score: f32, every_class: bool) -> DetectOptions {
        DetectOptions { score, most: 10, overlap: None, every_class }
    }

    fn found(scores: &[f32], options: &DetectOptions) -> Vec<usize> {
        let mut classes = Vec::new();
        scored(scores, options, |class, _| classes.push(class));
        classes
    }

    #[test]
    fn the_best_class_or_every_one() {
        assert_eq!(found(&[0.3, 0.6, 0.6, 0.2], &asked(0.25, false)), [1]);
        assert_eq!(found(&[0.3, 0.6, 0.6, 0.2], &asked(0.25, true)), [0, 1, 2]);
        assert_eq!(found(&[0.25, 0.1], &asked(0.25, false)), Vec::<usize>::new(), "at the threshold is not above it");
    }

    #[test]
    fn a_score_that_is_no_number_does_not_look_like_nothing() {
        assert_eq!(found(&[0.1, f32::NAN, 0.3], &asked(0.25, false)), [1]);
        assert_eq!(found(&[0.1, f32::NAN, 0.3], &asked(0.25, true)), [1, 2]);
    }

    #[test]
    fn a_batch_of_fixed_size_is_filled_up() {
        let mut sizes = Tensor::i64(&[2, 2], vec![1, 2, 3, 4]);
        pad(&mut sizes, 2);
        assert_eq!(sizes, Tensor::i64(&[4, 2], vec![1, 2, 3, 4, 3, 4, 3, 4]));
    }
}
