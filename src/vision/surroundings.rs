//! What an encoder sees around a box: everything, or the box stands out because the rest is plain, blurred or dark.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tator_domain::PixelBox;

use crate::error::Error;
use crate::picture::Picture;

/// Of blurred surroundings so many pixels along the longer side are left.
const BLURRED: u32 = 12;
/// Dark surroundings have so much of their light.
const LIGHT: f64 = 0.35;

/// What is shown around a box.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surroundings {
    /// As they are.
    #[default]
    Full,
    /// The mean colour of the cut.
    Mean,
    /// Blurred beyond recognition.
    Blur,
    /// A third of their light.
    Darken,
}

impl Surroundings {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Full, Self::Mean, Self::Blur, Self::Darken];

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Mean => "mean",
            Self::Blur => "blur",
            Self::Darken => "darken",
        }
    }
}

impl fmt::Display for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Surroundings {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|one| one.as_str() == text);
        known.ok_or_else(|| format!("use one of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

impl Picture {
    /// A square as [`Picture::square_around`], with other surroundings of the box.
    ///
    /// # Errors
    /// As there.
    pub fn square_in(&self, rect: &PixelBox, pad: f64, around: Surroundings) -> Result<Self, Error> {
        let (mut square, left, top) = self.square_at(rect, pad)?;
        let inside = |x: u32, y: u32| {
            let (x, y) = (f64::from(x + left), f64::from(y + top));
            x + 1.0 > rect.x && x < rect.right() && y + 1.0 > rect.y && y < rect.bottom()
        };
        let other = match around {
            Surroundings::Full => return Ok(square),
            Surroundings::Mean => Self::filled(square.width, square.height, square.mean()),
            Surroundings::Blur => square.blurred()?,
            Surroundings::Darken => square.dark(),
        };
        let width = square.width.max(1);
        let pixels = square.rgb.as_chunks_mut::<3>().0.iter_mut().zip(other.rgb.as_chunks::<3>().0);
        for (at, (pixel, other)) in (0u32..).zip(pixels) {
            if !inside(at % width, at / width) {
                *pixel = *other;
            }
        }
        Ok(square)
    }

    fn mean(&self) -> [u8; 3] {
        let (pixels, mut sums) = (self.rgb.as_chunks::<3>().0, [0u64; 3]);
        for pixel in pixels {
            sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
        }
        let count = pixels.len().max(1) as u64;
        sums.map(|sum| ((sum + count / 2) / count) as u8)
    }

    fn dark(&self) -> Self {
        let rgb = self.rgb.iter().map(|value| (f64::from(*value) * LIGHT).round() as u8).collect();
        Self { width: self.width, height: self.height, rgb }
    }

    /// Few pixels, and the way between them.
    fn blurred(&self) -> Result<Self, Error> {
        let small = self.reduced(BLURRED)?;
        let scale = |of: u32, to: u32| f64::from(of) / f64::from(to.max(1));
        let (along, down) = (scale(small.width, self.width), scale(small.height, self.height));
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for y in 0..self.height {
            let v = (f64::from(y) + 0.5) * down - 0.5;
            rgb.extend((0..self.width).flat_map(|x| small.between((f64::from(x) + 0.5) * along - 0.5, v)));
        }
        Ok(Self { width: self.width, height: self.height, rgb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_as_it_was_and_the_rest_is_not() {
        let checks = |at: u32| if (at / 40 + at % 40).is_multiple_of(2) { [200, 100, 50] } else { [0, 0, 0] };
        let picture = Picture { width: 40, height: 40, rgb: (0..1600).flat_map(checks).collect() };
        let rect = PixelBox { x: 10.0, y: 12.0, w: 10.0, h: 8.0 };
        let full = picture.square_in(&rect, 0.5, Surroundings::Full).unwrap();
        assert_eq!(full, picture.square_around(&rect, 0.5).unwrap());
        for around in [Surroundings::Mean, Surroundings::Blur, Surroundings::Darken] {
            let cut = picture.square_in(&rect, 0.5, around).unwrap();
            assert_eq!((cut.width, cut.height), (full.width, full.height));
            assert_eq!(cut.pixel(9, 10), full.pixel(9, 10), "{around}: inside");
            let corner = cut.pixel(0, 0).unwrap();
            let wanted = match around {
                Surroundings::Darken => full.pixel(0, 0).unwrap().map(|v| (f64::from(v) * LIGHT).round() as u8),
                _ => [100, 50, 25],
            };
            assert!(corner.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 12), "{around}: {corner:?}");
        }
    }

    #[test]
    fn words_are_read_back() {
        assert!(Surroundings::ALL.iter().all(|one| one.as_str().parse() == Ok(*one)));
        assert!("round".parse::<Surroundings>().unwrap_err().contains("darken"));
    }
}
