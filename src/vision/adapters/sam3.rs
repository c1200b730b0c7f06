//! SAM 3 by points and boxes: samexporter's three files (facebook's SAM License) and usls' layout. Prompts by words are
//! in `sam3_text.rs`.
//!
//! SAM 3 finds every object that is like the exemplar; of its answers those at the prompt are given, best first. Without
//! words the text is the literal word "visual", encoded once.
//!
//! | | samexporter | usls |
//! |---|---|---|
//! | picture | `image` u8 `[3, 1008, 1008]` | `images` f32 `[1, 3, 1008, 1008]`, −1 … 1 |
//! | words | `tokens` i64 `[1, 32]`, zeros after the end | `input_ids, attention_mask` i64 `[1, 32]`, 49407 after the end |
//! | box | `box_coords [1, 1, 4], box_labels, box_masks` (true: none) | `input_boxes [1, k, 4], input_boxes_labels` |
//! | answer | `boxes, scores, masks` bool of the size asked for, above 0.5 only | `pred_masks` logits, `pred_logits, presence_logits` |
//!
//! Boxes are centre and size in shares of the picture.

use fast_image_resize::FilterType;
use tator_domain::PixelBox;

use super::phrases::sigmoid;
use super::prompts::{Span, best_first, demand_something, grids};
use super::sam_tracker::SamTracker;
use super::{Family, Open, Parts};
use crate::frame::{Normalise, Placement};
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, MaskGrid, Prompt, Segmenter};
use crate::tensor::Tensor;

pub(super) const FAMILY: Family = Family {
    name: "sam3",
    title: "SAM 3",
    parts: &["encoder", "decoder", "?text", "?tokenizer"],
    open: Open::Segment(|parts| {
        let (encoder, decoder) = (parts.network("encoder")?, parts.network("decoder")?);
        if SamTracker::knows(&decoder) {
            return Ok(Box::new(SamTracker::new(parts, encoder, decoder)?));
        }
        Ok(Box::new(Sam3::new(parts, encoder, decoder)?))
    }),
};

pub(super) const SIDE: u32 = 1008;
pub(super) const WORDS: usize = 32;
/// "visual" between the marks of start and end, in CLIP's vocabulary.
const VISUAL: [i64; 3] = [49406, 7195, 49407];
const END: i64 = 49407;
/// Side of the box that stands for a point, as a share of the picture.
const POINT: f64 = 0.01;
/// Answers below this confidence are none (`Sam3Processor` has 0.5, transformers 0.3).
const CONFIDENT: f32 = 0.3;

struct Sam3 {
    encoder: Network,
    decoder: Network,
    layout: Layout,
    /// What the text encoder says of "visual".
    words: Vec<(String, Tensor)>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Layout {
    /// And osam's, whose decoder takes no size.
    Samexporter,
    Usls,
}

impl Layout {
    pub(super) fn of(parts: &Parts<'_>, decoder: &Network) -> Result<Self, ModelError> {
        if decoder.takes("input_boxes_labels") && decoder.gives("pred_masks") {
            return Ok(Self::Usls);
        }
        let fits = decoder.takes("box_coords") && decoder.gives("masks");
        parts.demand(decoder, fits, "the decoder takes box_coords, or input_boxes_labels")?;
        Ok(Self::Samexporter)
    }
}

impl Sam3 {
    fn new(parts: &Parts<'_>, encoder: Network, decoder: Network) -> Result<Self, ModelError> {
        let layout = Layout::of(parts, &decoder)?;
        let fits = layout == Layout::Usls || decoder.takes("original_height");
        parts.demand(&decoder, fits, "a decoder for boxes takes original_height, or input_boxes_labels")?;
        let words = encode_tokens(&parts.network("text")?, layout, &VISUAL)?;
        Ok(Self { encoder, decoder, layout, words })
    }

