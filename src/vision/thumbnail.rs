//! Small JPEG pictures for grids: of a whole image or of one box.

use std::borrow::Cow;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use tator_domain::PixelBox;

use crate::error::Error;
use crate::header::{ImageFormat, probe_bytes};
use crate::picture::{Picture, decode_stored, decode_upright, upright};

/// JPEG quality of everything that is only looked at.
const QUALITY: u8 = 80;

/// A JPEG of the upright picture with the longer side at most `max_side` pixels; never enlarged, so `u32::MAX` gives
/// the whole picture as JPEG, which a browser can show even when the file is a TIFF.
///
/// A truncated JPEG gives what there is of it, the rest grey: in a grid that says more than a gap.
///
/// # Errors
/// As [`probe`](crate::probe), and when the pixels are damaged or of an unsupported kind.
pub fn thumbnail(bytes: &[u8], max_side: u32) -> Result<Vec<u8>, Error> {
    let header = probe_bytes(bytes)?;
    let stored = decode_stored(bytes, &header)?;
    // Scaled first, turned after: there is less to turn.
    let small = stored.scaled(stored.whole(), max_side)?.into_owned();
    upright(small, header.orientation).to_jpeg()
}

/// A JPEG of one box of the upright picture, see [`Picture::crop`]; for several boxes decode once and use that.
///
/// # Errors
/// As [`decode_upright`] and [`Picture::crop`].
pub fn crop(bytes: &[u8], rect: &PixelBox, pad: f64, max_side: u32) -> Result<Vec<u8>, Error> {
    decode_upright(bytes)?.crop(rect, pad, max_side)
}

impl Picture {
    /// A JPEG with the longer side at most `max_side` pixels; never enlarged.
    ///
    /// # Errors
    /// When the pixels do not fit the size.
    pub fn thumbnail(&self, max_side: u32) -> Result<Vec<u8>, Error> {
        self.scaled(self.whole(), max_side)?.to_jpeg()
    }

    /// A JPEG of the box with a margin of `pad` times its longer side, cut at the picture's edges, in whole pixels, the
    /// longer side at most `max_side` pixels; never enlarged.
    ///
    /// # Errors
    /// [`Error::OutsideThePicture`] when the box shares no pixel with the picture or is not a rectangle.
    pub fn crop(&self, rect: &PixelBox, pad: f64, max_side: u32) -> Result<Vec<u8>, Error> {
        let region = self.region(rect, pad)?;
        self.scaled(region, max_side)?.to_jpeg()
    }

    /// A square around the box with a margin of `pad` times its longer side, moved into the picture where it would stick
    /// out, and cut where the picture is smaller; in its own pixels. What surrounds an object says what it is, and a
    /// square is not distorted by encoders that want one.
    ///
    /// # Errors
    /// [`Error::OutsideThePicture`] as [`Picture::crop`].
    pub fn square_around(&self, rect: &PixelBox, pad: f64) -> Result<Self, Error> {
        Ok(self.square_at(rect, pad)?.0)
    }

    /// The square, and where it begins.
    pub(crate) fn square_at(&self, rect: &PixelBox, pad: f64) -> Result<(Self, u32, u32), Error> {
        self.region(rect, 0.0)?;
        let side = (rect.w.max(rect.h) * (1.0 + 2.0 * pad.max(0.0))).ceil().max(1.0);
        let along = |start: f64, length: f64, whole: u32| {
            let whole = f64::from(whole);
            let size = side.min(whole);
            let low = (start + length / 2.0 - size / 2.0).round().clamp(0.0, whole - size);
            (low as u32, size as u32)
        };
        let ((left, width), (top, height)) = (along(rect.x, rect.w, self.width), along(rect.y, rect.h, self.height));
        Ok((self.copied(Region { left, top, width, height }), left, top))
    }

    /// The pixels of the box with a margin as in [`Picture::crop`], in the picture's own resolution.
    ///
    /// # Errors
    /// As [`Picture::crop`].
    pub fn cut(&self, rect: &PixelBox, pad: f64) -> Result<Self, Error> {
        Ok(self.copied(self.region(rect, pad)?))
    }

