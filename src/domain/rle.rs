//! COCO run-length masks: column-major runs that begin with zeros.
//!
//! The compressed form is that of `maskApi.c` in cocodataset/cocoapi: every count minus the one two places
//! before, in groups of five bits with a continuation bit, each plus 48 as a character.

use crate::PixelBox;

/// A mask over an image of `height` × `width` pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rle {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Lengths of runs down the columns, zeros first.
    pub counts: Vec<u32>,
}

/// A run-length text that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRle {
    /// A character outside the alphabet, or the text ends within a number.
    #[error("compressed RLE is damaged at character {0}")]
    Damaged(usize),
    /// The runs do not cover the image.
    #[error("RLE covers {covered} pixels, the image has {pixels}")]
    WrongLength {
        /// Sum of the runs.
        covered: u64,
        /// Height times width.
        pixels: u64,
    },
}

impl Rle {
    /// A mask from uncompressed counts, checked against the image's size.
    ///
    /// # Errors
    /// [`BadRle::WrongLength`] when the counts do not add up to `height * width`.
    pub fn new(height: u32, width: u32, counts: Vec<u32>) -> Result<Self, BadRle> {
        let covered: u64 = counts.iter().map(|c| u64::from(*c)).sum();
        let pixels = u64::from(height) * u64::from(width);
        if covered != pixels {
            return Err(BadRle::WrongLength { covered, pixels });
        }
        Ok(Self { height, width, counts })
    }

    /// A mask from the compressed `counts` string.
    ///
    /// # Errors
    /// [`BadRle`] when the text is damaged or does not cover the image.
    pub fn decode(height: u32, width: u32, text: &str) -> Result<Self, BadRle> {
        let mut counts: Vec<u32> = Vec::new();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let mut value: i64 = 0;
            let mut shift = 0;
            loop {
                let c = bytes.get(at).copied().ok_or(BadRle::Damaged(at))?;
                if !(48..112).contains(&c) || shift > 30 {
                    return Err(BadRle::Damaged(at));
                }
                let c = i64::from(c - 48);
                value |= (c & 0x1f) << shift;
                shift += 5;
                at += 1;
                if c & 0x20 == 0 {
                    if c & 0x10 != 0 {
                        value |= -1 << shift;
                    }
                    break;
                }
            }
            if counts.len() > 2 {
                value += i64::from(counts[counts.len() - 2]);
            }
            counts.push(u32::try_from(value).map_err(|_| BadRle::Damaged(at))?);
        }
        Self::new(height, width, counts)
    }

    /// The compressed `counts` string.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::with_capacity(self.counts.len() * 2);
        for (i, count) in self.counts.iter().enumerate() {
            let mut value = i64::from(*count);
            if i > 2 {
                value -= i64::from(self.counts[i - 2]);
            }
            loop {
                let mut c = (value & 0x1f) as u8;
                value >>= 5;
                let more = if c & 0x10 != 0 { value != -1 } else { value != 0 };
                if more {
                    c |= 0x20;
                }
                text.push(char::from(c + 48));
                if !more {
                    break;
                }
            }
        }
        text
    }

    /// Number of pixels in the mask.
    #[must_use]
    pub fn area(&self) -> u64 {
        self.counts.iter().skip(1).step_by(2).map(|c| u64::from(*c)).sum()
    }

    /// The smallest rectangle around the mask; `None` when it is empty.
    #[must_use]
    pub fn bounds(&self) -> Option<PixelBox> {
        let h = u64::from(self.height);
        let (mut x0, mut y0, mut x1, mut y1) = (u64::MAX, u64::MAX, 0, 0);
        let mut at = 0u64;
        for (i, count) in self.counts.iter().map(|c| u64::from(*c)).enumerate() {
            if i % 2 == 1 && count > 0 {
                let (first, last) = (at, at + count - 1);
                x0 = x0.min(first / h);
                x1 = x1.max(last / h + 1);
                if first / h == last / h {
                    y0 = y0.min(first % h);
                    y1 = y1.max(last % h + 1);
                } else {
                    (y0, y1) = (0, h);
                }
            }
            at += count;
        }
        (x0 < x1).then(|| PixelBox { x: x0 as f64, y: y0 as f64, w: (x1 - x0) as f64, h: (y1 - y0) as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_and_plain_counts_agree() {
        let rle = Rle::new(4, 5, vec![3, 2, 5, 1, 9]).unwrap();
        assert_eq!(Rle::decode(4, 5, &rle.encode()), Ok(rle));
    }

    #[test]
    fn a_mask_knows_its_area_and_bounds() {
        // 4 rows, 5 columns; pixels 3 and 4 run over a column's end.
        let rle = Rle::new(4, 5, vec![3, 2, 15]).unwrap();
        assert_eq!(rle.area(), 2);
        assert_eq!(rle.bounds(), Some(PixelBox { x: 0.0, y: 0.0, w: 2.0, h: 4.0 }));
    }

    #[test]
    fn damaged_text_is_refused() {
        assert!(matches!(Rle::decode(4, 5, "~~"), Err(BadRle::Damaged(_))));
        assert!(matches!(Rle::decode(4, 5, "1"), Err(BadRle::WrongLength { .. })));
    }
}