    fn ask_samexporter(
        &self,
        known: &[(&str, &Tensor)],
        exemplar: &Exemplar,
    ) -> Result<(Tensor, Vec<f32>), ModelError> {
        // One box is all it takes, and masks as large as the frame are as fine as it sees.
        let coordinates = Tensor::f32(&[1, 1, 4], exemplar.coordinates[..4].to_vec());
        let labels = Tensor::i64(&[1, 1], vec![exemplar.labels[0]]);
        let none = Tensor::bool(&[1, 1], vec![false]);
        let side = Tensor::i64(&[], vec![i64::from(SIDE)]);
        let mut feeds = known.to_vec();
        feeds.extend([
            ("box_coords", &coordinates),
            ("box_labels", &labels),
            ("box_masks", &none),
            ("original_height", &side),
            ("original_width", &side),
        ]);
        let mut answer = self.decoder.run(&feeds, &["masks", "scores"])?.into_iter();
        let (masks, scores) = (answer.next(), answer.next());
        let masks = masks.as_ref().map(from_truth).unwrap_or(Tensor::f32(&[0], Vec::new()));
        Ok((masks, scores.map(|scores| scores.to_f32()).unwrap_or_default()))
    }

    fn ask_usls(&self, known: &[(&str, &Tensor)], exemplar: &Exemplar) -> Result<(Tensor, Vec<f32>), ModelError> {
        let count = exemplar.labels.len();
        let boxes = Tensor::f32(&[1, count, 4], exemplar.coordinates.clone());
        let labels = Tensor::i64(&[1, count], exemplar.labels.clone());
        let mut feeds = known.to_vec();
        feeds.extend([("input_boxes", &boxes), ("input_boxes_labels", &labels)]);
        let mut answer = self.decoder.run(&feeds, &["pred_masks", "pred_logits", "presence_logits"])?;
        let presence = answer.pop().and_then(|t| t.to_f32().first().copied()).map_or(1.0, sigmoid);
        let scores = answer.pop().map(|t| t.to_f32()).unwrap_or_default();
        let masks = answer.pop().unwrap_or(Tensor::f32(&[0], Vec::new()));
        Ok((masks, scores.into_iter().map(|logit| sigmoid(logit) * presence).collect()))
    }
}

type Feeds<'f> = Vec<(&'f str, &'f Tensor)>;

impl Segmenter for Sam3 {
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        encode_picture(&self.encoder, &self.decoder, picture, stop)
    }

    fn decode(&self, encoding: &Encoding, prompt: &Prompt) -> Result<Vec<MaskGrid>, ModelError> {
        demand_something(prompt, FAMILY.name)?;
        let exemplar = Exemplar::new(prompt, &encoding.placement);
        let mut feeds = super::feeds_of(encoding);
        feeds.extend(self.words.iter().map(|(name, tensor)| (name.as_str(), tensor)));
        let (masks, scores) = match self.layout {
            Layout::Samexporter => self.ask_samexporter(&feeds, &exemplar)?,
            Layout::Usls => self.ask_usls(&feeds, &exemplar)?,
        };
        if scores.is_empty() {
            return Ok(Vec::new());
        }
        let grids = grids(&masks, &scores, &encoding.placement, Span::Picture)?;
        let there = |grid: &MaskGrid| grid.score >= CONFIDENT && is_meant(grid, prompt);
        Ok(best_first(grids.into_iter().filter(there).collect()))
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms()
    }
}

/// A prompt as boxes in shares of the picture, the box first, with 1 (like this) or 0 (not like this) each.
struct Exemplar {
    coordinates: Vec<f32>,
    labels: Vec<i64>,
}

impl Exemplar {
    fn new(prompt: &Prompt, placement: &Placement) -> Self {
        let (width, height) = (f64::from(placement.width), f64::from(placement.height));
        let around = |rect: &PixelBox| rect.to_unit_centre(width, height);
        let boxed = prompt.rect.iter().map(|rect| (around(rect), 1));
        // A point that is not on the object cannot lead.
        let (on, off): (Vec<_>, Vec<_>) = prompt.points.iter().partition(|(_, _, on)| *on);
        let points =
            on.into_iter().chain(off).map(|&(x, y, on)| ([x / width, y / height, POINT, POINT], i64::from(on)));
        let (coordinates, labels): (Vec<_>, Vec<_>) = boxed.chain(points).unzip();
        Self { coordinates: coordinates.into_iter().flatten().map(|v| v as f32).collect(), labels }
    }
}

