//! D-FINE, RT-DETR, RT-DETRv2, DEIM and DEIMv2 by their own exports (`tools/deployment/export_onnx.py`; Apache-2.0):
//! `images [b, 3, s, s]`, RGB 0–1, stretched; `orig_target_sizes [b, 2]` = (width, height) → `labels [b, k], boxes
//! [b, k, 4]` (corners in the units of the sizes), `scores [b, k]`. DEIMv2 with a DINOv3 backbone wants ImageNet's `mean`
//! and `std` in its manifest. D-FINE-seg has no sizes, boxes in pixels of the frame, and `masks [b, k, h, w]`, 0–1.

use tator_domain::{PixelBox, Polygon};

use super::detecting::{Candidate, Engine, Head, beats, frame_size};
use super::names::class_names;
use super::{Family, Open, Parts, queries};
use crate::detector::{DetectOptions, Detector, Overlap};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::tensor::Tensor;

pub(super) const FAMILY: Family = Family {
    name: "detr",
    title: "D-FINE, RT-DETR, DEIM (their own exports)",
    parts: &["model", "?data"],
    open: Open::Detect(open),
};

struct Detr {
    /// The graph scales boxes to the sizes it is told.
    takes_sizes: bool,
}

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let takes_sizes = network.takes("orig_target_sizes");
    let has_masks = network.gives("masks");
    let gives = ["labels", "boxes", "scores"].iter().all(|name| network.gives(name));
    let fits = gives && network.inputs().len() == 1 + usize::from(takes_sizes) && (takes_sizes || has_masks);
    let expected = "images and orig_target_sizes in (images alone with masks), labels, boxes, scores out";
    parts.demand(&network, fits, expected)?;
    let classes = class_names(parts, &network, None)?;
    let (height, width) = frame_size(parts, &network, 640);
    let (fit, colours, normalise) = (Fit::Stretch, Colours::Rgb, parts.normalise(Normalise::UNIT));
    let framing = Framing { width, height, fit, colours, normalise, antialias: true };
    let mut outputs: Vec<String> = ["labels", "boxes", "scores"].map(str::to_owned).to_vec();
    outputs.extend(has_masks.then(|| "masks".to_owned()));
    // Those with masks are shown with suppression.
    let overlap = has_masks.then_some(Overlap::within_classes(0.7));
    let usual = DetectOptions { score: 0.4, overlap, ..queries::USUAL };
    Ok(Box::new(Engine { network, framing, outputs, classes, usual, head: Detr { takes_sizes } }))
}

impl Head for Detr {
    fn feeds(&self, lies: &[Lie]) -> Vec<(&'static str, Tensor)> {
        let sizes = lies.iter().flat_map(|lie| [lie.placement.width.into(), lie.placement.height.into()]).collect();
        vec![("orig_target_sizes", Tensor::i64(&[lies.len(), 2], sizes))]
    }

    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let [labels, boxes, scores, ..] = answer else { return Ok(Vec::new()) };
        if boxes.shape.last() != Some(&4) {
            return Err(boxes.unfit("boxes"));
        }
        let (label_values, box_values, score_values) = (labels.floats(), boxes.floats(), scores.floats());
        let labels = labels.item(&label_values, item)?;
        let rows = boxes.item(&box_values, item)?.chunks_exact(4);
        let all = scores.item(&score_values, item)?.iter().zip(rows).zip(labels).enumerate();
        let good = all.filter(|(_, ((score, _), _))| beats(**score, options.score));
        Ok(good
            .map(|(place, ((score, row), label))| {
                let corners = [row[0], row[1], row[2], row[3]];
                let rect = if self.takes_sizes { of_picture(corners) } else { lie.corners(corners) };
                Candidate { rect, angle: None, class: label.max(0.0) as usize, score: *score, place }
            })
            .collect())
    }

    fn outline(&self, answer: &[Tensor], item: usize, lie: &Lie, candidate: &Candidate) -> Option<Polygon> {
        queries::outline(answer.get(3)?, item, 0.5, lie, candidate)
    }
}

fn of_picture(corners: [f32; 4]) -> PixelBox {
    let [x0, y0, x1, y1] = corners.map(f64::from);
    PixelBox { x: x0, y: y0, w: x1 - x0, h: y1 - y0 }
}
