//! SAM 3 by words: the same files as for points and boxes, and CLIP's `tokenizer.json` beside them. A picture is encoded
//! once; every prompt is one run of the decoder without a box. The model does not weigh prompts against each other.
//!
//! | | samexporter | osam | usls |
//! |---|---|---|---|
//! | words | `tokens` i64 `[1, 32]`, zeros after the end | the same | `input_ids, attention_mask`, 49407 after the end |
//! | no box | `box_masks` true | the same | one box with the label −10 |
//! | answer | `boxes` in pixels of the size asked for, `scores` above 0.5 | `boxes` in shares, `scores` above 0.5 | `pred_boxes` in shares, `pred_logits`, `presence_logits` |

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::phrases::{Found, kept, sigmoid};
use super::sam3::{Layout, SIDE, WORDS, encode_picture, encode_tokens};
use super::{Parts, feeds_of};
use crate::detector::{DetectOptions, Detection, Overlap, TextDetector};
use crate::manifest::Manifest;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::Encoding;
use crate::tensor::Tensor;
use crate::tokeniser::Tokeniser;
use tator_domain::PixelBox;

/// Prompts whose encodings are remembered.
const MOST_KNOWN: usize = 400;

type Encoded = Arc<Vec<(String, Tensor)>>;

/// Whether a model of SAM 3 has what turns words into tokens.
pub(super) fn takes_words(manifest: &Manifest) -> bool {
    let has = |part: &str| manifest.files.contains_key(part);
    manifest.family == super::sam3::FAMILY.name && has("text") && has("tokenizer")
}

pub(super) fn open(parts: &Parts<'_>) -> Result<Box<dyn TextDetector>, ModelError> {
    let (encoder, decoder) = (parts.network("encoder")?, parts.network("decoder")?);
    let layout = Layout::of(parts, &decoder)?;
    let (text, tokeniser) = (parts.network("text")?, Tokeniser::open(parts)?);
    Ok(Box::new(Sam3Text { encoder, decoder, text, tokeniser, layout, known: Mutex::default() }))
}

struct Sam3Text {
    encoder: Network,
    decoder: Network,
    text: Network,
    tokeniser: Tokeniser,
    layout: Layout,
    known: Mutex<BTreeMap<String, Encoded>>,
}

impl Sam3Text {
    fn words(&self, prompt: &str) -> Result<Encoded, ModelError> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(prompt) {
            return Ok(Arc::clone(known));
        }
        let tokens = self.tokeniser.encode(prompt.trim(), WORDS)?.ids;
        let encoded = Arc::new(encode_tokens(&self.text, self.layout, &tokens)?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(prompt.to_owned(), Arc::clone(&encoded));
        Ok(encoded)
    }

    /// Boxes as corners in shares of the picture, and scores.
    fn ask(&self, seen: &Encoding, words: &Encoded, stop: &Stop) -> Result<Vec<([f32; 4], f32)>, ModelError> {
        let mut feeds = feeds_of(seen);
        feeds.extend(words.iter().map(|(name, tensor)| (name.as_str(), tensor)));
        let (boxes, scores, unit) = match self.layout {
            Layout::Samexporter => {
                let coordinates = Tensor::f32(&[1, 1, 4], vec![0.0; 4]);
                let (labels, none) = (Tensor::i64(&[1, 1], vec![1]), Tensor::bool(&[1, 1], vec![true]));
                let side = Tensor::i64(&[], vec![i64::from(SIDE)]);
                feeds.extend([("box_coords", &coordinates), ("box_labels", &labels), ("box_masks", &none)]);
                feeds.extend([("original_height", &side), ("original_width", &side)]);
                let mut answer = self.decoder.run_until(&feeds, &["boxes", "scores"], stop)?;
                let scores = answer.swap_remove(1).to_f32();
                // osam's decoder takes no size: its boxes are shares.
                let unit = if self.decoder.takes("original_height") { SIDE as f32 } else { 1.0 };
                (answer.swap_remove(0), scores, unit)
            }
            Layout::Usls => {
                let none = Tensor::f32(&[1, 1, 4], vec![0.0; 4]);
                let labels = Tensor::i64(&[1, 1], vec![-10]);
                feeds.extend([("input_boxes", &none), ("input_boxes_labels", &labels)]);
                let wanted = ["pred_boxes", "pred_logits", "presence_logits"];
                let mut answer = self.decoder.run_until(&feeds, &wanted, stop)?;
                let presence = answer.swap_remove(2).to_f32().first().copied().map_or(1.0, sigmoid);
                let scores = answer.swap_remove(1).to_f32().into_iter().map(|logit| sigmoid(logit) * presence);
                (answer.swap_remove(0), scores.collect(), 1.0)
            }
        };
        let values = boxes.floats();
        if values.len() != scores.len() * 4 {
            return Err(boxes.unfit("boxes"));
        }
        let shares = values.as_chunks::<4>().0.iter().map(|corners| corners.map(|v| v / unit));
        Ok(shares.zip(scores).collect())
    }
}

impl TextDetector for Sam3Text {
    fn look(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        encode_picture(&self.encoder, &self.decoder, picture, stop)
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
        for (place, prompt) in prompts.iter().enumerate() {
            for ([x0, y0, x1, y1], score) in self.ask(seen, &self.words(prompt)?, stop)? {
                let (w, h) = (f64::from(width), f64::from(height));
                let [x0, y0, x1, y1] = [f64::from(x0) * w, f64::from(y0) * h, f64::from(x1) * w, f64::from(y1) * h];
                found.push((PixelBox { x: x0, y: y0, w: x1 - x0, h: y1 - y0 }, place, score));
            }
        }
        kept(self.decoder.name(), found, (width, height), options)
    }

    fn usual(&self) -> DetectOptions {
        DetectOptions { score: 0.3, most: 300, overlap: Some(Overlap::within_classes(0.7)), every_class: false }
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms() + self.text.load_ms()
    }
}
