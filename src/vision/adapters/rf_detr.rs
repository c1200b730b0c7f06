//! RF-DETR by Roboflow (`rfdetr/export/`; Nano to Large Apache-2.0): `input [b, 3, r, r]`, RGB, stretched without
//! smoothing, ImageNet's mean and std → `dets [b, queries, 4]` (centre and sides in shares), `labels [b, queries, slots]`
//! (logits), `masks [b, queries, r/4, r/4]` (logits) where it segments. 91 slots are COCO's category ids; a fine-tuned
//! model has one more than its classes.

use tator_domain::Polygon;

use super::detecting::{Candidate, Engine, Head, frame_size};
use super::names::{Slots, detr_names};
use super::{Family, Open, Parts, queries};
use crate::detector::{DetectOptions, Detector};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::tensor::Tensor;

pub(super) const FAMILY: Family =
    Family { name: "rf_detr", title: "RF-DETR", parts: &["model", "?data"], open: Open::Detect(open) };

struct RfDetr {
    slots: Slots,
}

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let fits = network.inputs().len() == 1 && network.gives("dets") && network.gives("labels");
    parts.demand(&network, fits, "one picture in, dets and labels out")?;
    let count = network.output("labels").and_then(|port| port.shape.last().copied().flatten());
    let (classes, slots) = detr_names(parts, &network, count)?;
    let (height, width) = frame_size(parts, &network, 560);
    let (fit, colours, normalise) = (Fit::Stretch, Colours::Rgb, parts.normalise(Normalise::IMAGENET));
    let framing = Framing { width, height, fit, colours, normalise, antialias: false };
    let wanted = ["dets", "labels", "masks"].into_iter().filter(|name| network.gives(name));
    let outputs = wanted.map(str::to_owned).collect();
    Ok(Box::new(Engine { network, framing, outputs, classes, usual: queries::USUAL, head: RfDetr { slots } }))
}

impl Head for RfDetr {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        queries::read((&answer[1], &answer[0]), item, self.slots, lie, options)
    }

    fn outline(&self, answer: &[Tensor], item: usize, lie: &Lie, candidate: &Candidate) -> Option<Polygon> {
        queries::outline(answer.get(2)?, item, 0.0, lie, candidate)
    }
}
