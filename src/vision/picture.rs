//! Decoded pixels of the upright picture.
//!
//! What decoding decides, the same for every format:
//! - **Orientation** of the header is applied, once.
//! - **8 bits**: deeper channels are rounded to 8; float TIFF is clamped to 0–1.
//! - **Alpha** is laid over white, as on a sheet of paper. (Dropping it, as some readers do, uncovers colours that nobody
//!   was meant to see.)
//! - **CMYK** and YCCK become RGB by the plain formula, with Adobe's inversion.
//! - **ICC profiles and gamma are ignored**: the numbers are those in the file, as detectors were trained on.
//! - **Animations and multi-page files** give their first frame, on their whole canvas.

use std::io::{BufReader, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageReader};

use crate::error::Error;
use crate::header::{Header, ImageFormat, ReadSeek, probe_bytes, swaps_sides};
use crate::jpeg;
use crate::limits::{MAX_DECODE_BYTES, decoder_limits};

/// An upright picture with 8 bits each of red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
    /// `3 × width × height` bytes, row by row from the top, without padding.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// A picture of one colour.
    #[must_use]
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Self {
        Self { width, height, rgb: colour.repeat(width as usize * height as usize) }
    }

    /// The colour of a pixel; `None` outside.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        if x >= self.width {
            return None;
        }
        let start = (y as usize * self.width as usize + x as usize) * 3;
        self.rgb.get(start..start + 3)?.try_into().ok()
    }
}

/// Decodes a whole picture and turns it upright.
///
/// # Errors
/// As [`probe`](crate::probe), and when the pixels are damaged, truncated or of an unsupported kind. A JPEG without its
/// end marker counts as truncated (Ultralytics calls it corrupt, too), although viewers show what there is of it.
pub fn decode_upright(bytes: &[u8]) -> Result<Picture, Error> {
    let header = probe_bytes(bytes)?;
    if header.format == ImageFormat::Jpeg && !jpeg::has_end(bytes) {
        return Err(Error::Truncated { format: ImageFormat::Jpeg });
    }
    Ok(upright(decode_stored(bytes, &header)?, header.orientation))
}

/// Decodes everything to find out whether the file is whole; gives its header.
///
/// # Errors
/// As [`decode_upright`].
pub fn verify(bytes: &[u8]) -> Result<Header, Error> {
    decode_upright(bytes)?;
    probe_bytes(bytes)
}

/// Pixels as they are stored, not yet upright; a truncated JPEG is filled up with grey.
pub(crate) fn decode_stored(bytes: &[u8], header: &Header) -> Result<Picture, Error> {
    let format = header.format;
    check_memory(bytes, header)?;
    // The reader is of the same type as in the probe, else every decoder is compiled twice.
    // A decoder that trips over a broken file must cost one picture, not the job with the other hundred thousand.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let reader: &mut dyn ReadSeek = &mut Cursor::new(bytes);
        let mut reader = ImageReader::with_format(BufReader::new(reader), format.as_decoder());
        reader.limits(decoder_limits());
        reader.decode()
    }))
    .map_err(|_| Error::Damaged { format, reason: "the decoder gave up".to_owned() })?;
    Ok(to_rgb(decoded.map_err(|e| Error::from_decoder(format, e))?))
}

/// A progressive JPEG is kept as 16-bit coefficients until its last scan, which the decoder's own limit does not count.
fn check_memory(bytes: &[u8], header: &Header) -> Result<(), Error> {
    if header.format != ImageFormat::Jpeg {
        return Ok(());
    }
    let frame = jpeg::read_frame(&mut BufReader::new(Cursor::new(bytes)))?;
    let samples = u64::from(frame.width) * u64::from(frame.height) * u64::from(frame.components);
    if frame.is_progressive && samples * 2 > MAX_DECODE_BYTES { Err(Error::TooMuchMemory) } else { Ok(()) }
}

fn to_rgb(decoded: DynamicImage) -> Picture {
    let (width, height) = (decoded.width(), decoded.height());
    let rgb = if decoded.color().has_alpha() {
        over_white(decoded.into_rgba8().into_raw())
    } else {
        decoded.into_rgb8().into_raw()
    };
    Picture { width, height, rgb }
}

/// Four bytes a pixel to three, in place: pictures can be near the memory limit.
fn over_white(mut pixels: Vec<u8>) -> Vec<u8> {
    let count = pixels.len() / 4;
    for i in 0..count {
        let alpha = u16::from(pixels[i * 4 + 3]);
        for channel in 0..3 {
            let value = u16::from(pixels[i * 4 + channel]);
            // At most 255 × 255 + 127, which fits; the quotient is at most 255.
            pixels[i * 3 + channel] = ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
    }
    pixels.truncate(count * 3);
    pixels
}

/// Turns stored pixels upright (EXIF 2.32, tag 274).
pub(crate) fn upright(stored: Picture, orientation: u8) -> Picture {
    if !(2..=8).contains(&orientation) {
        return stored;
    }
    let (w, h) = (stored.width as isize, stored.height as isize);
    let (left, right, top, bottom) = (0, w - 1, 0, (h - 1) * w);
    // Where the upright picture starts in the stored one, and how far a step right and a step down lead there.
    let (start, step_right, step_down) = match orientation {
        2 => (top + right, -1, w),
        3 => (bottom + right, -1, -w),
        4 => (bottom + left, 1, -w),
        5 => (top + left, w, 1),
        6 => (bottom + left, -w, 1),
        7 => (bottom + right, -w, -1),
        _ => (top + right, w, -1),
    };
    let (width, height) =
        if swaps_sides(orientation) { (stored.height, stored.width) } else { (stored.width, stored.height) };
    let mut rgb = vec![0; stored.rgb.len()];
    for (y, row) in rgb.chunks_exact_mut(3 * width as usize).enumerate() {
        let mut from = start + y as isize * step_down;
        for pixel in row.chunks_exact_mut(3) {
            let at = from as usize * 3;
            pixel.copy_from_slice(&stored.rgb[at..at + 3]);
            from += step_right;
        }
    }
    Picture { width, height, rgb }
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
