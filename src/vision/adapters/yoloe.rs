//! YOLOE that takes words (exports of jamjamjon/usls, `yoloe-*-seg-prompt.onnx`; code and weights by THU-MIG and Ultralytics
//! are under the AGPL-3.0). Its files name nothing that could be relied on, so all is told by place: a picture
//! `[b, 3, 640, 640]`, RGB 0–1, in the middle of a grey frame, and vectors of words `[b, n, 512]`, n up to what the file
//! declares, the rest zeros → boxes as YOLO's segmenters have them:
//! - v8 and 11: `[b, 4 + n + 32, places]`, centre and sides in pixels of the frame, scores, coefficients of masks;
//! - 26: `[b, ≤ 300, 6 + 32]`, corners, score, place of the word, coefficients; suppressed in the graph.
//!
//! The text tower is MobileCLIP's (`blt-textual.onnx`; `b-textual.onnx` for 26): tokens of CLIP `[n, 77]` → `[n, 512]`.
//! Masks are left; exports with the words baked in are ordinary detectors (family `yolo`).

use super::phrases::{Found, counted, kept};
use super::text_tower::TextTower;
use super::{Family, Open, Parts};
use crate::detector::{DetectOptions, Detection, Overlap, TextDetector};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::network::{Network, Port, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::Encoding;
use crate::tensor::Tensor;
use crate::text_encoder::TextEncoder;

pub(super) const FAMILY: Family = Family {
    name: "yoloe",
    title: "YOLOE with words",
    parts: &["model", "text", "tokenizer", "?data"],
    open: Open::TextDetect(|parts| Ok(Box::new(Yoloe::open(parts)?))),
};

/// More rows than any file has finished boxes.
const MOST_ROWS: usize = 1000;
/// Words that go together where the file leaves their number open, as usls has it.
const MOST_WORDS: usize = 80;

/// Whether files look like this family: a picture and vectors in, boxes and prototypes of masks out.
pub(super) fn fits(inputs: &[Port], outputs: &[Port]) -> bool {
    let axes = |ports: &[Port]| ports.iter().map(|port| port.shape.len()).collect::<Vec<_>>();
    axes(inputs) == [4, 3] && matches!(axes(outputs)[..], [3] | [3, 4])
}

struct Yoloe {
    network: Network,
    framing: Framing,
    text: TextTower,
    /// How many vectors the file takes at once, and whether it must be so many.
    words: (usize, bool),
    /// Coefficients of masks behind the scores.
    coefficients: usize,
}

impl Yoloe {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let network = parts.network("model")?;
        let expected = "a picture [b, 3, h, w] and vectors of words [b, n, length] in, boxes [b, …, …] (and masks) out";
        parts.demand(&network, fits(network.inputs(), network.outputs()), expected)?;
        let declared = network.inputs()[1].shape[1];
        let coefficients = network.outputs().get(1).map_or(0, |planes| planes.shape[1].unwrap_or(32));
        let (height, width) = super::detecting::frame_size(parts, &network, 640);
        let (fit, colours, normalise) = (Fit::Centred, Colours::Rgb, parts.normalise(Normalise::UNIT));
        let framing = Framing { width, height, fit, colours, normalise, antialias: false };
        let words = (declared.unwrap_or(MOST_WORDS).max(1), declared.is_some());
        Ok(Self { words, coefficients, network, framing, text: TextTower::open(parts)? })
    }

    /// What the network says of some words, by their place among these.
    fn ask(
        &self,
        pixels: &Tensor,
        lie: &Lie,
        words: &[&str],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Found>, ModelError> {
        let vectors = self.text.embed_texts(words, stop)?;
        let length = vectors[0].len();
        let rows = if self.words.1 { self.words.0 } else { words.len() };
        let mut values = vectors.concat();
        values.resize(rows * length, 0.0);
        let features = Tensor::f32(&[1, rows, length], values);
        let names = [0, 1].map(|place: usize| self.network.inputs()[place].name.as_str());
        let output = self.network.outputs()[0].name.as_str();
        let answer = self.network.run_until(&[(names[0], pixels), (names[1], &features)], &[output], stop)?;
        let boxes = &answer[0];
        let &[_, second, third] = boxes.shape.as_slice() else { return Err(boxes.unfit("boxes of words")) };
        let values = boxes.to_f32();
        if second <= MOST_ROWS && third == 6 + self.coefficients && second != 4 + rows + self.coefficients {
            return Ok(finished(&values, third, lie, words.len(), options));
        }
        if second != 4 + rows + self.coefficients {
            return Err(boxes.unfit(&format!("boxes of {rows} words")));
        }
        Ok(columns(&values, third, lie, words.len(), options))
    }
}

/// One column a place.
fn columns(values: &[f32], places: usize, lie: &Lie, words: usize, options: &DetectOptions) -> Vec<Found> {
    let row = |index: usize| &values[index * places..(index + 1) * places];
    let sides = [row(0), row(1), row(2), row(3)];
    let mut found = Vec::new();
    let mut scores = vec![0.0; words];
    for place in 0..places {
        for (word, score) in scores.iter_mut().enumerate() {
            *score = values[(4 + word) * places + place];
        }
        let rect = || lie.centred(sides.map(|side| side[place]));
        counted(&scores, options, |word, score| found.push((rect(), word, score)));
    }
    found
}

/// One row a finished box; those of words that nobody asked for are left out.
fn finished(values: &[f32], length: usize, lie: &Lie, words: usize, options: &DetectOptions) -> Vec<Found> {
    let good = values.chunks_exact(length).filter(|row| super::detecting::beats(row[4], options.score));
    let found = good.map(|row| (lie.corners([row[0], row[1], row[2], row[3]]), row[5].max(0.0) as usize, row[4]));
    found.filter(|(_, word, _)| *word < words).collect()
}

impl TextDetector for Yoloe {
    fn look(&self, picture: &Picture, _stop: &Stop) -> Result<Encoding, ModelError> {
        super::detecting::framed(&self.framing, picture)
    }

    fn find(
        &self,
        seen: &Encoding,
        prompts: &[&str],
        options: &DetectOptions,
        stop: &Stop,
    ) -> Result<Vec<Detection>, ModelError> {
        let (width, height) = (seen.placement.width, seen.placement.height);
        let lie = self.framing.lie(width, height);
        let Some((_, pixels)) = seen.tensors.first() else { return Ok(Vec::new()) };
        let mut found: Vec<Found> = Vec::new();
        for (number, words) in prompts.chunks(self.words.0).enumerate() {
            let some = self.ask(pixels, &lie, words, options, stop)?;
            found.extend(some.into_iter().map(|(rect, word, score)| (rect, number * self.words.0 + word, score)));
        }
        kept(self.network.name(), found, (width, height), options)
    }

    fn usual(&self) -> DetectOptions {
        DetectOptions { score: 0.25, most: 300, overlap: Some(Overlap::within_classes(0.7)), every_class: false }
    }

    fn provider(&self) -> Provider {
        self.network.provider()
    }

    fn load_ms(&self) -> f64 {
        self.network.load_ms() + self.text.load_ms()
    }
}