/// The mask is of the object that was pointed at: it covers the points on it and none beside it, and fills a good part of
/// the box.
fn is_meant(grid: &MaskGrid, prompt: &Prompt) -> bool {
    let value = |x: f64, y: f64| {
        let column = ((x / grid.step_x) as usize).min(grid.width - 1);
        let row = ((y / grid.step_y) as usize).min(grid.height - 1);
        grid.logits[row * grid.width + column] > 0.0
    };
    let points = prompt.points.iter().all(|(x, y, on)| value(*x, *y) == *on);
    points && prompt.rect.is_none_or(|rect| covers(grid, &rect))
}

fn covers(grid: &MaskGrid, rect: &PixelBox) -> bool {
    let inside = |i: usize| {
        let (x, y) = ((i % grid.width) as f64 + 0.5, (i / grid.width) as f64 + 0.5);
        let (x, y) = (x * grid.step_x, y * grid.step_y);
        x >= rect.x && x <= rect.right() && y >= rect.y && y <= rect.bottom()
    };
    let on = grid.logits.iter().enumerate().filter(|(_, logit)| **logit > 0.0);
    let (within, all) = on.fold((0, 0), |(within, all), (i, _)| (within + usize::from(inside(i)), all + 1));
    within * 2 > all
}

/// What the decoder wants to know of a picture.
pub(super) fn encode_picture(
    encoder: &Network,
    decoder: &Network,
    picture: &Picture,
    stop: &Stop,
) -> Result<Encoding, ModelError> {
    let (scaled, placement) = picture.stretched(SIDE, SIDE, FilterType::Bilinear).map_err(super::unscaled)?;
    let port = &encoder.inputs()[0];
    let input = if port.shape.len() == 3 { bytes(&scaled) } else { scaled.planes(SIDE, SIDE, &Normalise::SIGNED) };
    let wanted: Vec<&str> =
        encoder.outputs().iter().map(|port| port.name.as_str()).filter(|name| decoder.takes(name)).collect();
    let outputs = encoder.run_until(&[(&port.name, &input)], &wanted, stop)?;
    Ok(Encoding { placement, tensors: wanted.into_iter().map(str::to_owned).zip(outputs).collect() })
}

/// What the text encoder says of a text, under the names by which the decoder knows it.
pub(super) fn encode_tokens(text: &Network, layout: Layout, said: &[i64]) -> Result<Vec<(String, Tensor)>, ModelError> {
    let padded = |fill: i64| {
        let tokens = (0..WORDS).map(|i| said.get(i).copied().unwrap_or(fill)).collect();
        Tensor::i64(&[1, WORDS], tokens)
    };
    let (zeros, ends) = (padded(0), padded(END));
    let mask = Tensor::i64(&[1, WORDS], (0..WORDS).map(|i| i64::from(i < said.len())).collect());
    let (feeds, names): (Feeds<'_>, &[(&str, &str)]) = match layout {
        Layout::Samexporter => (
            vec![("tokens", &zeros)],
            &[
                ("text_attention_mask", "language_mask"),
                ("text_memory", "language_features"),
                ("text_embeds", "language_embeds"),
            ],
        ),
        Layout::Usls => (
            vec![("input_ids", &ends), ("attention_mask", &mask)],
            &[("text_features", "text_features"), ("text_mask", "text_mask")],
        ),
    };
    let wanted: Vec<&str> = names.iter().map(|(output, _)| *output).filter(|name| text.gives(name)).collect();
    let outputs = text.run(&feeds, &wanted)?;
    let known_as = names.iter().filter(|(output, _)| wanted.contains(output)).map(|(_, name)| (*name).to_owned());
    Ok(known_as.zip(outputs).collect())
}

fn bytes(picture: &Picture) -> Tensor {
    let plane = |channel: usize| picture.rgb.iter().skip(channel).step_by(3).copied();
    Tensor::u8(&[3, SIDE as usize, SIDE as usize], (0..3).flat_map(plane).collect())
}

/// True and false as logits of 1 and −1.
fn from_truth(masks: &Tensor) -> Tensor {
    let values = masks.to_f32().into_iter().map(|v| if v > 0.5 { 1.0 } else { -1.0 }).collect();
    Tensor::f32(&masks.shape, values)
}
