//! FastestDet (dog-qiuqiu/FastestDet, `example/onnx-runtime/runtime.py`; BSD-3-Clause): one picture, BGR 0–1, stretched →
//! `[b, 5 + classes, h/16, w/16]`: objectness, four numbers of the box, scores. Score = objectness^0.6 · score^0.4, centre
//! = cell + tanh, sides = sigmoid, in shares of the frame.

use super::detecting::{Candidate, Engine, Head, beats, frame_size, scored};
use super::names::class_names;
use super::{Family, Open, Parts};
use crate::detector::{DetectOptions, Detector, Overlap};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::tensor::Tensor;

pub(super) const FAMILY: Family =
    Family { name: "fastestdet", title: "FastestDet", parts: &["model", "?data"], open: Open::Detect(open) };

const USUAL: DetectOptions =
    DetectOptions { score: 0.65, most: 300, overlap: Some(Overlap::within_classes(0.45)), every_class: false };

struct FastestDet {
    classes: usize,
}

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let shape = network.outputs().first().map_or(&[][..], |port| &port.shape);
    let one = network.inputs().len() == 1 && network.outputs().len() == 1 && shape.len() == 4;
    let fits = one && shape[1].is_none_or(|channels| channels > 5);
    parts.demand(&network, fits, "one picture in, [b, 5 + classes, rows, columns] out")?;
    let classes = class_names(parts, &network, shape[1].map(|channels| channels - 5))?;
    let (height, width) = frame_size(parts, &network, 352);
    let (fit, colours, normalise) = (Fit::Stretch, Colours::Bgr, parts.normalise(Normalise::UNIT));
    let framing = Framing { width, height, fit, colours, normalise, antialias: false };
    let outputs = vec![network.outputs()[0].name.clone()];
    let head = FastestDet { classes: classes.len() };
    Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL, head }))
}

impl Head for FastestDet {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let &[_, channels, rows, columns] = answer[0].shape.as_slice() else { return Err(answer[0].unfit("cells")) };
        if channels != 5 + self.classes {
            return Err(answer[0].unfit("cells"));
        }
        let floats = answer[0].floats();
        let values = answer[0].item(&floats, item)?;
        let cells = rows * columns;
        let mut scores = vec![0.0; self.classes];
        let mut found = Vec::new();
        for cell in 0..cells {
            let at = |channel: usize| values[channel * cells + cell];
            let object = at(0).powf(0.6);
            if !beats(object, options.score) {
                continue;
            }
            scores.iter_mut().enumerate().for_each(|(class, score)| *score = at(5 + class));
            // Powers are slow: what cannot reach the threshold is told before.
            let least = if object.is_nan() { f32::NEG_INFINITY } else { (options.score / object).powf(2.5) };
            let floor = DetectOptions { score: least, ..*options };
            let centre = ((cell % columns) as f32 + at(1).tanh(), (cell / columns) as f32 + at(2).tanh());
            let sides = [centre.0 / columns as f32, centre.1 / rows as f32, sigmoid(at(3)), sigmoid(at(4))];
            scored(&scores, &floor, |class, share| {
                let score = object * share.powf(0.4);
                found.push(Candidate { rect: lie.unit_centred(sides), angle: None, class, score, place: cell });
            });
        }
        Ok(found)
    }
}

fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}
