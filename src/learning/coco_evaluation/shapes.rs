//! Boxes and masks, and how far they overlap: `bbIou` and `rleIou` of `maskApi.c` in cocodataset/cocoapi.

use tator_domain::{PixelBox, Rle};

/// Something that can be found on an image: a box or a mask.
pub trait Shape: Sync {
    /// Its area in square pixels.
    fn area(&self) -> f64;
    /// Intersection over union with a truth; over the own area alone when the truth is a crowd.
    fn overlap(&self, truth: &Self, crowd: bool) -> f64;
    /// A rectangle around it, which must be finite.
    fn around(&self) -> PixelBox;
}

impl Shape for PixelBox {
    fn area(&self) -> f64 {
        self.w * self.h
    }

    fn overlap(&self, truth: &Self, crowd: bool) -> f64 {
        let w = self.right().min(truth.right()) - self.x.max(truth.x);
        let h = self.bottom().min(truth.bottom()) - self.y.max(truth.y);
        if w <= 0.0 || h <= 0.0 {
            return 0.0;
        }
        let both = w * h;
        let all = if crowd { self.area() } else { self.area() + truth.area() - both };
        both / all
    }

    fn around(&self) -> PixelBox {
        *self
    }
}

/// A run-length mask that remembers its bounds and area.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    rle: Rle,
    bounds: PixelBox,
    area: u64,
}

impl From<Rle> for Mask {
    fn from(rle: Rle) -> Self {
        let bounds = rle.bounds().unwrap_or_default();
        Self { bounds, area: rle.area(), rle }
    }
}

impl Shape for Mask {
    fn area(&self) -> f64 {
        self.area as f64
    }

    fn overlap(&self, truth: &Self, crowd: bool) -> f64 {
        let same_size = (self.rle.height, self.rle.width) == (truth.rle.height, truth.rle.width);
        if !same_size || self.bounds.overlap(&truth.bounds, false) == 0.0 {
            return 0.0;
        }
        let both = shared_pixels(&self.rle.counts, &truth.rle.counts);
        let all = if crowd { self.area } else { self.area + truth.area - both };
        if both == 0 { 0.0 } else { both as f64 / all as f64 }
    }

    fn around(&self) -> PixelBox {
        self.bounds
    }
}

/// Pixels that are set in both, walking both lists of runs at once.
fn shared_pixels(a: &[u32], b: &[u32]) -> u64 {
    let (mut i, mut j) = (0, 0);
    let (mut end_a, mut end_b) = (0u64, 0u64);
    let (mut at, mut shared) = (0u64, 0u64);
    while i < a.len() && j < b.len() {
        let (stop_a, stop_b) = (end_a + u64::from(a[i]), end_b + u64::from(b[j]));
        let stop = stop_a.min(stop_b);
        if i % 2 == 1 && j % 2 == 1 {
            shared += stop - at;
        }
        at = stop;
        if stop_a == stop {
            (i, end_a) = (i + 1, stop);
        }
        if stop_b == stop {
            (j, end_b) = (j + 1, stop);
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_measured_by_the_detection() {
        let crowd = PixelBox { x: 0.0, y: 0.0, w: 100.0, h: 100.0 };
        let inside = PixelBox { x: 10.0, y: 10.0, w: 5.0, h: 5.0 };
        assert_eq!(inside.overlap(&crowd, true), 1.0);
        assert_eq!(inside.overlap(&crowd, false), 25.0 / 10_000.0);
    }

    #[test]
    fn boxes_without_size_overlap_nothing() {
        let point = PixelBox { x: 1.0, y: 1.0, w: 0.0, h: 0.0 };
        assert_eq!(point.overlap(&point, false), 0.0);
    }

    #[test]
    fn masks_share_pixels_across_runs() {
        assert_eq!(shared_pixels(&[2, 4, 4], &[0, 3, 1, 6]), 3);
        assert_eq!(shared_pixels(&[10], &[0, 10]), 0);
        assert_eq!(shared_pixels(&[0, 0, 3, 5, 2], &[0, 10]), 5);
    }

    #[test]
    fn masks_of_different_images_do_not_overlap() {
        let mask = |h, w| Mask::from(Rle::new(h, w, vec![0, h * w]).unwrap());
        assert_eq!(mask(4, 5).overlap(&mask(5, 4), false), 0.0);
        assert_eq!(mask(4, 5).overlap(&mask(4, 5), false), 1.0);
    }
}
