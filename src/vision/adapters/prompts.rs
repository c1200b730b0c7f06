//! What the SAM families share: prompts as points in the frame, masks as planes of logits, the choice among them.

use crate::frame::Placement;
use crate::model_error::ModelError;
use crate::segmenter::{MaskGrid, Prompt};
use crate::tensor::Tensor;

/// Labels of points, as Meta's code numbers them.
const OBJECT: f32 = 1.0;
const BACKGROUND: f32 = 0.0;
const TOP_LEFT: f32 = 2.0;
const BOTTOM_RIGHT: f32 = 3.0;
const PADDING: f32 = -1.0;

/// A prompt as the decoders take it.
pub(super) struct FramePoints {
    /// x, y, x, y … in frame pixels.
    pub coordinates: Vec<f32>,
    /// A label each.
    pub labels: Vec<f32>,
}

impl FramePoints {
    /// The person's points alone.
    pub(super) fn of_points(prompt: &Prompt, placement: &Placement) -> Self {
        let mut points = Self { coordinates: Vec::new(), labels: Vec::new() };
        for (x, y, on) in &prompt.points {
            points.push(*x, *y, placement, if *on { OBJECT } else { BACKGROUND });
        }
        points
    }

    /// The points, and the box as its two corners with labels 2 and 3.
    pub(super) fn with_corners(prompt: &Prompt, placement: &Placement) -> Self {
        let mut points = Self::of_points(prompt, placement);
        if let Some(rect) = &prompt.rect {
            points.push(rect.x, rect.y, placement, TOP_LEFT);
            points.push(rect.right(), rect.bottom(), placement, BOTTOM_RIGHT);
        }
        points
    }

    /// Adds the point that stands for "no box", where the host has to.
    pub(super) fn padded(mut self) -> Self {
        self.coordinates.extend([0.0, 0.0]);
        self.labels.push(PADDING);
        self
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Coordinates with `axes` axes of length 1 before `[n, 2]`.
    pub(super) fn coordinates(&self, axes: usize) -> Tensor {
        let shape = [vec![1; axes], vec![self.len(), 2]].concat();
        Tensor::f32(&shape, self.coordinates.clone())
    }

    /// Labels with `axes` axes of length 1 before `[n]`.
    pub(super) fn labels(&self, axes: usize) -> Tensor {
        let shape = [vec![1; axes], vec![self.len()]].concat();
        Tensor::f32(&shape, self.labels.clone())
    }

    fn push(&mut self, x: f64, y: f64, placement: &Placement, label: f32) {
        self.coordinates.extend([(x * placement.scale_x) as f32, (y * placement.scale_y) as f32]);
        self.labels.push(label);
    }
}

/// The empty prompt is a mistake of the caller.
pub(super) fn demand_something(prompt: &Prompt, family: &'static str) -> Result<(), ModelError> {
    if prompt.points.is_empty() && prompt.rect.is_none() {
        return Err(ModelError::Prompt { family, what: "empty prompt" });
    }
    Ok(())
}

/// Where a stack of mask planes lies over the picture.
#[derive(Clone, Copy)]
pub(super) enum Span {
    /// Over the whole square frame of that side, of which the picture may fill a part.
    Frame(f64),
    /// Over the picture itself.
    Picture,
}

/// Masks of a stack `[…, m, height, width]` with a score each, in their order.
pub(super) fn grids(
    masks: &Tensor,
    scores: &[f32],
    placement: &Placement,
    span: Span,
) -> Result<Vec<MaskGrid>, ModelError> {
    let (height, width) = masks.plane("masks")?;
    let (step_x, step_y) = match span {
        Span::Frame(side) => (side / width as f64 / placement.scale_x, side / height as f64 / placement.scale_y),
        Span::Picture => (f64::from(placement.width) / width as f64, f64::from(placement.height) / height as f64),
    };
    let logits = masks.to_f32();
    let planes = logits.chunks_exact(height * width);
    let made = planes.zip(scores).map(|(plane, score)| MaskGrid {
        width,
        height,
        logits: plane.to_vec(),
        step_x,
        step_y,
        score: *score,
    });
    let grids: Vec<_> = made.collect();
    if grids.is_empty() {
        return Err(ModelError::Shape { what: "masks".to_owned(), shape: masks.shape.clone() });
    }
    Ok(grids)
}

/// Best score first.
pub(super) fn best_first(mut grids: Vec<MaskGrid>) -> Vec<MaskGrid> {
    grids.sort_by(|a, b| b.score.total_cmp(&a.score));
    grids
}

/// SAM's own choice among four masks: token 0 when the prompt is plain (three points and more, the padding counted),
/// else the best of the three that stand for whole, part and subpart. (segment_anything/utils/onnx.py, `select_masks`)
pub(super) fn preferred_first(grids: Vec<MaskGrid>, points: usize) -> Vec<MaskGrid> {
    if grids.len() != 4 {
        return best_first(grids);
    }
    let mut tokens = grids.into_iter();
    let single = tokens.next();
    let others = best_first(tokens.collect());
    if points >= 3 { single.into_iter().chain(others).collect() } else { others.into_iter().chain(single).collect() }
}
