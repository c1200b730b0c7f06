//! PicoDet (PaddleDetection; Apache-2.0): `image`, RGB with ImageNet's mean and std, stretched. Without post-processing
//! (hpc203/picodet-onnxruntime): scores of strides 8 to 64, then distances, counted from the middle of a cell. Paddle's
//! own export with suppression in the graph also takes `scale_factor [b, 2]` = (down, across) of the frame to the picture,
//! sometimes `im_shape [b, 2]`, and gives `[n, 6]` of class, score, corners in pixels of the picture, and `[b]` how many
//! of them belong to each picture.

use tator_domain::PixelBox;

use super::detecting::{Candidate, Engine, Head, beats, frame_size};
use super::distances::{Level, read_split, split};
use super::names::class_names;
use super::{Family, Open, Parts};
use crate::detector::{DetectOptions, Detector, Overlap};
use crate::frame::Normalise;
use crate::letterbox::{Colours, Fit, Framing, Lie};
use crate::model_error::ModelError;
use crate::network::Network;
use crate::tensor::Tensor;

pub(super) const FAMILY: Family =
    Family { name: "picodet", title: "PicoDet", parts: &["model", "?data"], open: Open::Detect(open) };

const USUAL: DetectOptions =
    DetectOptions { score: 0.4, most: 100, overlap: Some(Overlap::within_classes(0.5)), every_class: false };

struct Bare {
    levels: Vec<Level>,
}

/// Suppression has been done in the graph.
struct Finished;

fn open(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    let network = parts.network("model")?;
    let picture = network.inputs().first().map_or("", |port| port.name.as_str());
    let (height, width) = frame_size(parts, &network, 416);
    let (fit, colours, normalise) = (Fit::Stretch, Colours::Rgb, parts.normalise(Normalise::IMAGENET));
    let framing = Framing { width, height, fit, colours, normalise, antialias: false };
    if network.takes("scale_factor") {
        parts.demand(&network, picture == "image" && rows_and_count(&network), "image first in; [n, 6], [b] out")?;
        let classes = class_names(parts, &network, None)?;
        let outputs = network.outputs().iter().take(2).map(|port| port.name.clone()).collect();
        return Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL.raw(), head: Finished }));
    }
    let found = Some(&network).filter(|network| network.inputs().len() == 1).and_then(|n| split(n, width, height));
    let Some(found) = found else {
        parts.demand(&network, false, "scores of each stride, then distances; or scale_factor in and [n, 6] out")?;
        return Err(super::names::unnamed(parts));
    };
    let classes = class_names(parts, &network, Some(found.classes))?;
    let outputs = found.outputs();
    let head = Bare { levels: found.levels };
    Ok(Box::new(Engine { network, framing, outputs, classes, usual: USUAL, head }))
}

fn rows_and_count(network: &Network) -> bool {
    network.outputs().len() >= 2 && network.outputs()[0].shape.last().is_some_and(|last| last.is_none_or(|n| n == 6))
}

impl Head for Bare {
    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        read_split(answer, item, &self.levels, lie, options)
    }
}

impl Head for Finished {
    fn feeds(&self, lies: &[Lie]) -> Vec<(&'static str, Tensor)> {
        let scales = |lie: &Lie| [lie.placement.scale_y as f32, lie.placement.scale_x as f32];
        let shapes = |lie: &Lie| [lie.frame()[1] as f32, lie.frame()[0] as f32];
        vec![
            ("scale_factor", Tensor::f32(&[lies.len(), 2], lies.iter().flat_map(scales).collect())),
            ("im_shape", Tensor::f32(&[lies.len(), 2], lies.iter().flat_map(shapes).collect())),
        ]
    }

    fn read(
        &self,
        answer: &[Tensor],
        item: usize,
        _lie: &Lie,
        options: &DetectOptions,
    ) -> Result<Vec<Candidate>, ModelError> {
        let counts = answer[1].integers();
        let count = |n: &i64| usize::try_from(*n).unwrap_or(0);
        let (before, own) = (counts.iter().take(item).map(count).sum::<usize>(), counts.get(item).map_or(0, count));
        let rows = answer[0].floats();
        let Some(rows) = rows.get(before * 6..(before + own) * 6) else { return Err(answer[0].unfit("boxes")) };
        // Paddle fills up with class −1.
        let good = rows.chunks_exact(6).enumerate().filter(|(_, row)| row[0] >= 0.0 && beats(row[1], options.score));
        Ok(good
            .map(|(place, row)| {
                let [x0, y0, x1, y1] = [row[2], row[3], row[4], row[5]].map(f64::from);
                let rect = PixelBox { x: x0, y: y0, w: x1 - x0, h: y1 - y0 };
                Candidate { rect, angle: None, class: row[0] as usize, score: row[1], place }
            })
            .collect())
    }
}