    fn copied(&self, region: Region) -> Self {
        let row = |y: u32| {
            let start = 3 * (y as usize * self.width as usize + region.left as usize);
            &self.rgb[start..start + 3 * region.width as usize]
        };
        let rgb = (region.top..region.top + region.height).flat_map(|y| row(y).iter().copied()).collect();
        Self { width: region.width, height: region.height, rgb }
    }

    /// The whole picture as a JPEG to look at.
    ///
    /// # Errors
    /// When the pixels do not fit the size.
    pub fn to_jpeg(&self) -> Result<Vec<u8>, Error> {
        self.to_jpeg_of(QUALITY)
    }

    /// The whole picture as a JPEG of this quality, 1 to 100.
    ///
    /// # Errors
    /// When the pixels do not fit the size.
    pub fn to_jpeg_of(&self, quality: u8) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(self.rgb.len() / 8);
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(|e| Error::from_decoder(ImageFormat::Jpeg, e))?;
        Ok(bytes)
    }

    /// The whole picture in pixels, the longer side at most `max_side`; never enlarged.
    pub(crate) fn reduced(&self, max_side: u32) -> Result<Self, Error> {
        Ok(self.scaled(self.whole(), max_side)?.into_owned())
    }

    fn whole(&self) -> Region {
        Region { left: 0, top: 0, width: self.width, height: self.height }
    }

    fn region(&self, rect: &PixelBox, pad: f64) -> Result<Region, Error> {
        let (width, height) = (f64::from(self.width), f64::from(self.height));
        let overlaps =
            rect.is_valid() && rect.x < width && rect.y < height && rect.right() >= 0.0 && rect.bottom() >= 0.0;
        if !overlaps {
            return Err(Error::OutsideThePicture { width: self.width, height: self.height });
        }
        let margin = if pad.is_finite() { pad.max(0.0) * rect.w.max(rect.h) } else { 0.0 };
        let edge = |value: f64, low: f64, high: f64| value.clamp(low, high) as u32;
        // Whole pixels, outwards, and at least one.
        let left = edge((rect.x - margin).floor(), 0.0, width - 1.0);
        let top = edge((rect.y - margin).floor(), 0.0, height - 1.0);
        let right = edge((rect.right() + margin).ceil(), f64::from(left) + 1.0, width);
        let bottom = edge((rect.bottom() + margin).ceil(), f64::from(top) + 1.0, height);
        Ok(Region { left, top, width: right - left, height: bottom - top })
    }

    fn scaled(&self, region: Region, max_side: u32) -> Result<Cow<'_, Self>, Error> {
        let (width, height) = fitted(region.width, region.height, max_side);
        if (width, height) == (self.width, self.height) {
            return Ok(Cow::Borrowed(self));
        }
        let wrong = |e: &dyn std::fmt::Display| Error::NotScaled(e.to_string());
        // Hamming is as sharp as a bicubic filter when making smaller, at the price of a bilinear one.
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming)).crop(
            region.left.into(),
            region.top.into(),
            region.width.into(),
            region.height.into(),
        );
        let mut rgb = vec![0; 3 * width as usize * height as usize];
        // Typed views: with untyped ones the compiler builds the resizer for every kind of pixel, for two minutes.
        let source = TypedImageRef::<U8x3>::from_buffer(self.width, self.height, &self.rgb).map_err(|e| wrong(&e))?;
        let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut rgb).map_err(|e| wrong(&e))?;
        Resizer::new().resize_typed(&source, &mut target, &options).map_err(|e| wrong(&e))?;
        Ok(Cow::Owned(Self { width, height, rgb }))
    }
}

/// Whole pixels of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Region {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

/// The size with the same shape whose longer side is at most `max_side`; neither side becomes zero.
fn fitted(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= max_side {
        return (width, height);
    }
    let scale = f64::from(max_side.max(1)) / f64::from(longer);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    (side(width), side(height))
}

#[cfg(test)]
#[path = "thumbnail_tests.rs"]
mod tests;
