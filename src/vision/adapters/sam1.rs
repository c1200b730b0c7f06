//! SAM 1, MobileSAM, EfficientViT-SAM, HQ-SAM: the official decoder export (facebookresearch/segment-anything,
//! `scripts/export_onnx_model.py`) with its encoders.
//!
//! | part | tensor | shape |
//! |---|---|---|
//! | encoder in | one picture: `[1, 3, 1024, 1024]` normalised and padded, or `[h, w, 3]` RGB 0–255 when the graph does that | f32 |
//! | encoder out | `image_embeddings`, for HQ-SAM `interm_embeddings` too | `[1, 256, 64, 64]` |
//! | decoder in | `image_embeddings, point_coords, point_labels, mask_input, has_mask_input, orig_im_size` (h, w) | points in the frame |
//! | decoder out | `low_res_masks`, `iou_predictions` (`masks` of full size are not asked for) | `[1, m, 256, 256]` |

use super::prompts::{FramePoints, Span, demand_something, grids, preferred_first};
use super::{Family, Open, Parts};
use crate::frame::Normalise;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, MaskGrid, Prompt, Segmenter};
use crate::tensor::Tensor;

pub(super) const FAMILY: Family = Family {
    name: "sam1",
    title: "SAM, MobileSAM, EfficientViT-SAM, HQ-SAM",
    parts: &["encoder", "decoder"],
    open: Open::Segment(|parts| Ok(Box::new(Sam1::open(parts)?))),
};

const SIDE: u32 = 1024;

struct Sam1 {
    encoder: Network,
    decoder: Network,
    /// The encoder's graph normalises and pads by itself.
    takes_bytes: bool,
    /// Outputs of the encoder, in its order, under the names the decoder knows.
    kept: Vec<(String, String)>,
}

impl Sam1 {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let (encoder, decoder) = (parts.network("encoder")?, parts.network("decoder")?);
        let fits = ["image_embeddings", "point_coords", "point_labels"].iter().all(|name| decoder.takes(name))
            && decoder.gives("iou_predictions")
            && (decoder.gives("low_res_masks") || decoder.gives("masks"));
        parts.demand(&decoder, fits, "the decoder takes image_embeddings, point_coords, point_labels")?;
        parts.demand(&encoder, encoder.inputs().len() == 1, "the encoder takes one picture")?;
        let takes_bytes = encoder.inputs()[0].shape.len() == 3;
        // The embedding has whatever name the exporter gave it; HQ-SAM's intermediate ones are named.
        let kept = encoder.outputs().iter().enumerate().filter_map(|(i, port)| {
            let name = if decoder.takes(&port.name) {
                port.name.as_str()
            } else if i == 0 {
                "image_embeddings"
            } else {
                return None;
            };
            Some((port.name.clone(), name.to_owned()))
        });
        let kept: Vec<_> = kept.collect();
        let hq = !decoder.takes("interm_embeddings") || kept.iter().any(|(_, name)| name == "interm_embeddings");
        parts.demand(&encoder, hq, "the decoder is HQ-SAM's: the encoder has to give interm_embeddings")?;
        Ok(Self { takes_bytes, kept, encoder, decoder })
    }
}

impl Segmenter for Sam1 {
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        let (scaled, placement) = picture.with_long_side(SIDE).map_err(super::unscaled)?;
        let input = if self.takes_bytes {
            let values = scaled.rgb.iter().map(|v| f32::from(*v)).collect();
            Tensor::f32(&[scaled.height as usize, scaled.width as usize, 3], values)
        } else {
            scaled.planes(SIDE, SIDE, &Normalise::IMAGENET)
        };
        let wanted: Vec<&str> = self.kept.iter().map(|(output, _)| output.as_str()).collect();
        let outputs = self.encoder.run_until(&[(&self.encoder.inputs()[0].name, &input)], &wanted, stop)?;
        let tensors = self.kept.iter().map(|(_, name)| name.clone()).zip(outputs).collect();
        Ok(Encoding { placement, tensors })
    }

    fn decode(&self, encoding: &Encoding, prompt: &Prompt) -> Result<Vec<MaskGrid>, ModelError> {
        demand_something(prompt, FAMILY.name)?;
        let placement = &encoding.placement;
        let points = FramePoints::with_corners(prompt, placement);
        let points = if prompt.rect.is_none() { points.padded() } else { points };
        let (coordinates, labels) = (points.coordinates(1), points.labels(1));
        let mask_input = Tensor::f32(&[1, 1, 256, 256], vec![0.0; 256 * 256]);
        let has_mask = Tensor::f32(&[1], vec![0.0]);
        let size = Tensor::f32(&[2], vec![placement.height as f32, placement.width as f32]);
        let mut feeds = super::feeds_of(encoding);
        feeds.extend([
            ("point_coords", &coordinates),
            ("point_labels", &labels),
            ("mask_input", &mask_input),
            ("has_mask_input", &has_mask),
            ("orig_im_size", &size),
        ]);
        // The small logits hold the same shape; the large ones cost memory and time by the size of the picture.
        let (name, span) = if self.decoder.gives("low_res_masks") {
            ("low_res_masks", Span::Frame(f64::from(SIDE)))
        } else {
            ("masks", Span::Picture)
        };
        let answer = self.decoder.run(&feeds, &[name, "iou_predictions"])?;
        Ok(preferred_first(grids(&answer[0], &answer[1].to_f32(), placement, span)?, points.len()))
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms()
    }
}
