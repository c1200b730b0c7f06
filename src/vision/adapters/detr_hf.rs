//! RT-DETR, RT-DETRv2, D-FINE and RF-DETR as Hugging Face exports them (optimum; `image_processing_rt_detr.py`):
//! `pixel_values [b, 3, h, w]`, RGB 0–1, stretched → `logits [b, queries, classes]`, `pred_boxes [b, queries, 4]` (centre
//! and sides in shares). RF-DETR wants ImageNet's `mean` and `std` in its manifest. DETRs that want a `pixel_mask` (and
//! YOLOS, with 92 scores) take a softmax over their classes and are another thing.

use super::detecting::{Candidate, Engine, Head, frame_size};
use super::names::{Slots, detr_names};
use super::{Family, Open, Parts, queries};
use crate::detector::{DetectOptions, Detector};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::tensor::Tensor;

pub(super) const FAMILY: Family = Family {
    name: "detr_hf",
    title: "RT-DETR, D-FINE, RF-DETR (Hugging Face exports)",
    parts: &["model", "?data"],
    open: Open::Detect(open),
};

struct DetrHf {
    slots: Slots,
}

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let fits = network.inputs().len() == 1 && network.gives("logits") && network.gives("pred_boxes");
    parts.demand(&network, fits, "pixel_values alone in, logits and pred_boxes out")?;
    let count = network.output("logits").and_then(|port| port.shape.last().copied().flatten());
    let is_softmax = count == Some(92) && parts.manifest.classes.len() != 92;
    parts.demand(&network, !is_softmax, "a score of its own for each class, not a softmax over 92")?;
    let (classes, slots) = detr_names(parts, &network, count)?;
    let (height, width) = frame_size(parts, &network, 640);
    let (fit, colours, normalise) = (Fit::Stretch, Colours::Rgb, parts.normalise(Normalise::UNIT));
    let framing = Framing { width, height, fit, colours, normalise, antialias: true };
    let outputs = vec!["logits".to_owned(), "pred_boxes".to_owned()];
    Ok(Box::new(Engine { network, framing, outputs, classes, usual: queries::USUAL, head: DetrHf { slots } }))
}

impl Head for DetrHf {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        queries::read((&answer[0], &answer[1]), item, self.slots, lie, options)
    }
}
