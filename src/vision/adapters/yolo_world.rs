//! YOLO-World that takes words (wkentaro/yolo-world-onnx, as osam has it; upstream is under the GPL-3.0): `images
//! [1, 3, 640, 640]`, RGB 0–1, in the middle of a grey frame; `text_features [1, n + 1, 512]`, CLIP ViT-B/32's vectors of
//! unit length with that of a blank last → `scores [1, places, n + 1]`, `boxes [1, places, 4]` (corners in pixels of the
//! frame). The blank's score is dropped. Exports with the words baked in are ordinary detectors (family `yolo`).

use super::phrases::{Found, counted, kept};
use super::text_tower::TextTower;
use super::{Family, Open, Parts};
use crate::detector::{DetectOptions, Detection, Overlap, TextDetector};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing};
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::Encoding;
use crate::tensor::Tensor;
use crate::text_encoder::TextEncoder;

pub(super) const FAMILY: Family = Family {
    name: "yolo_world",
    title: "YOLO-World with words",
    parts: &["model", "text", "tokenizer", "?data"],
    open: Open::TextDetect(|parts| Ok(Box::new(YoloWorld::open(parts)?))),
};

/// What stands for nothing at all.
const BLANK: &str = " ";

struct YoloWorld {
    network: Network,
    framing: Framing,
    text: TextTower,
}

impl YoloWorld {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let network = parts.network("model")?;
        let fits = network.takes("images") && network.takes("text_features");
        let fits = fits && network.gives("scores") && network.gives("boxes");
        parts.demand(&network, fits, "images, text_features in, scores, boxes out")?;
        let (height, width) = super::detecting::frame_size(parts, &network, 640);
        let (fit, colours, normalise) = (Fit::Centred, Colours::Rgb, parts.normalise(Normalise::UNIT));
        let framing = Framing { width, height, fit, colours, normalise, antialias: false };
        Ok(Self { network, framing, text: TextTower::open(parts)? })
    }
}

impl TextDetector for YoloWorld {
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
        let words: Vec<&str> = prompts.iter().copied().chain([BLANK]).collect();
        let vectors = self.text.embed_texts(&words, stop)?;
        let length = vectors[0].len();
        let features = Tensor::f32(&[1, words.len(), length], vectors.concat());
        let mut feeds = super::feeds_of(seen);
        feeds.push(("text_features", &features));
        let answer = self.network.run_until(&feeds, &["scores", "boxes"], stop)?;
        let (scores, boxes) = (answer[0].to_f32(), answer[1].to_f32());
        if scores.len() / words.len() != boxes.len() / 4 || answer[0].shape.last() != Some(&words.len()) {
            return Err(answer[0].unfit("scores of words"));
        }
        let mut found: Vec<Found> = Vec::new();
        for (row, corners) in scores.chunks_exact(words.len()).zip(boxes.as_chunks::<4>().0) {
            counted(&row[..prompts.len()], options, |prompt, score| found.push((lie.corners(*corners), prompt, score)));
        }
        kept(self.network.name(), found, (width, height), options)
    }

    fn usual(&self) -> DetectOptions {
        DetectOptions { score: 0.1, most: 100, overlap: Some(Overlap::within_classes(0.5)), every_class: false }
    }

    fn provider(&self) -> Provider {
        self.network.provider()
    }

    fn load_ms(&self) -> f64 {
        self.network.load_ms() + self.text.load_ms()
    }
}
