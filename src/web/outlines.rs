//! Boxes drawn over a thumbnail: one SVG path per class and one beneath them all, so that a crowded picture stays cheap.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tator_domain::{ClassId, ImageBox, PixelBox};

/// The outlines of one picture, as path data in pixels of the upright image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outlines {
    /// Every outline, drawn first and broader, so that colours show on any photograph.
    pub halo: String,
    /// Outlines by class: colour and path data.
    pub strokes: Vec<(String, String)>,
    /// Boxes that were left out because there are too many for a thumbnail.
    pub left_out: usize,
}

/// More boxes than these are not told apart on a thumbnail.
pub const MOST: usize = 300;

/// Outlines of the boxes of one image; `colour` names the colour of a class.
pub fn outlines(boxes: &[ImageBox], colour: impl Fn(ClassId) -> String) -> Outlines {
    let mut found = Outlines { left_out: boxes.len().saturating_sub(MOST), ..Outlines::default() };
    let mut by_class: BTreeMap<ClassId, String> = BTreeMap::new();
    for one in boxes.iter().take(MOST) {
        let path = outline(one);
        found.halo.push_str(&path);
        by_class.entry(one.class_id).or_default().push_str(&path);
    }
    found.strokes = by_class.into_iter().map(|(class, path)| (colour(class), path)).collect();
    found
}

fn outline(one: &ImageBox) -> String {
    match (&one.polygon, one.angle) {
        (Some(polygon), _) => polygon.rings.iter().map(|ring| ring_path(ring)).collect(),
        (None, Some(angle)) if angle != 0.0 => ring_path(&corners(&one.rect, angle)),
        _ => {
            let PixelBox { x, y, w, h } = one.rect;
            format!("M{} {}h{}v{}h{}z", short(x), short(y), short(w), short(h), short(-w))
        }
    }
}

fn ring_path(ring: &[[f64; 2]]) -> String {
    let mut path = String::with_capacity(ring.len() * 12);
    for (at, [x, y]) in ring.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if at == 0 { 'M' } else { 'L' }, short(*x), short(*y));
    }
    path.push('z');
    path
}

/// Corners of a rectangle turned clockwise about its centre.
fn corners(rect: &PixelBox, degrees: f64) -> [[f64; 2]; 4] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let centre = [rect.x + rect.w / 2.0, rect.y + rect.h / 2.0];
    [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]].map(|[across, down]| {
        let [dx, dy] = [across * rect.w, down * rect.h];
        [centre[0] + dx * cos - dy * sin, centre[1] + dx * sin + dy * cos]
    })
}

/// A tenth of a pixel is finer than any thumbnail.
fn short(number: f64) -> f64 {
    let rounded = (number * 10.0).round() / 10.0;
    if rounded.is_finite() { rounded + 0.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_domain::{BoxState, Origin};

    fn one(class_id: ClassId, rect: PixelBox, angle: Option<f64>) -> ImageBox {
        ImageBox {
            box_id: 1,
            image_id: 1,
            class_id,
            rect,
            polygon: None,
            angle,
            mask: None,
            area: None,
            is_crowd: false,
            origin: Origin::Human,
            state: BoxState::Trusted,
            score: None,
            source_id: None,
            attributes: None,
        }
    }

    #[test]
    fn boxes_of_a_class_share_a_path() {
        let rect = PixelBox { x: 1.0, y: 2.04, w: 3.0, h: 4.0 };
        let found =
            outlines(&[one(1, rect, None), one(1, rect, None), one(2, rect, None)], |class| format!("#{class}"));
        assert_eq!(
            found.strokes,
            [("#1".into(), "M1 2h3v4h-3zM1 2h3v4h-3z".into()), ("#2".into(), "M1 2h3v4h-3z".into())]
        );
    }

    #[test]
    fn a_quarter_turn_swaps_the_sides() {
        let rect = PixelBox { x: 0.0, y: 0.0, w: 4.0, h: 2.0 };
        assert_eq!(outlines(&[one(1, rect, Some(90.0))], |_| String::new()).halo, "M3 -1L3 3L1 3L1 -1z");
    }

    #[test]
    fn too_many_boxes_are_cut_and_counted() {
        let rect = PixelBox { x: 0.0, y: 0.0, w: f64::NAN, h: 2.0 };
        let found = outlines(&vec![one(1, rect, None); MOST + 5], |_| String::new());
        assert_eq!(found.left_out, 5);
        assert!(!found.halo.contains("NaN"));
    }
}
