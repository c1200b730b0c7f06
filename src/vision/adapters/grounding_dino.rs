//! Grounding DINO (IDEA Research, Apache-2.0). All prompts stand in one text, `a cat . a red car .`, of which the network
//! scores every token for every query; a prompt's score is that of its best token, and a query answers for its best prompt.
//!
//! | layout | picture | text |
//! |---|---|---|
//! | Hugging Face (onnx-community) | `pixel_values [1, 3, h, w]`, short side 800, long at most 1333; `pixel_mask` | `input_ids, token_type_ids, attention_mask` |
//! | X-AnyLabeling | `img [1, 3, 800, 1200]`, stretched | and `position_ids`, `text_token_mask [1, n, n]`: every prompt sees itself alone |
//!
//! → `logits [1, 900, 256]`, `pred_boxes` or `boxes [1, 900, 4]` (centre and sides in shares). Both with ImageNet's colours.
//! Sources: groundingdino `bertwarper.py`, transformers `modeling_grounding_dino.py`.

use fast_image_resize::FilterType;
use tator_domain::PixelBox;

use super::phrases::{Found, counted, kept, sigmoid};
use super::{Family, Open, Parts};
use crate::detector::{DetectOptions, Detection, Overlap, TextDetector};
use crate::frame::Normalise;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::Encoding;
use crate::tensor::Tensor;
use crate::tokeniser::{Tokeniser, Tokens};

pub(super) const FAMILY: Family = Family {
    name: "grounding_dino",
    title: "Grounding DINO",
    parts: &["model", "?tokenizer", "?vocab", "?data"],
    open: Open::TextDetect(|parts| Ok(Box::new(GroundingDino::open(parts)?))),
};

/// Tokens of one text.
const TOKENS: usize = 256;
/// Sides of a picture of a file that takes any.
const SHORT: f64 = 800.0;
const LONG: f64 = 1333.0;
/// Full stop and question mark in BERT's vocabulary: a prompt ends there.
const STOPS: [i64; 2] = [1012, 1029];

struct GroundingDino {
    network: Network,
    tokeniser: Tokeniser,
    normalise: Normalise,
    picture: &'static str,
    boxes: &'static str,
    /// Width and height, where the file is made for them.
    fixed: Option<(u32, u32)>,
}

/// Prompts in one text, and the tokens of each.
struct Sentence {
    tokens: Tokens,
    spans: Vec<Vec<usize>>,
}

impl GroundingDino {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let network = parts.network("model")?;
        let picture = ["pixel_values", "img"].into_iter().find(|name| network.takes(name));
        let boxes = ["pred_boxes", "boxes"].into_iter().find(|name| network.gives(name));
        let fits = network.takes("input_ids") && network.gives("logits");
        let (Some(picture), Some(boxes), true) = (picture, boxes, fits) else {
            let expected = "pixel_values or img, and input_ids in; logits, and pred_boxes or boxes out";
            parts.demand(&network, false, expected)?;
            return Err(ModelError::Manifest(expected.to_owned()));
        };
        let side =
            |axis: usize| network.input(picture)?.shape.get(axis).copied().flatten().and_then(|n| n.try_into().ok());
        let fixed = side(3).zip(side(2)).or(parts.manifest.input_size.map(|[height, width]| (width, height)));
        let normalise = parts.normalise(Normalise::IMAGENET);
        let tokeniser = Tokeniser::open(parts)?;
        Ok(Self { network, tokeniser, normalise, picture, boxes, fixed })
    }

    /// Width and height of the frame for a picture.
    fn frame(&self, picture: &Picture) -> (u32, u32) {
        self.fixed.unwrap_or_else(|| {
            let (w, h) = (f64::from(picture.width), f64::from(picture.height));
            let scale = (SHORT / w.min(h)).min(LONG / w.max(h));
            let side = |n: f64| (n * scale).round().max(1.0) as u32;
            (side(w), side(h))
        })
    }

    /// Prompts into texts of at most [`TOKENS`] tokens, in their order.
    fn sentences(&self, prompts: &[&str]) -> Result<Vec<(usize, Sentence)>, ModelError> {
        let mut list = Vec::new();
        let mut from = 0;
        while from < prompts.len() {
            let mut to = prompts.len();
            let sentence = loop {
                let sentence = self.sentence(&prompts[from..to])?;
                // The rest goes into the next text; one prompt alone is taken as far as it goes.
                if sentence.tokens.ids.len() < TOKENS || to == from + 1 {
                    break sentence;
                }
                to = from + ((to - from) / 2).max(1);
            };
            list.push((from, sentence));
            from = to;
        }
        Ok(list)
    }

    fn sentence(&self, prompts: &[&str]) -> Result<Sentence, ModelError> {
        let (mut text, mut places) = (String::new(), Vec::new());
        for prompt in prompts {
            let start = text.len();
            text.push_str(prompt.to_lowercase().replace(['.', '?'], " ").trim());
            places.push(start..text.len());
            text.push_str(" . ");
        }
        let tokens = self.tokeniser.encode(text.trim_end(), TOKENS)?;
        let spans = places.iter().map(|place| {
            let inside = |(start, end): &(usize, usize)| start < end && *start >= place.start && *end <= place.end;
            tokens.spans.iter().enumerate().filter(|(_, span)| inside(span)).map(|(at, _)| at).collect()
        });
        Ok(Sentence { spans: spans.collect(), tokens })
    }

    fn ask(&self, seen: &Encoding, sentence: &Sentence, stop: &Stop) -> Result<(Tensor, Tensor), ModelError> {
        let ids = &sentence.tokens.ids;
        let count = ids.len();
        let (positions, sees) = blocks(ids);
        let row = |values: Vec<i64>| Tensor::i64(&[1, count], values);
        let own = [
            ("input_ids", row(ids.clone())),
            ("token_type_ids", row(vec![0; count])),
            ("attention_mask", row(vec![1; count])),
            ("position_ids", row(positions)),
            ("text_token_mask", Tensor::bool(&[1, count, count], sees)),
        ];
        let mut feeds = super::feeds_of(seen);
        feeds.extend(own.iter().map(|(name, tensor)| (*name, tensor)));
        let mut answer = self.network.run_until(&feeds, &["logits", self.boxes], stop)?;
        let boxes = answer.swap_remove(1);
        Ok((answer.swap_remove(0), boxes))
    }
}

