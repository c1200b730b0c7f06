//! EfficientSAM (yformer/EfficientSAM, `export_to_onnx.py`): the graph stretches and normalises, points are in pixels of
//! the picture.
//!
//! Encoder: `batched_images [1, 3, h, w]`, RGB 0–1 → `image_embeddings`. Decoder: `image_embeddings,
//! batched_point_coords [1, 1, n, 2], batched_point_labels [1, 1, n], orig_im_size` (i64, h and w) → `output_masks
//! [1, 1, 3, h, w], iou_predictions [1, 1, 3]`. At most six points; more are cut off.

use super::prompts::{FramePoints, Span, best_first, demand_something, grids};
use super::{Family, Open, Parts};
use crate::frame::{Normalise, Placement};
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, MaskGrid, Prompt, Segmenter};
use crate::tensor::Tensor;

pub(super) const FAMILY: Family = Family {
    name: "efficient_sam",
    title: "EfficientSAM",
    parts: &["encoder", "decoder"],
    open: Open::Segment(|parts| Ok(Box::new(EfficientSam::open(parts)?))),
};

/// The graph works at this side whatever it is given; masks of the picture's full size would cost by its pixels.
const SIDE: u32 = 1024;
const MOST_POINTS: usize = 6;

struct EfficientSam {
    encoder: Network,
    decoder: Network,
}

impl EfficientSam {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let (encoder, decoder) = (parts.network("encoder")?, parts.network("decoder")?);
        let inputs = ["image_embeddings", "batched_point_coords", "batched_point_labels"];
        let fits = inputs.iter().all(|name| decoder.takes(name))
            && decoder.gives("output_masks")
            && decoder.gives("iou_predictions");
        parts.demand(&decoder, fits, "the decoder takes batched_point_coords, gives output_masks, iou_predictions")?;
        parts.demand(&encoder, encoder.inputs().len() == 1, "the encoder takes batched_images")?;
        Ok(Self { encoder, decoder })
    }
}

impl Segmenter for EfficientSam {
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        // Pictures beyond the frame are made smaller here, where it is antialiased, and the decoder is told that size.
        let longer = picture.width.max(picture.height);
        let (scaled, placement) = picture.with_long_side(longer.min(SIDE)).map_err(super::unscaled)?;
        let input = scaled.planes(scaled.width, scaled.height, &Normalise::UNIT);
        let output = self.encoder.outputs()[0].name.as_str();
        let outputs = self.encoder.run_until(&[(&self.encoder.inputs()[0].name, &input)], &[output], stop)?;
        let size = Tensor::i64(&[2], vec![i64::from(scaled.height), i64::from(scaled.width)]);
        let names = ["image_embeddings".to_owned(), "orig_im_size".to_owned()];
        Ok(Encoding { placement, tensors: names.into_iter().zip(outputs.into_iter().chain([size])).collect() })
    }

    fn decode(&self, encoding: &Encoding, prompt: &Prompt) -> Result<Vec<MaskGrid>, ModelError> {
        demand_something(prompt, FAMILY.name)?;
        let placement: &Placement = &encoding.placement;
        // The box last would be the first to be cut off.
        let mut few = prompt.clone();
        few.points.truncate(MOST_POINTS - if prompt.rect.is_some() { 2 } else { 0 });
        let points = FramePoints::with_corners(&few, placement);
        let (coordinates, labels) = (points.coordinates(2), points.labels(2));
        let mut feeds = super::feeds_of(encoding);
        feeds.extend([("batched_point_coords", &coordinates), ("batched_point_labels", &labels)]);
        let answer = self.decoder.run(&feeds, &["output_masks", "iou_predictions"])?;
        Ok(best_first(grids(&answer[0], &answer[1].to_f32(), placement, Span::Picture)?))
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms()
    }
}
