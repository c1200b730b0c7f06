//! SAM as Hugging Face splits it (Xenova/slimsam-77-uniform, Xenova/sam-vit-base): `pixel_values` →
//! `image_embeddings, image_positional_embeddings`; with `input_points [1, 1, n, 2]` in the frame and `input_labels`
//! (i64) → `iou_scores [1, 1, 3], pred_masks [1, 1, 3, 256, 256]`.
//!
//! The export has no box prompt, and the graph adds its own padding point. A box is asked for by its middle and the
//! middles of its quarters, with background points just outside its sides.

use tator_domain::PixelBox;

use super::prompts::{FramePoints, Span, best_first, demand_something, grids};
use super::{Family, Open, Parts};
use crate::frame::Normalise;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::segmenter::{Encoding, MaskGrid, Prompt, Segmenter};

pub(super) const FAMILY: Family = Family {
    name: "sam_split",
    title: "SlimSAM and other Hugging Face exports of SAM",
    parts: &["encoder", "decoder"],
    open: Open::Segment(|parts| Ok(Box::new(SamSplit::open(parts)?))),
};

const SIDE: u32 = 1024;

struct SamSplit {
    encoder: Network,
    decoder: Network,
}

impl SamSplit {
    fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let (encoder, decoder) = (parts.network("encoder")?, parts.network("decoder")?);
        let inputs = ["image_embeddings", "image_positional_embeddings", "input_points", "input_labels"];
        let fits =
            inputs.iter().all(|name| decoder.takes(name)) && decoder.gives("iou_scores") && decoder.gives("pred_masks");
        parts.demand(&decoder, fits, "the decoder takes input_points, input_labels, gives iou_scores, pred_masks")?;
        let fits = encoder.gives("image_embeddings") && encoder.gives("image_positional_embeddings");
        parts.demand(&encoder, fits, "the encoder gives image_embeddings, image_positional_embeddings")?;
        Ok(Self { encoder, decoder })
    }
}

impl Segmenter for SamSplit {
    fn encode(&self, picture: &Picture, stop: &Stop) -> Result<Encoding, ModelError> {
        let (scaled, placement) = picture.with_long_side(SIDE).map_err(super::unscaled)?;
        let input = scaled.planes(SIDE, SIDE, &Normalise::IMAGENET);
        let names = ["image_embeddings", "image_positional_embeddings"];
        let outputs = self.encoder.run_until(&[(&self.encoder.inputs()[0].name, &input)], &names, stop)?;
        Ok(Encoding { placement, tensors: names.map(str::to_owned).into_iter().zip(outputs).collect() })
    }

    fn decode(&self, encoding: &Encoding, prompt: &Prompt) -> Result<Vec<MaskGrid>, ModelError> {
        demand_something(prompt, FAMILY.name)?;
        let placement = &encoding.placement;
        let mut asked = prompt.clone();
        if let Some(rect) = asked.rect.take() {
            let (width, height) = (f64::from(placement.width), f64::from(placement.height));
            asked.points.extend(points_for(&rect, width, height));
        }
        let points = FramePoints::of_points(&asked, placement);
        let (coordinates, labels) = (points.coordinates(2), points.labels(2));
        let mut feeds = super::feeds_of(encoding);
        feeds.extend([("input_points", &coordinates), ("input_labels", &labels)]);
        let answer = self.decoder.run(&feeds, &["pred_masks", "iou_scores"])?;
        Ok(best_first(grids(&answer[0], &answer[1].to_f32(), placement, Span::Frame(f64::from(SIDE)))?))
    }

    fn provider(&self) -> Provider {
        self.encoder.provider()
    }

    fn load_ms(&self) -> f64 {
        self.encoder.load_ms() + self.decoder.load_ms()
    }
}

/// A box in points: its middle and quarters on the object, the picture beyond its sides not.
fn points_for(rect: &PixelBox, width: f64, height: f64) -> Vec<(f64, f64, bool)> {
    let at = |share_x: f64, share_y: f64| (rect.x + share_x * rect.w, rect.y + share_y * rect.h);
    let on = [(0.5, 0.5), (0.3, 0.5), (0.7, 0.5), (0.5, 0.3), (0.5, 0.7)].map(|(x, y)| at(x, y));
    let beside = [(-0.08, 0.5), (1.08, 0.5), (0.5, -0.08), (0.5, 1.08)].map(|(x, y)| at(x, y));
    let inside = |(x, y): &(f64, f64)| *x >= 0.0 && *y >= 0.0 && *x < width && *y < height;
    let on = on.into_iter().map(|(x, y)| (x, y, true));
    on.chain(beside.into_iter().filter(inside).map(|(x, y)| (x, y, false))).collect()
}
