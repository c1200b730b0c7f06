//! EdgeSAM (chongzhou96/EdgeSAM, `scripts/export_onnx_model.py`): SAM's frame, a decoder with two prompts and no more.
//! Weights are under the NTU S-Lab licence, not for commercial use.
//!
//! Decoder: `image_embeddings, point_coords [1, n, 2], point_labels [1, n]` → `scores [1, 4], masks [1, 4, 256, 256]`.

use super::prompts::{FramePoints, Span, best_first, demand_something, grids};
use super::{Family, Open, Parts};
use crate::frame::Normalise;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, MaskGrid, Prompt, Segmenter};

pub(super) const FAMILY: Family = Family {
    name: "edge_sam",
    title: "EdgeSAM",
    parts: &["encoder", "decoder"],
    open: Open::Segment(|parts| Ok(Box::new(EdgeSam::open(parts)?))),
};

const SIDE: u32 = 1024;

struct EdgeSam {
    encoder: Network,
    decoder: Network,
}

impl EdgeSam {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let (encoder, decoder) = (parts.network("encoder")?, parts.network("decoder")?);
        let fits = ["image_embeddings", "point_coords", "point_labels"].iter().all(|name| decoder.takes(name))
            && decoder.gives("scores")
            && decoder.gives("masks");
        parts.demand(
            &decoder,
            fits,
            "the decoder takes image_embeddings, point_coords, point_labels, gives scores, masks",
        )?;
        parts.demand(&encoder, encoder.inputs().len() == 1, "the encoder takes one picture")?;
        Ok(Self { encoder, decoder })
    }
}

impl Segmenter for EdgeSam {
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        let (scaled, placement) = picture.with_long_side(SIDE).map_err(super::unscaled)?;
        let input = scaled.planes(SIDE, SIDE, &Normalise::IMAGENET);
        let output = self.encoder.outputs()[0].name.as_str();
        let outputs = self.encoder.run_until(&[(&self.encoder.inputs()[0].name, &input)], &[output], stop)?;
        Ok(Encoding { placement, tensors: ["image_embeddings".to_owned()].into_iter().zip(outputs).collect() })
    }

    fn decode(&self, encoding: &Encoding, prompt: &Prompt) -> Result<Vec<MaskGrid>, ModelError> {
        demand_something(prompt, FAMILY.name)?;
        let points = FramePoints::with_corners(prompt, &encoding.placement);
        let (coordinates, labels) = (points.coordinates(1), points.labels(1));
        let mut feeds = super::feeds_of(encoding);
        feeds.extend([("point_coords", &coordinates), ("point_labels", &labels)]);
        let answer = self.decoder.run(&feeds, &["masks", "scores"])?;
        let span = Span::Frame(f64::from(SIDE));
        Ok(best_first(grids(&answer[0], &answer[1].to_f32(), &encoding.placement, span)?))
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms()
    }
}