/// Places counted anew in every prompt, and which tokens see which (`generate_masks_with_special_tokens`).
fn blocks(ids: &[i64]) -> (Vec<i64>, Vec<bool>) {
    let count = ids.len();
    let (mut positions, mut sees) = (vec![0; count], vec![false; count * count]);
    (0..count).for_each(|at| sees[at * count + at] = true);
    let mut before = 0;
    for at in 0..count {
        let is_edge = at == 0 || at == count - 1;
        if is_edge {
            before = at;
        } else if STOPS.contains(&ids[at]) {
            for place in before + 1..=at {
                positions[place] = (place - before - 1) as i64;
                sees[place * count + before + 1..=place * count + at].fill(true);
            }
            before = at;
        }
    }
    (positions, sees)
}

impl TextDetector for GroundingDino {
    fn look(&self, picture: &Picture, _stop: &Stop) -> Result<Encoding, ModelError> {
        let (width, height) = self.frame(picture);
        let (scaled, placement) = picture.stretched(width, height, FilterType::Bilinear).map_err(super::unscaled)?;
        let pixels = scaled.planes(width, height, &self.normalise);
        let mask = Tensor::i64(&[1, height as usize, width as usize], vec![1; height as usize * width as usize]);
        let tensors = vec![(self.picture.to_owned(), pixels), ("pixel_mask".to_owned(), mask)];
        Ok(Encoding { placement, tensors })
    }

    fn find(
        &self,
        seen: &Encoding,
        prompts: &[&str],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Detection>, ModelError> {
        let (width, height) = (seen.placement.width, seen.placement.height);
        let mut found: Vec<Found> = Vec::new();
        for (first, sentence) in self.sentences(prompts)? {
            let (logits, boxes) = self.ask(seen, &sentence, stop)?;
            let (values, sides) = (logits.to_f32(), boxes.to_f32());
            let slots = logits.shape.last().copied().unwrap_or(0);
            if slots < sentence.tokens.ids.len() || values.len() / slots.max(1) != sides.len() / 4 {
                return Err(logits.unfit("scores of tokens"));
            }
            for (row, side) in values.chunks_exact(slots).zip(sides.as_chunks::<4>().0) {
                let best = |span: &Vec<usize>| span.iter().map(|at| sigmoid(row[*at])).fold(0.0, f32::max);
                let scores: Vec<f32> = sentence.spans.iter().map(best).collect();
                let [x, y, w, h] = side.map(f64::from);
                let rect = PixelBox::from_unit_centre(x, y, w, h, width.into(), height.into());
                counted(&scores, options, |prompt, score| found.push((rect, first + prompt, score)));
            }
        }
        kept(self.network.name(), found, (width, height), options)
    }

    fn usual(&self) -> DetectOptions {
        DetectOptions { score: 0.3, most: 300, overlap: Some(Overlap::within_classes(0.7)), every_class: false }
    }

    fn provider(&self) -> Provider {
        self.network.provider()
    }

    fn load_ms(&self) -> f64 {
        self.network.load_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prompt_sees_itself_alone() {
        // [CLS] red car . dog . [SEP]
        let (positions, sees) = blocks(&[101, 2417, 2482, 1012, 3899, 1012, 102]);
        assert_eq!(positions, [0, 0, 1, 2, 0, 1, 0]);
        let row = |at: usize| sees[at * 7..][..7].iter().map(|sees| u8::from(*sees)).collect::<Vec<_>>();
        assert_eq!(row(0), [1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(row(2), [0, 1, 1, 1, 0, 0, 0]);
        assert_eq!(row(5), [0, 0, 0, 0, 1, 1, 0]);
        assert_eq!(row(6), [0, 0, 0, 0, 0, 0, 1]);
    }
}
