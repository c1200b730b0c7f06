//! SAM 2.1 and SAM 3 (tracker) as onnx-community exports them: `pixel_values` → `image_embeddings.0/.1/.2`; these with
//! `input_points [1, 1, n, 2]`, `input_labels [1, 1, n]` (i64) and `input_boxes [1, k, 4]` (corners) in the frame →
//! `iou_scores [1, 1, 3], pred_masks [1, 1, 3, h, w], object_score_logits`.
//!
//! Points alone: no boxes, `[1, 0, 4]`. A box alone: no points, `[1, 1, 0, 2]`.

use fast_image_resize::FilterType;

use super::Parts;
use super::prompts::{FramePoints, Span, best_first, demand_something, grids};
use crate::frame::Normalise;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, MaskGrid, Prompt, Segmenter};
use crate::tensor::Tensor;

/// SAM 3's frame; SAM 2's is 1024.
const SAM3_SIDE: u32 = 1008;

pub(super) struct SamTracker {
    encoder: Network,
    decoder: Network,
    side: u32,
}

impl SamTracker {
    /// Whether the decoder is one of these.
    pub(super) fn knows(decoder: &Network) -> bool {
        decoder.takes("input_boxes") && decoder.takes("input_points")
    }

    pub(super) fn new(parts: &Parts<'_>, encoder: Network, decoder: Network) -> Result<Self, ModelError> {
        let inputs = ["input_points", "input_labels", "input_boxes"];
        let fits =
            inputs.iter().all(|name| decoder.takes(name)) && decoder.gives("iou_scores") && decoder.gives("pred_masks");
        parts.demand(&decoder, fits, "the decoder takes input_points, input_labels, input_boxes")?;
        let levels = decoder.inputs().iter().filter(|port| port.name.starts_with("image_embeddings"));
        let fits = levels.clone().count() > 0 && levels.clone().all(|port| encoder.gives(&port.name));
        parts.demand(&encoder, fits, "the encoder gives image_embeddings.0, .1, .2")?;
        let side = super::frame_side(&encoder, parts.manifest, 1024);
        Ok(Self { side, encoder, decoder })
    }
}

impl Segmenter for SamTracker {
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        let (scaled, placement) =
            picture.stretched(self.side, self.side, FilterType::Bilinear).map_err(super::unscaled)?;
        let normalise = if self.side == SAM3_SIDE { Normalise::SIGNED } else { Normalise::IMAGENET };
        let input = scaled.planes(self.side, self.side, &normalise);
        let wanted: Vec<&str> = self
            .encoder
            .outputs()
            .iter()
            .map(|port| port.name.as_str())
            .filter(|name| self.decoder.takes(name))
            .collect();
        let outputs = self.encoder.run_until(&[(&self.encoder.inputs()[0].name, &input)], &wanted, stop)?;
        Ok(Encoding { placement, tensors: wanted.into_iter().map(str::to_owned).zip(outputs).collect() })
    }

    fn decode(&self, encoding: &Encoding, prompt: &Prompt) -> Result<Vec<MaskGrid>, ModelError> {
        demand_something(prompt, "sam2")?;
        let placement = &encoding.placement;
        let points = FramePoints::of_points(prompt, placement);
        let (coordinates, labels) = (points.coordinates(2), points.labels(2));
        let corners = prompt.rect.map(|rect| {
            [
                rect.x * placement.scale_x,
                rect.y * placement.scale_y,
                rect.right() * placement.scale_x,
                rect.bottom() * placement.scale_y,
            ]
            .map(|v| v as f32)
            .to_vec()
        });
        let boxes = Tensor::f32(&[1, usize::from(corners.is_some()), 4], corners.unwrap_or_default());
        let mut feeds = super::feeds_of(encoding);
        feeds.extend([("input_points", &coordinates), ("input_labels", &labels), ("input_boxes", &boxes)]);
        let answer = self.decoder.run(&feeds, &["pred_masks", "iou_scores"])?;
        Ok(best_first(grids(&answer[0], &answer[1].to_f32(), placement, Span::Frame(f64::from(self.side)))?))
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms()
    }
}
