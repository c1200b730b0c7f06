//! Rows with a score for "anything here" beside those of the classes: the layout of YOLOv5 and of YOLOX.

use super::detecting::{Candidate, beats, scored};
use crate::detector::DetectOptions;
use crate::letterbox::Lie;

/// Reads rows of `[x, y, w, h, objectness, classes …, extras …]`; `centre` gives centre and sides in the frame.
pub(super) fn rows(
    values: &[f32],
    length: usize,
    classes: usize,
    lie: &Lie,
    options: &DetectOptions,
    centre: impl Fn(usize, [f32; 4]) -> [f32; 4],
) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (place, row) in values.chunks_exact(length).enumerate() {
        let object = row[4];
        // A product cannot be more than its larger factor.
        if !beats(object, options.score) {
            continue;
        }
        let floor = if object.is_nan() { f32::NEG_INFINITY } else { options.score / object };
        let floor = DetectOptions { score: floor, ..*options };
        scored(&row[5..5 + classes], &floor, |class, share| {
            let score = object * share;
            if beats(score, options.score) {
                let rect = lie.centred(centre(place, [row[0], row[1], row[2], row[3]]));
                found.push(Candidate { rect, angle: None, class, score, place });
            }
        });
    }
    found
}
