//! OWL-ViT and OWLv2 (Google, Apache-2.0) as Hugging Face exports them: `pixel_values [1, 3, s, s]`, `input_ids [n, 16]`,
//! `attention_mask` → `logits [1, patches, n]`, `pred_boxes [1, patches, 4]` (centre and sides in shares of the frame). A
//! score is the sigmoid of a logit, shown from 0.1 on. OWL-ViT stretches; OWLv2 (960 or 1008 a side) fills up to a square
//! with black on the right and below. Sources: transformers `image_processing_owlv2.py`, optimum `OwlViTOnnxConfig`.
//!
//! One file sees and reads, so a picture is prepared once and goes through the network once for all prompts of a call.

use fast_image_resize::FilterType;
use tator_domain::PixelBox;

use super::phrases::{Found, counted, kept, sigmoid};
use super::{Family, Open, Parts};
use crate::detector::{DetectOptions, Detection, Overlap, TextDetector};
use crate::frame::{Normalise, Placement};
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::Encoding;
use crate::tensor::Tensor;
use crate::tokeniser::Tokeniser;

pub(super) const FAMILY: Family = Family {
    name: "owl",
    title: "OWL-ViT, OWLv2",
    parts: &["model", "tokenizer", "?data"],
    open: Open::TextDetect(|parts| Ok(Box::new(Owl::open(parts)?))),
};

/// Length of a text; shorter ones are filled with zeros.
const WORDS: usize = 16;
/// Prompts of one run.
const PROMPTS: usize = 64;

struct Owl {
    network: Network,
    tokeniser: Tokeniser,
    side: u32,
    normalise: Normalise,
    /// How many prompts the file takes, where it is made for so many.
    fixed: Option<usize>,
}

impl Owl {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let network = parts.network("model")?;
        let fits = ["pixel_values", "input_ids"].iter().all(|name| network.takes(name))
            && ["logits", "pred_boxes"].iter().all(|name| network.gives(name));
        parts.demand(&network, fits, "pixel_values, input_ids in, logits, pred_boxes out")?;
        let length =
            |name: &str, axis: usize| network.input(name).and_then(|port| port.shape.get(axis).copied().flatten());
        let side = length("pixel_values", 3).and_then(|side| u32::try_from(side).ok());
        let side = side.or(parts.manifest.input_size.map(|[height, _]| height));
        let fixed = length("input_ids", 0);
        let normalise = parts.normalise(Normalise::CLIP);
        let tokeniser = Tokeniser::open(parts)?;
        Ok(Self { network, tokeniser, side: side.unwrap_or(960), normalise, fixed })
    }

    /// The second version looks at a square.
    fn is_padded(&self) -> bool {
        matches!(self.side, 960 | 1008)
    }

    /// Logits of some prompts and the boxes, `[patches, prompts]` and `[patches, 4]`.
    fn ask(&self, pixels: &Tensor, prompts: &[&str], stop: &Stop) -> Result<(Vec<f32>, usize, Vec<f32>), ModelError> {
        let count = self.fixed.unwrap_or(prompts.len());
        let (mut ids, mut mask) = (vec![0; count * WORDS], vec![0; count * WORDS]);
        for (place, prompt) in (0..count).map(|place| (place, prompts.get(place).copied().unwrap_or(" "))) {
            let tokens = self.tokeniser.encode(prompt.trim(), WORDS)?.ids;
            mask[place * WORDS..][..tokens.len()].fill(1);
            ids[place * WORDS..][..tokens.len()].copy_from_slice(&tokens);
        }
        let (ids, mask) = (Tensor::i64(&[count, WORDS], ids), Tensor::i64(&[count, WORDS], mask));
        let feeds = [("pixel_values", pixels), ("input_ids", &ids), ("attention_mask", &mask)];
        let mut answer = self.network.run_until(&feeds, &["logits", "pred_boxes"], stop)?;
        let (boxes, logits) = (answer.swap_remove(1), answer.swap_remove(0));
        let sound = logits.shape.last() == Some(&count) && boxes.shape.last() == Some(&4);
        let (scores, sides) = (logits.to_f32(), boxes.to_f32());
        if !sound || scores.len() / count != sides.len() / 4 {
            return Err(logits.unfit("scores of prompts"));
        }
        Ok((scores, count, sides))
    }
}

impl TextDetector for Owl {
    fn look(&self, picture: &Picture, _stop: &Stop) -> Result<Encoding, ModelError> {
        let (scaled, placement) = if self.is_padded() {
            squared(picture).stretched(self.side, self.side, FilterType::Bilinear)
        } else {
            picture.stretched(self.side, self.side, FilterType::CatmullRom)
        }
        .map_err(super::unscaled)?;
        let placement = Placement { width: picture.width, height: picture.height, ..placement };
        let pixels = scaled.planes(self.side, self.side, &self.normalise);
        Ok(Encoding { placement, tensors: vec![("pixel_values".to_owned(), pixels)] })
    }

    fn find(
        &self,
        seen: &Encoding,
        prompts: &[&str],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Detection>, ModelError> {
        let Placement { width, height, .. } = seen.placement;
        let (across, down) = if self.is_padded() { (width.max(height), width.max(height)) } else { (width, height) };
        let pixels = &super::feeds_of(seen).first().ok_or(ModelError::Stopped)?.1.clone();
        let mut best: Vec<Vec<f32>> = Vec::new();
        let mut sides = Vec::new();
        for group in prompts.chunks(self.fixed.unwrap_or(PROMPTS)) {
            let (logits, count, boxes) = self.ask(pixels, group, stop)?;
            best.resize(boxes.len() / 4, Vec::new());
            for (scores, row) in best.iter_mut().zip(logits.chunks_exact(count)) {
                scores.extend(row.iter().take(group.len()).map(|logit| sigmoid(*logit)));
            }
            sides = boxes;
        }
        let mut found: Vec<Found> = Vec::new();
        for (scores, side) in best.iter().zip(sides.as_chunks::<4>().0) {
            let [x, y, w, h] = side.map(f64::from);
            let rect = PixelBox::from_unit_centre(x, y, w, h, across.into(), down.into());
            counted(scores, options, |prompt, score| found.push((rect, prompt, score)));
        }
        kept(self.network.name(), found, (width, height), options)
    }

    fn usual(&self) -> DetectOptions {
        DetectOptions { score: 0.1, most: 300, overlap: Some(Overlap::within_classes(0.3)), every_class: false }
    }

    fn provider(&self) -> Provider {
        self.network.provider()
    }

    fn load_ms(&self) -> f64 {
        self.network.load_ms()
    }
}

/// With black to the right or below until it is a square.
fn squared(picture: &Picture) -> Picture {
    let side = picture.width.max(picture.height);
    let mut square = Picture::filled(side, side, [0, 0, 0]);
    let length = 3 * side as usize;
    for (to, from) in square.rgb.chunks_exact_mut(length).zip(picture.rgb.chunks_exact(3 * picture.width as usize)) {
        to[..from.len()].copy_from_slice(from);
    }
    square
}
