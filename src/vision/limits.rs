//! How large a picture may be. Checked on the header, before any pixel is decoded.

use crate::error::Error;

/// Longest side in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// Most pixels of one picture.
pub const MAX_PIXELS: u64 = 200_000_000;
/// Most memory one decoder may ask for, in bytes: 200 MP of RGBA fit, 200 MP with 16 bits a channel do not.
pub const MAX_DECODE_BYTES: u64 = 1 << 30;

/// Refuses a picture without area and one beyond the limits.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), Error> {
    if width == 0 || height == 0 {
        return Err(Error::NoArea { width, height });
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Error::TooLarge { width, height });
    }
    Ok(())
}

/// The same limits as the `image` crate takes them.
pub(crate) fn decoder_limits() -> image::Limits {
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    limits
}
