//! What the DETR families share: queries with a box each and a logit for each class, of which the best are taken over all
//! queries and classes together (no suppression, no softmax; one query may answer for two classes).

use tator_domain::Polygon;

use super::detecting::{Candidate, beats};
use super::masks;
use super::names::Slots;
use super::phrases::sigmoid;
use crate::detector::DetectOptions;
use crate::letterbox::Lie;
use crate::model_error::ModelError;
use crate::tensor::Tensor;

/// As DETRs are shown: what they propose overlaps by their own judgement.
pub(super) const USUAL: DetectOptions = DetectOptions { score: 0.5, most: 300, overlap: None, every_class: true };

/// Reads logits `[b, queries, slots]` and boxes `[b, queries, 4]` (centre and sides in shares of the picture).
pub(super) fn read(
    (logits, boxes): (&Tensor, &Tensor),
    item: usize,
    slots: Slots,
    lie: &Lie,
    options: &DetectOptions,
) -> Result<Vec<Candidate>, ModelError> {
    let (&[_, queries, count], true) = (logits.shape.as_slice(), boxes.shape.last() == Some(&4)) else {
        return Err(logits.unfit("scores of queries"));
    };
    let (logit_values, box_values) = (logits.floats(), boxes.floats());
    let (scores, sides) = (logits.item(&logit_values, item)?, boxes.item(&box_values, item)?);
    if sides.len() != queries * 4 {
        return Err(boxes.unfit("boxes of queries"));
    }
    let mut found = Vec::new();
    for (place, row) in scores.iter().enumerate().filter(|(_, logit)| beats(sigmoid(**logit), options.score)) {
        let (query, slot) = (place / count, place % count);
        if let Some(class) = slots.class(slot, count) {
            let side = &sides[query * 4..query * 4 + 4];
            let rect = lie.unit_centred([side[0], side[1], side[2], side[3]]);
            found.push(Candidate { rect, angle: None, class, score: sigmoid(*row), place: query });
        }
    }
    // As many as there are queries, of equals the first.
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(queries);
    if !options.every_class {
        let mut is_seen = vec![false; queries];
        found.retain(|candidate| !std::mem::replace(&mut is_seen[candidate.place], true));
    }
    Ok(found)
}

/// The outline of a query, of masks `[b, queries, h, w]` over the frame that are inside above `level`.
pub(super) fn outline(tensor: &Tensor, item: usize, level: f32, lie: &Lie, candidate: &Candidate) -> Option<Polygon> {
    let &[_, _, height, width] = tensor.shape.as_slice() else { return None };
    let floats = tensor.floats();
    let start = candidate.place * height * width;
    let plane = tensor.item(&floats, item).ok()?.get(start..start + height * width)?;
    masks::outline(width, height, lie, &candidate.rect, |cell| plane[cell] - level)
}
