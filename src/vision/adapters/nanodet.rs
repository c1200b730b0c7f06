//! NanoDet and NanoDet-Plus (RangiLyu/nanodet, `tools/export_onnx.py`; Apache-2.0): one picture, BGR with ImageNet's mean
//! and std, stretched. Plus: `output [b, cells, classes + 32]` of strides 8 to 64, cells begin where they are counted. The
//! older one: `cls_pred_stride_*` and `dis_pred_stride_*` of strides 8 to 32, counted from the middle of a cell. Scores
//! are between 0 and 1, distances as in `distances.rs`.

use super::detecting::{Candidate, Engine, Head, frame_size};
use super::distances::{Cells, Level, Rows, read_split, split};
use super::names::class_names;
use super::{Family, Open, Parts};
use crate::detector::{DetectOptions, Detector, Overlap};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::tensor::Tensor;

pub(super) const FAMILY: Family =
    Family { name: "nanodet", title: "NanoDet, NanoDet-Plus", parts: &["model", "?data"], open: Open::Detect(open) };

const USUAL: DetectOptions =
    DetectOptions { score: 0.3, most: 100, overlap: Some(Overlap::within_classes(0.6)), every_class: false };
/// Four edges with eight bins each.
const BINS: usize = 32;

struct NanoDet {
    levels: Vec<Level>,
    /// Of the layout with one table.
    classes: Option<usize>,
}

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let (height, width) = frame_size(parts, &network, 416);
    let (fit, colours, normalise) = (Fit::Stretch, Colours::Bgr, parts.normalise(Normalise::IMAGENET));
    let framing = Framing { width, height, fit, colours, normalise, antialias: false };
    if let Some(found) = split(&network, width, height) {
        let classes = class_names(parts, &network, Some(found.classes))?;
        let outputs = found.outputs();
        let head = NanoDet { levels: found.levels, classes: None };
        return Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL, head }));
    }
    let levels = Level::all(&[8, 16, 32, 64], width, height);
    let cells: usize = levels.iter().map(Level::cells).sum();
    let shape = network.outputs().first().map_or(&[][..], |port| &port.shape);
    let one = network.inputs().len() == 1 && network.outputs().len() == 1 && shape.len() == 3;
    let fits = one && shape[1].is_none_or(|count| count == cells) && shape[2].is_some_and(|length| length > BINS);
    let expected = format!("one picture in, [b, {cells}, classes + {BINS}] or scores and distances of each stride out");
    parts.demand(&network, fits, &expected)?;
    let classes = class_names(parts, &network, shape[2].map(|length| length - BINS))?;
    let outputs = vec![network.outputs()[0].name.clone()];
    let head = NanoDet { levels, classes: Some(classes.len()) };
    Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL, head }))
}

impl Head for NanoDet {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let Some(classes) = self.classes else { return read_split(answer, item, &self.levels, lie, options) };
        let floats = answer[0].floats();
        let values = answer[0].item(&floats, item)?;
        let length = classes + BINS;
        if values.len() != length * self.levels.iter().map(Level::cells).sum::<usize>() {
            return Err(answer[0].unfit("cells"));
        }
        let (mut found, mut first) = (Vec::new(), 0);
        for level in &self.levels {
            let values = &values[first * length..(first + level.cells()) * length];
            let scores = Rows { values, length, from: 0, to: classes };
            let distances = Rows { values, length, from: classes, to: length };
            Cells { level: *level, middle: 0.0, first, scores, distances }.read(lie, options, &mut found);
            first += level.cells();
        }
        Ok(found)
    }
}
