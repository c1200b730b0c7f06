//! YOLOv5's own repository, v6, v7 and Gold-YOLO (`export.py`, `models/yolo.py`): `images [b, 3, h, w]`, RGB 0–1, in the
//! middle of a grey frame → `output0` (or `output`) `[b, places, 5 + classes]` with centre, sides in pixels of the frame,
//! objectness and scores, all between 0 and 1; masks add 32 coefficients and `output1 [b, 32, h/4, w/4]`. YOLOv5 and v7
//! are under the AGPL-3.0 and GPL-3.0. v7 with suppression in the graph: `num_dets [b, 1], det_boxes [b, n, 4],
//! det_scores [b, n], det_classes [b, n]`, corners in pixels of the frame.

use tator_domain::Polygon;

use super::detecting::{Candidate, Engine, Head, beats, frame_size};
use super::names::class_names;
use super::{Family, Open, Parts, anchored, masks};
use crate::detector::{DetectOptions, Detector, Overlap};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::network::Network;
use crate::tensor::Tensor;

pub(super) const FAMILY: Family =
    Family { name: "yolov5", title: "YOLOv5, v6, v7, Gold-YOLO", parts: &["model", "?data"], open: Open::Detect(open) };

const USUAL: DetectOptions =
    DetectOptions { score: 0.25, most: 1000, overlap: Some(Overlap::within_classes(0.45)), every_class: false };
const FINISHED: [&str; 4] = ["num_dets", "det_boxes", "det_scores", "det_classes"];

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let (height, width) = frame_size(parts, &network, 640);
    let (fit, colours, normalise) = (Fit::Centred, Colours::Rgb, parts.normalise(Normalise::UNIT));
    let framing = Framing { width, height, fit, colours, normalise, antialias: false };
    if FINISHED.iter().all(|name| network.gives(name)) {
        let classes = class_names(parts, &network, None)?;
        let outputs = FINISHED.map(str::to_owned).to_vec();
        return Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL.raw(), head: Finished }));
    }
    let (head, classes) = recognise(parts, &network)?;
    let outputs = network.outputs().iter().take(1 + usize::from(head.coefficients > 0));
    let outputs = outputs.map(|port| port.name.clone()).collect();
    Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL, head }))
}

fn recognise(parts: &Parts<'_>, network: &Network) -> Result<(Places, Vec<String>), ModelError> {
    let expected =
        "one picture in, output0 [b, places, 5 + classes] out, or num_dets, det_boxes, det_scores, det_classes";
    let shape = network.outputs().first().map_or(&[][..], |port| &port.shape);
    let (3, 1, Some(length)) = (shape.len(), network.inputs().len(), shape.last().copied().flatten()) else {
        parts.demand(network, false, expected)?;
        return Err(super::names::unnamed(parts));
    };
    // Some files give the undecoded levels as well (5 axes); only planes of prototypes go with masks.
    let planes = network.outputs().get(1).filter(|port| port.shape.len() == 4);
    let coefficients = planes.map_or(0, |port| port.shape[1].unwrap_or(32));
    let longer = shape[1].is_none_or(|places| places > length);
    parts.demand(network, length > 5 + coefficients && longer, expected)?;
    let classes = class_names(parts, network, Some(length - 5 - coefficients))?;
    Ok((Places { classes: classes.len(), coefficients }, classes))
}

struct Places {
    classes: usize,
    coefficients: usize,
}

impl Head for Places {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let floats = answer[0].floats();
        let values = answer[0].item(&floats, item)?;
        let length = 5 + self.classes + self.coefficients;
        if answer[0].shape.last() != Some(&length) {
            return Err(answer[0].unfit("boxes"));
        }
        Ok(anchored::rows(values, length, self.classes, lie, options, |_, sides| sides))
    }

    fn outline(&self, answer: &[Tensor], item: usize, lie: &Lie, candidate: &Candidate) -> Option<Polygon> {
        let [boxes, prototypes] = answer else { return None };
        let &[_, depth, height, width] = prototypes.shape.as_slice() else { return None };
        let (boxes_values, planes) = (boxes.floats(), prototypes.floats());
        let length = 5 + self.classes + self.coefficients;
        let start = candidate.place * length + 5 + self.classes;
        let coefficients = boxes.item(&boxes_values, item).ok()?.get(start..start + depth)?;
        let planes = prototypes.item(&planes, item).ok()?;
        masks::outline(width, height, lie, &candidate.rect, |cell| {
            coefficients.iter().enumerate().map(|(k, c)| c * planes[k * width * height + cell]).sum()
        })
    }
}

/// Suppression has been done in the graph.
struct Finished;

impl Head for Finished {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let [count, boxes, scores, classes] = answer else { return Ok(Vec::new()) };
        let (counts, boxes_values, scores_values) = (count.integers(), boxes.floats(), scores.floats());
        let classes_values = classes.floats();
        let rows = boxes.item(&boxes_values, item)?.chunks_exact(4);
        let (scores, classes) = (scores.item(&scores_values, item)?, classes.item(&classes_values, item)?);
        let count = counts.get(item).map_or(0, |count| usize::try_from(*count).unwrap_or(0));
        let all = rows.zip(scores).zip(classes).take(count).enumerate();
        let good = all.filter(|(_, ((_, score), _))| beats(**score, options.score));
        Ok(good
            .map(|(place, ((row, score), class))| {
                let rect = lie.corners([row[0], row[1], row[2], row[3]]);
                Candidate { rect, angle: None, class: class.max(0.0) as usize, score: *score, place }
            })
            .collect())
    }
}
