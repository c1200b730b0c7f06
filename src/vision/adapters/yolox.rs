//! YOLOX (Megvii-BaseDetection/YOLOX, `tools/export_onnx.py`, `yolox/data/data_augment.py`; Apache-2.0): `images
//! [b, 3, h, w]`, BGR 0–255 as they are, in the top left of a grey frame → `output [b, places, 5 + classes]`. Places are
//! the cells of strides 8, 16, 32, row by row. By default they are not decoded: centre = (value + cell) · stride, sides =
//! exp(value) · stride. Objectness and scores are between 0 and 1.

use super::detecting::{Candidate, Engine, Head, frame_size};
use super::names::class_names;
use super::{Family, Open, Parts, anchored};
use crate::detector::{DetectOptions, Detector, Overlap};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::tensor::Tensor;

pub(super) const FAMILY: Family =
    Family { name: "yolox", title: "YOLOX", parts: &["model", "?data"], open: Open::Detect(open) };

/// The demo's; it suppresses across classes, which hides a rider on a horse, so here it is within classes as in training.
const USUAL: DetectOptions =
    DetectOptions { score: 0.3, most: 300, overlap: Some(Overlap::within_classes(0.45)), every_class: false };
const STRIDES: [u32; 3] = [8, 16, 32];

struct YoloX {
    classes: usize,
    /// Cell and stride of every place; empty for a file that decodes by itself.
    cells: Vec<[f32; 3]>,
}

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let (height, width) = frame_size(parts, &network, 640);
    let cells = cells(width, height);
    let shape = network.outputs().first().map_or(&[][..], |port| &port.shape);
    let expected = format!("one picture in, output [b, {}, 5 + classes] out", cells.len());
    let fits = network.inputs().len() == 1 && shape.len() == 3 && shape[1].is_none_or(|count| count == cells.len());
    parts.demand(&network, fits && shape[2].is_none_or(|length| length > 5), &expected)?;
    let classes = class_names(parts, &network, shape[2].map(|length| length - 5))?;
    let (fit, colours, normalise) = (Fit::TopLeft, Colours::Bgr, parts.normalise(Normalise::NONE));
    let framing = Framing { width, height, fit, colours, normalise, antialias: false };
    let outputs = vec![network.outputs()[0].name.clone()];
    let cells = if is_decoded(&network, &framing)? { Vec::new() } else { cells };
    let head = YoloX { classes: classes.len(), cells };
    Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL, head }))
}

/// Nothing in the file says whether it decodes by itself. Decoded centres lie all over the frame, whatever is in it; the
/// others are offsets of a few cells.
fn is_decoded(network: &Network, framing: &Framing) -> Result<bool, ModelError> {
    let count = network.inputs()[0].shape.first().copied().flatten().unwrap_or(1);
    let grey = vec![114.0; count * framing.len()];
    let input = Tensor::f32(&[count, 3, framing.height as usize, framing.width as usize], grey);
    let output = network.outputs()[0].name.as_str();
    let answer = network.run_until(&[(&network.inputs()[0].name, &input)], &[output], &Stop::default())?;
    let length = answer[0].shape.last().copied().unwrap_or(0).max(1);
    let floats = answer[0].floats();
    let farthest = floats.chunks_exact(length).map(|row| row[0].max(row[1])).fold(0.0, f32::max);
    Ok(farthest > framing.width.max(framing.height) as f32 / 2.0)
}

fn cells(width: u32, height: u32) -> Vec<[f32; 3]> {
    let level = |stride: u32| {
        let cell = move |x: u32, y: u32| [x as f32, y as f32, stride as f32];
        (0..height / stride).flat_map(move |y| (0..width / stride).map(move |x| cell(x, y)))
    };
    STRIDES.into_iter().flat_map(level).collect()
}

impl Head for YoloX {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let floats = answer[0].floats();
        let values = answer[0].item(&floats, item)?;
        let length = 5 + self.classes;
        let is_whole = self.cells.is_empty() || values.len() == length * self.cells.len();
        if answer[0].shape.last() != Some(&length) || !is_whole {
            return Err(answer[0].unfit("boxes"));
        }
        Ok(anchored::rows(values, length, self.classes, lie, options, |place, [x, y, w, h]| {
            match self.cells.get(place) {
                Some([column, row, stride]) => {
                    [(x + column) * stride, (y + row) * stride, w.exp() * stride, h.exp() * stride]
                }
                None => [x, y, w, h],
            }
        }))
    }
}
