//! SAM 2 and 2.1 with separate high-resolution features: samexporter's and X-AnyLabeling's files, the older
//! onnx-community ones, and osam's. The picture is stretched to 1024 × 1024.
//!
//! | | samexporter | onnx-community, older | osam |
//! |---|---|---|---|
//! | embedding | `image_embed` | `image_embeddings` | `image_embeddings` |
//! | features | `high_res_feats_0/1` | `high_res_feats_0/1` | `high_res_features1/2` |
//! | prompt | `point_coords, point_labels` | `input_points, input_labels` | `point_coords, point_labels` |
//! | answer | `masks, iou_predictions` | `pred_masks, iou_scores` | `masks, scores` |
//!
//! The decoders add their own padding point. The newer onnx-community files are [`sam_tracker`](super::sam_tracker)'s.

use fast_image_resize::FilterType;

use super::prompts::{FramePoints, Span, best_first, demand_something, grids};
use super::sam_tracker::SamTracker;
use super::{Family, Open, Parts};
use crate::frame::Normalise;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, MaskGrid, Prompt, Segmenter};
use crate::tensor::Tensor;

pub(super) const FAMILY: Family = Family {
    name: "sam2",
    title: "SAM 2 and 2.1",
    parts: &["encoder", "decoder"],
    open: Open::Segment(|parts| {
        let (encoder, decoder) = (parts.network("encoder")?, parts.network("decoder")?);
        if SamTracker::knows(&decoder) {
            return Ok(Box::new(SamTracker::new(parts, encoder, decoder)?));
        }
        Ok(Box::new(Sam2::new(parts, encoder, decoder)?))
    }),
};

struct Sam2 {
    encoder: Network,
    decoder: Network,
    side: u32,
    names: &'static Names,
    /// The masks come in the picture's size, not in the frame's.
    full_size: bool,
}

/// What an exporter calls things.
struct Names {
    coordinates: &'static str,
    labels: &'static str,
    mask: &'static str,
    has_mask: &'static str,
    masks: &'static str,
    scores: &'static str,
}

const LAYOUTS: &[Names] = &[
    Names {
        coordinates: "point_coords",
        labels: "point_labels",
        mask: "mask_input",
        has_mask: "has_mask_input",
        masks: "masks",
        scores: "iou_predictions",
    },
    Names {
        coordinates: "input_points",
        labels: "input_labels",
        mask: "input_masks",
        has_mask: "has_input_masks",
        masks: "pred_masks",
        scores: "iou_scores",
    },
    Names {
        coordinates: "point_coords",
        labels: "point_labels",
        mask: "mask_input",
        has_mask: "has_mask_input",
        masks: "masks",
        scores: "scores",
    },
];

impl Sam2 {
    fn new(parts: &Parts<'_>, encoder: Network, decoder: Network) -> Result<Self, ModelError> {
        let fits = |names: &&Names| {
            decoder.takes(names.coordinates)
                && decoder.takes(names.labels)
                && decoder.gives(names.masks)
                && decoder.gives(names.scores)
        };
        let names = LAYOUTS.iter().find(fits);
        parts.demand(&decoder, names.is_some(), "the decoder takes points and labels under one of the known names")?;
        let fed = decoder.inputs().iter().filter(|port| encoder.gives(&port.name)).count();
        parts.demand(
            &encoder,
            fed >= 3,
            "the encoder gives the embedding and two levels of features the decoder takes",
        )?;
        let side = super::frame_side(&encoder, parts.manifest, 1024);
        let full_size = decoder.takes("orig_im_size");
        Ok(Self { side, names: names.unwrap_or(&LAYOUTS[0]), full_size, encoder, decoder })
    }
}

impl Segmenter for Sam2 {
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        let (scaled, placement) =
            picture.stretched(self.side, self.side, FilterType::Bilinear).map_err(super::unscaled)?;
        let input = scaled.planes(self.side, self.side, &Normalise::IMAGENET);
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
        demand_something(prompt, FAMILY.name)?;
        let points = FramePoints::with_corners(prompt, &encoding.placement);
        let (coordinates, labels) = (points.coordinates(1), points.labels(1));
        let quarter = (self.side / 4) as usize;
        let mask = Tensor::f32(&[1, 1, quarter, quarter], vec![0.0; quarter * quarter]);
        let has_mask = Tensor::f32(&[1], vec![0.0]);
        // Masks of the frame's size hold what the picture's would, and cost the same for every picture.
        let side = i64::from(self.side);
        let size = Tensor::i64(&[2], vec![side, side]);
        let mut feeds = super::feeds_of(encoding);
        feeds.extend([
            (self.names.coordinates, &coordinates),
            (self.names.labels, &labels),
            (self.names.mask, &mask),
            (self.names.has_mask, &has_mask),
            ("orig_im_size", &size),
        ]);
        let answer = self.decoder.run(&feeds, &[self.names.masks, self.names.scores])?;
        let span = if self.full_size { Span::Picture } else { Span::Frame(f64::from(self.side)) };
        Ok(best_first(grids(&answer[0], &answer[1].to_f32(), &encoding.placement, span)?))
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms()
    }
}
