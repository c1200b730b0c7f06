//! Ultralytics exports: YOLOv8 to v12 and 26, YOLO-World and YOLOE with classes built in, RT-DETR (`engine/exporter.py`,
//! `nn/modules/head.py`, `utils/nms.py`). Code and weights are under the AGPL-3.0.
//!
//! `images [b, 3, h, w]`, RGB 0–1, in the middle of a grey frame → `output0`:
//! - raw: `[b, 4 + classes + extras, places]`, centre and sides in pixels of the frame, scores;
//! - rows (end to end, or with suppression in the graph): `[b, ≤ 300, 6 + extras]`, corners, score, class; turned boxes
//!   have centre and sides instead;
//! - RT-DETR: `[b, 300, 4 + classes]` or `[b, 300, 6]`, centre and sides in shares of the stretched frame.
//!
//! Extras: 32 mask coefficients with `output1 [b, 32, h/4, w/4]`; the angle of a turned box; key points, which are left.

use tator_domain::Polygon;

use super::detecting::{Candidate, Engine, Head, beats, frame_size, scored};
use super::names::{class_names, dictionary};
use super::{Family, Open, Parts, masks};
use crate::detector::{DetectOptions, Detector, Overlap};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::network::{Network, Port};
use crate::tensor::Tensor;

pub(super) const FAMILY: Family = Family {
    name: "yolo",
    title: "YOLO by Ultralytics (v8 to v12, 26, World, YOLOE, RT-DETR)",
    parts: &["model", "?data"],
    open: Open::Detect(open),
};

/// How the authors predict.
const USUAL: DetectOptions =
    DetectOptions { score: 0.25, most: 300, overlap: Some(Overlap::within_classes(0.7)), every_class: false };
/// More places than any file has rows of finished boxes.
const MOST_ROWS: usize = 1000;

/// How `output0` is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One column a place.
    Raw,
    /// One row a finished box.
    Rows,
    /// RT-DETR's rows, with a score for each class.
    Queries,
    /// RT-DETR's rows, finished.
    FinishedQueries,
}

struct Yolo {
    layout: Layout,
    classes: usize,
    /// Boxes are turned.
    is_turned: bool,
    /// There are mask coefficients.
    has_masks: bool,
}

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let expected = "one picture in, output0 out with 3 axes (and output1 with 4 where it has masks)";
    let fits = network.inputs().len() == 1 && (1..=2).contains(&network.outputs().len());
    parts.demand(&network, fits && network.outputs()[0].shape.len() == 3, expected)?;
    let has_masks = network.outputs().get(1).is_some();
    parts.demand(&network, !has_masks || network.outputs()[1].shape.len() == 4, expected)?;
    let (head, classes) = recognise(parts, &network, has_masks)?;
    let is_detr = matches!(head.layout, Layout::Queries | Layout::FinishedQueries);
    let (height, width) = frame_size(parts, &network, 640);
    let framing = Framing {
        width,
        height,
        fit: if is_detr { Fit::Stretch } else { Fit::Centred },
        colours: Colours::Rgb,
        normalise: parts.normalise(Normalise::UNIT),
        antialias: false,
    };
    // Finished boxes overlap no more.
    let usual = if head.layout == Layout::Raw { USUAL } else { USUAL.raw() };
    let outputs = network.outputs().iter().map(|port| port.name.clone()).collect();
    Ok(Box::new(Engine { network, framing, outputs, classes, usual, head }))
}

/// The layout by what the exporter noted, else by the shape; with the class names.
fn recognise(parts: &Parts<'_>, network: &Network, has_masks: bool) -> Result<(Yolo, Vec<String>), ModelError> {
    let task = network.metadata("task").unwrap_or(if has_masks { "segment" } else { "detect" });
    let fits = matches!(task, "detect" | "segment" | "obb" | "pose");
    parts.demand(network, fits, &format!("its task is detect, segment, obb or pose, not {task}"))?;
    let (second, third) = (network.outputs()[0].shape[1], network.outputs()[0].shape[2]);
    let coefficients = if has_masks { network.outputs()[1].shape[1].unwrap_or(32) } else { 0 };
    let extras = coefficients + usize::from(task == "obb");
    let layout = layout_of(parts, network, extras);
    let names = |count| class_names(parts, network, count);
    let classes = match layout {
        // Key points are of any number, so the names have to say how many classes there are.
        Layout::Raw if task == "pose" => names(None)?,
        Layout::Raw => names(second.map(|rows| rows.saturating_sub(4 + extras)))?,
        Layout::Queries => names(third.map(|columns| columns.saturating_sub(4)))?,
        Layout::Rows | Layout::FinishedQueries => names(None)?,
    };
    let rows_fit = |length: Option<usize>, least: usize| length.is_none_or(|length| length >= least);
    let fits = match layout {
        Layout::Raw => rows_fit(second, 5 + extras),
        _ => rows_fit(third, 5 + extras),
    };
    parts.demand(network, fits, "output0 holds boxes and scores")?;
    let is_turned = task == "obb";
    Ok((Yolo { layout, classes: classes.len(), is_turned, has_masks }, classes))
}

