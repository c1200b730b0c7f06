//! Rectangles and polygons in pixels of the upright image.
//!
//! The origin is the top-left corner of the top-left pixel; pixel *i* covers `[i, i + 1)`.

use serde::{Deserialize, Serialize};

/// One closed ring of a polygon, as `[x, y]` pairs without the repeated last point.
pub type Ring = Vec<[f64; 2]>;

/// The parts of one object, each a ring.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Polygon {
    /// The rings; an object in several pieces has several.
    pub rings: Vec<Ring>,
}

/// An axis-aligned rectangle: top-left corner, width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PixelBox {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width, not negative.
    pub w: f64,
    /// Height, not negative.
    pub h: f64,
}

impl PixelBox {
    /// A rectangle from two opposite corners in any order.
    #[must_use]
    pub fn from_corners(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self { x: x0.min(x1), y: y0.min(y1), w: (x1 - x0).abs(), h: (y1 - y0).abs() }
    }

    /// Right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Bottom edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// Width times height, in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.w * self.h
    }

    /// All four numbers are finite and neither side is negative.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        [self.x, self.y, self.w, self.h].iter().all(|v| v.is_finite()) && self.w >= 0.0 && self.h >= 0.0
    }

    /// The part inside an image of `width` × `height` pixels; sides may become zero.
    #[must_use]
    pub fn clipped(&self, width: f64, height: f64) -> Self {
        let (x0, y0) = (self.x.clamp(0.0, width), self.y.clamp(0.0, height));
        let (x1, y1) = (self.right().clamp(0.0, width), self.bottom().clamp(0.0, height));
        Self { x: x0, y: y0, w: x1 - x0, h: y1 - y0 }
    }

    /// From normalised centre and size, as a YOLO row has them, on an image of `width` × `height` pixels.
    #[must_use]
    pub fn from_unit_centre(cx: f64, cy: f64, w: f64, h: f64, width: f64, height: f64) -> Self {
        Self { x: (cx - w / 2.0) * width, y: (cy - h / 2.0) * height, w: w * width, h: h * height }
    }

    /// Normalised centre and size `[cx, cy, w, h]` on an image of `width` × `height` pixels.
    #[must_use]
    pub fn to_unit_centre(&self, width: f64, height: f64) -> [f64; 4] {
        [(self.x + self.w / 2.0) / width, (self.y + self.h / 2.0) / height, self.w / width, self.h / height]
    }
}

/// Intersection over union of two rectangles, in `0..=1`; two empty rectangles give 0.
#[must_use]
pub fn iou(a: &PixelBox, b: &PixelBox) -> f64 {
    let w = a.right().min(b.right()) - a.x.max(b.x);
    let h = a.bottom().min(b.bottom()) - a.y.max(b.y);
    if w <= 0.0 || h <= 0.0 {
        return 0.0;
    }
    let both = w * h;
    let union = a.area() + b.area() - both;
    if union > 0.0 { (both / union).clamp(0.0, 1.0) } else { 0.0 }
}

impl Polygon {
    /// A polygon of one ring.
    #[must_use]
    pub fn from_ring(ring: Ring) -> Self {
        Self { rings: vec![ring] }
    }

    /// The smallest upright rectangle around all rings; `None` without points.
    #[must_use]
    pub fn bounds(&self) -> Option<PixelBox> {
        let mut points = self.rings.iter().flatten();
        let [x, y] = *points.next()?;
        let (x0, y0, x1, y1) =
            points.fold((x, y, x, y), |(x0, y0, x1, y1), [x, y]| (x0.min(*x), y0.min(*y), x1.max(*x), y1.max(*y)));
        Some(PixelBox::from_corners(x0, y0, x1, y1))
    }

    /// Sum of the rings' areas by the shoelace formula, in square pixels.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.rings.iter().map(|ring| ring_area(ring)).sum()
    }

    /// Every coordinate is finite and every ring has at least three points.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.rings.iter().all(|r| r.len() >= 3 && r.iter().flatten().all(|v| v.is_finite()))
    }
}

fn ring_area(ring: &[[f64; 2]]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    let twice: f64 = ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    twice.abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iou_of_a_box_with_itself_is_one() {
        let a = PixelBox { x: 1.0, y: 2.0, w: 3.0, h: 4.0 };
        assert!((iou(&a, &a) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn touching_boxes_do_not_overlap() {
        let a = PixelBox { x: 0.0, y: 0.0, w: 2.0, h: 2.0 };
        let b = PixelBox { x: 2.0, ..a };
        assert_eq!(iou(&a, &b), 0.0);
    }

    #[test]
    fn a_polygon_knows_its_bounds_and_area() {
        let p = Polygon::from_ring(vec![[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]);
        assert_eq!(p.bounds(), Some(PixelBox { x: 0.0, y: 0.0, w: 4.0, h: 3.0 }));
        assert_eq!(p.area(), 6.0);
    }

    #[test]
    fn clipping_keeps_what_is_inside() {
        let b = PixelBox { x: -5.0, y: 5.0, w: 10.0, h: 10.0 }.clipped(8.0, 8.0);
        assert_eq!(b, PixelBox { x: 0.0, y: 5.0, w: 5.0, h: 3.0 });
    }
}
