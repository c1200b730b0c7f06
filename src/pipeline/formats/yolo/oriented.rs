//! Oriented boxes: four corners, or a rectangle and its clockwise turn about the centre in degrees.

use tator_domain::{ImageBox, PixelBox};

/// How far corners may lie from those of rectangle and turn and still be the same box, in pixels. Labels are rounded,
/// so four corners are never quite a rectangle; an edit moves more.
const SAME_PIXELS: f64 = 1e-6;

/// The rectangle before the turn, and the turn that lays its top edge along the first two corners.
pub(super) fn from_corners(corners: &[[f64; 2]; 4]) -> (PixelBox, f64) {
    let [a, b, c, d] = *corners;
    let side = |p: [f64; 2], q: [f64; 2]| (q[0] - p[0]).hypot(q[1] - p[1]);
    let (w, h) = (f64::midpoint(side(a, b), side(d, c)), f64::midpoint(side(b, c), side(a, d)));
    let centre = |i: usize| (a[i] + b[i] + c[i] + d[i]) / 4.0;
    let angle = ((b[1] - a[1]) + (c[1] - d[1])).atan2((b[0] - a[0]) + (c[0] - d[0])).to_degrees();
    (PixelBox { x: centre(0) - w / 2.0, y: centre(1) - h / 2.0, w, h }, angle)
}

/// The corners of a rectangle after a clockwise turn, from the top left one clockwise.
pub(super) fn to_corners(rect: &PixelBox, angle: f64) -> [[f64; 2]; 4] {
    let (cx, cy) = (rect.x + rect.w / 2.0, rect.y + rect.h / 2.0);
    let (sin, cos) = angle.to_radians().sin_cos();
    [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(u, v)| {
        let (dx, dy) = (u * rect.w, v * rect.h);
        [cx + dx * cos - dy * sin, cy + dx * sin + dy * cos]
    })
}

/// The corners of any box: those it came with, unless it was edited since.
pub(super) fn corners_of(found: &ImageBox) -> [[f64; 2]; 4] {
    let Some(angle) = found.angle else { return to_corners(&found.rect, 0.0) };
    kept_corners(found, angle).unwrap_or_else(|| to_corners(&found.rect, angle))
}

fn kept_corners(found: &ImageBox, angle: f64) -> Option<[[f64; 2]; 4]> {
    let [ring] = found.polygon.as_ref()?.rings.as_slice() else { return None };
    let corners: [[f64; 2]; 4] = ring.as_slice().try_into().ok()?;
    let (rect, turn) = from_corners(&corners);
    let pairs = [(rect.x, found.rect.x), (rect.y, found.rect.y), (rect.w, found.rect.w), (rect.h, found.rect.h)];
    let is_same = pairs.iter().all(|(a, b)| (a - b).abs() < SAME_PIXELS) && (turn - angle).abs() < SAME_PIXELS;
    is_same.then_some(corners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_and_turn_are_the_same_box() {
        let rect = PixelBox { x: 10.0, y: 20.0, w: 30.0, h: 8.0 };
        for turn in [-170.0, -45.0, 0.0, 30.0, 90.0, 179.0] {
            let (back, angle) = from_corners(&to_corners(&rect, turn));
            assert!((angle - turn).abs() < 1e-9, "{turn} became {angle}");
            assert!((back.x - rect.x).abs() < 1e-9 && (back.h - rect.h).abs() < 1e-9);
        }
    }

    #[test]
    fn a_quarter_turn_is_clockwise_on_screen() {
        let corners = to_corners(&PixelBox { x: 0.0, y: 0.0, w: 4.0, h: 2.0 }, 90.0);
        assert!((corners[0][0] - 3.0).abs() < 1e-9 && (corners[0][1] + 1.0).abs() < 1e-9, "{corners:?}");
    }
}