fn layout_of(parts: &Parts<'_>, network: &Network, extras: usize) -> Layout {
    let Port { shape, .. } = &network.outputs()[0];
    let (second, third) = (shape[1], shape[2]);
    let says = |key: &str, what: &str| network.metadata(key).is_some_and(|text| text.to_lowercase().contains(what));
    let named =
        network.metadata("names").and_then(dictionary).map_or(parts.manifest.classes.len(), |names| names.len());
    let is_detr = says("head", "rtdetr") || says("description", "rtdetr") || says("description", "rt-detr");
    let few = second.is_none_or(|rows| rows <= MOST_ROWS);
    let finished = says("end2end", "true") || says("args", "'nms': true") || third == Some(6 + extras);
    match third {
        Some(6) if is_detr => Layout::FinishedQueries,
        Some(columns) if columns == 4 + named && few && (is_detr || !finished) => Layout::Queries,
        // Key points make rows longer, and there is no end of places in a raw file.
        Some(columns) if few && columns <= 6 + 3 * 64 && (finished || says("task", "pose") && columns < 200) => {
            Layout::Rows
        }
        _ => Layout::Raw,
    }
}

impl Head for Yolo {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let output = &answer[0];
        let floats = output.floats();
        let values = output.item(&floats, item)?;
        let &[_, second, third] = output.shape.as_slice() else { return Err(output.unfit("boxes")) };
        match self.layout {
            Layout::Raw if second >= 4 + self.classes + self.extras() => Ok(self.columns(values, third, lie, options)),
            Layout::Queries if third == 4 + self.classes => Ok(self.queries(values, lie, options)),
            Layout::Rows | Layout::FinishedQueries if third >= 6 + self.extras() => {
                Ok(self.rows(values, third, lie, options))
            }
            _ => Err(output.unfit(&format!("boxes of {} classes", self.classes))),
        }
    }

    fn outline(&self, answer: &[Tensor], item: usize, lie: &Lie, candidate: &Candidate) -> Option<Polygon> {
        let [boxes, prototypes] = answer else { return None };
        let &[_, depth, height, width] = prototypes.shape.as_slice() else { return None };
        let &[_, second, third] = boxes.shape.as_slice() else { return None };
        let (boxes, planes) = (boxes.floats(), prototypes.floats());
        let values = boxes.get(item * second * third..)?;
        let coefficients: Vec<f32> = match self.layout {
            Layout::Raw => {
                (0..depth).map(|k| values.get((4 + self.classes + k) * third + candidate.place).copied()).collect()
            }
            _ => (0..depth).map(|k| values.get(candidate.place * third + 6 + k).copied()).collect::<Option<_>>(),
        }?;
        let planes = prototypes.item(&planes, item).ok()?;
        masks::outline(width, height, lie, &candidate.rect, |cell| {
            coefficients.iter().enumerate().map(|(k, c)| c * planes[k * width * height + cell]).sum()
        })
    }
}

impl Yolo {
    fn extras(&self) -> usize {
        usize::from(self.is_turned) + usize::from(self.has_masks)
    }

    /// One column a place: row by row, for that is how they lie in memory.
    fn columns(&self, values: &[f32], places: usize, lie: &Lie, options: &DetectOptions) -> Vec<Candidate> {
        let row = |index: usize| &values[index * places..(index + 1) * places];
        let mut best: Vec<(f32, usize)> = vec![(options.score, usize::MAX); places];
        let mut found = Vec::new();
        let angles = self.is_turned.then(|| row(4 + self.classes));
        let sides = [row(0), row(1), row(2), row(3)];
        let candidate = |place: usize, class: usize, score: f32| {
            let angle = angles.map(|angles| f64::from(angles[place]).to_degrees());
            Candidate { rect: lie.centred(sides.map(|side| side[place])), angle, class, score, place }
        };
        for class in 0..self.classes {
            for (place, (score, best)) in row(4 + class).iter().zip(&mut best).enumerate() {
                if options.every_class && beats(*score, options.score) {
                    found.push(candidate(place, class, *score));
                } else if beats(*score, best.0) {
                    *best = (*score, class);
                }
            }
        }
        let single = best.iter().enumerate().filter(|(_, (_, class))| *class != usize::MAX);
        found.extend(single.map(|(place, (score, class))| candidate(place, *class, *score)));
        found
    }

    /// One row a finished box.
    fn rows(&self, values: &[f32], length: usize, lie: &Lie, options: &DetectOptions) -> Vec<Candidate> {
        let good = values.chunks_exact(length).enumerate().filter(|(_, row)| beats(row[4], options.score));
        good.map(|(place, row)| {
            let sides = [row[0], row[1], row[2], row[3]];
            let rect = match self.layout {
                Layout::FinishedQueries => lie.unit_centred(sides),
                _ if self.is_turned => lie.centred(sides),
                _ => lie.corners(sides),
            };
            let angle = self.is_turned.then(|| f64::from(row[6]).to_degrees());
            Candidate { rect, angle, class: row[5].max(0.0) as usize, score: row[4], place }
        })
        .collect()
    }

    fn queries(&self, values: &[f32], lie: &Lie, options: &DetectOptions) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (place, row) in values.chunks_exact(4 + self.classes).enumerate() {
            let rect = lie.unit_centred([row[0], row[1], row[2], row[3]]);
            scored(&row[4..], options, |class, score| {
                found.push(Candidate { rect, angle: None, class, score, place });
            });
        }
        found
    }
}
