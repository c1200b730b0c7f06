//! From the stored frame of a picture to the upright one, for the eight EXIF orientations.
//!
//! Source: Exif 2.32, tag 0x0112. The number says which edges of the scene the first row and the first column show;
//! 5 to 8 swap width and height.

use crate::{BadRle, PixelBox, Polygon, Rle};

/// The turn from stored pixels to upright pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orientation {
    exif: u8,
    width: u32,
    height: u32,
}

impl Orientation {
    /// The turn of a picture that is stored with `width` × `height` pixels; a number outside 1 to 8 counts as 1.
    #[must_use]
    pub fn of_stored(exif: u8, width: u32, height: u32) -> Self {
        Self { exif: if (1..=8).contains(&exif) { exif } else { 1 }, width, height }
    }

    /// Width and height are swapped by this EXIF number.
    #[must_use]
    pub fn swaps_sides(exif: u8) -> bool {
        (5..=8).contains(&exif)
    }

    /// Width and height of the upright picture.
    #[must_use]
    pub fn upright_size(&self) -> (u32, u32) {
        if Self::swaps_sides(self.exif) { (self.height, self.width) } else { (self.width, self.height) }
    }

    /// Where a point of the stored picture lies in the upright one.
    #[must_use]
    pub fn point(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (w, h) = (f64::from(self.width), f64::from(self.height));
        match self.exif {
            2 => [w - x, y],
            3 => [w - x, h - y],
            4 => [x, h - y],
            5 => [y, x],
            6 => [h - y, x],
            7 => [h - y, w - x],
            8 => [y, w - x],
            _ => [x, y],
        }
    }

    /// Where a rectangle of the stored picture lies in the upright one; the sides keep their exact lengths.
    #[must_use]
    pub fn rect(&self, rect: &PixelBox) -> PixelBox {
        let a = self.point([rect.x, rect.y]);
        let b = self.point([rect.right(), rect.bottom()]);
        let (w, h) = if Self::swaps_sides(self.exif) { (rect.h, rect.w) } else { (rect.w, rect.h) };
        PixelBox { x: a[0].min(b[0]), y: a[1].min(b[1]), w, h }
    }

    /// Where an outline of the stored picture lies in the upright one.
    #[must_use]
    pub fn polygon(&self, polygon: &Polygon) -> Polygon {
        let rings = polygon.rings.iter().map(|ring| ring.iter().map(|p| self.point(*p)).collect()).collect();
        Polygon { rings }
    }

    /// A mask over the stored picture as a mask over the upright one.
    ///
    /// # Errors
    /// [`BadRle::WrongLength`] when the mask is not one of the stored picture.
    pub fn mask(&self, mask: &Rle) -> Result<Rle, BadRle> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        let covered = u64::from(mask.width) * u64::from(mask.height);
        if (mask.width, mask.height) != (self.width, self.height) {
            return Err(BadRle::WrongLength { covered, pixels });
        }
        let (width, height) = self.upright_size();
        let mut upright = vec![false; usize::try_from(pixels).unwrap_or(usize::MAX)];
        for (x, y) in set_pixels(mask) {
            // The centre of a pixel lands on the centre of a pixel.
            let [u, v] = self.point([f64::from(x) + 0.5, f64::from(y) + 0.5]);
            upright[u as usize * height as usize + v as usize] = true;
        }
        Rle::new(height, width, runs(&upright))
    }
}

/// The pixels of a mask as column and row.
fn set_pixels(mask: &Rle) -> impl Iterator<Item = (u32, u32)> + '_ {
    let mut at = 0u64;
    let height = u64::from(mask.height.max(1));
    mask.counts.iter().enumerate().flat_map(move |(i, count)| {
        let run = at..at + u64::from(*count);
        at = run.end;
        let run = if i % 2 == 1 { run } else { 0..0 };
        run.map(move |pixel| ((pixel / height) as u32, (pixel % height) as u32))
    })
}

/// Lengths of equal runs, zeros first.
fn runs(pixels: &[bool]) -> Vec<u32> {
    let mut counts = Vec::new();
    let mut length = 0;
    let mut value = false;
    for pixel in pixels {
        if *pixel != value {
            counts.push(length);
            (length, value) = (0, *pixel);
        }
        length += 1;
    }
    counts.push(length);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored 3 × 2 picture; the marked pixel is stored at column 2, row 0. Expected upright places by Exif 2.32.
    const CASES: [(u8, [u32; 2]); 8] =
        [(1, [2, 0]), (2, [0, 0]), (3, [0, 1]), (4, [2, 1]), (5, [0, 2]), (6, [1, 2]), (7, [1, 0]), (8, [0, 0])];

    #[test]
    fn every_orientation_puts_the_corner_pixel_where_exif_says() {
        for (exif, [u, v]) in CASES {
            let turn = Orientation::of_stored(exif, 3, 2);
            let stored = PixelBox { x: 2.0, y: 0.0, w: 1.0, h: 1.0 };
            let upright = PixelBox { x: f64::from(u), y: f64::from(v), w: 1.0, h: 1.0 };
            assert_eq!(turn.rect(&stored), upright, "orientation {exif}");
        }
    }

    #[test]
    fn masks_and_outlines_turn_as_boxes_do() {
        for (exif, _) in CASES {
            let turn = Orientation::of_stored(exif, 3, 2);
            // Columns 1 and 2 of row 1, down the columns: 3 zeros, one, zero, one.
            let mask = turn.mask(&Rle::new(2, 3, vec![3, 1, 1, 1]).unwrap()).unwrap();
            let stored = PixelBox { x: 1.0, y: 1.0, w: 2.0, h: 1.0 };
            let ring = vec![[1.0, 1.0], [3.0, 1.0], [3.0, 2.0], [1.0, 2.0]];
            let outline = turn.polygon(&Polygon::from_ring(ring));
            assert_eq!((mask.width, mask.height), turn.upright_size(), "orientation {exif}");
            assert_eq!(mask.bounds(), Some(turn.rect(&stored)), "orientation {exif}");
            assert_eq!(outline.bounds(), Some(turn.rect(&stored)), "orientation {exif}");
        }
    }

    #[test]
    fn a_mask_of_another_size_is_refused() {
        let mask = Rle::new(3, 2, vec![6]).unwrap();
        assert!(Orientation::of_stored(6, 3, 2).mask(&mask).is_err());
    }
}
