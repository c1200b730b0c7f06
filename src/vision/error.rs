//! What can be wrong with a picture, in words for the person who has the file.

use std::io;

use image::ImageError;

use crate::header::ImageFormat;
use crate::limits::{MAX_DECODE_BYTES, MAX_PIXELS, MAX_SIDE};

/// Trouble with a picture. The texts do not name the file: the caller knows it and puts it in front.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// The content is of none of the formats we read.
    #[error("not an image (or none we read: JPEG, PNG, WebP, GIF, BMP, TIFF)")]
    NotAnImage,
    /// The header says that a side is zero.
    #[error("the header says {width} × {height} px, which is no picture")]
    NoArea {
        /// Width in the header.
        width: u32,
        /// Height in the header.
        height: u32,
    },
    /// Beyond [`MAX_SIDE`] or [`MAX_PIXELS`].
    #[error(
        "too large: {width} × {height} px, the limit is {MAX_SIDE} px a side and {} megapixels; scale or tile it first",
        MAX_PIXELS / 1_000_000
    )]
    TooLarge {
        /// Upright width.
        width: u32,
        /// Upright height.
        height: u32,
    },
    /// Decoding would need more than [`MAX_DECODE_BYTES`].
    #[error("decoding needs more than {} MB of memory; save it with 8 bits a channel, or scale it", MAX_DECODE_BYTES >> 20)]
    TooMuchMemory,
    /// The file ends too early.
    #[error("truncated: the {format} file ends before the picture is complete; fetch it again")]
    Truncated {
        /// What the file is.
        format: ImageFormat,
    },
    /// The content breaks the rules of its format.
    #[error("damaged {format} file: {reason}")]
    Damaged {
        /// What the file claims to be.
        format: ImageFormat,
        /// What the decoder said.
        reason: String,
    },
    /// A correct file of a kind we cannot decode.
    #[error("this kind of {format} is not supported ({reason}); save it as plain JPEG or PNG")]
    Unsupported {
        /// What the file is.
        format: ImageFormat,
        /// What the decoder said.
        reason: String,
    },
    /// A crop was asked for that shares no pixel with the picture.
    #[error("the box does not overlap the picture of {width} × {height} px")]
    OutsideThePicture {
        /// Upright width.
        width: u32,
        /// Upright height.
        height: u32,
    },
    /// Making it smaller failed, which only a picture of impossible size can cause.
    #[error("cannot be scaled: {0}")]
    NotScaled(String),
    /// Reading the bytes failed.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Error {
    /// Puts what the `image` crate said into our words.
    pub(crate) fn from_decoder(format: ImageFormat, error: ImageError) -> Self {
        match error {
            ImageError::IoError(e) => Self::from_read(format, e),
            ImageError::Limits(_) => Self::TooMuchMemory,
            ImageError::Unsupported(e) => Self::Unsupported { format, reason: e.to_string() },
            other => Self::Damaged { format, reason: other.to_string() },
        }
    }

    /// A read that met the end of the file means a truncated picture; decoders also wrap their own findings in I/O
    /// errors.
    pub(crate) fn from_read(format: ImageFormat, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated { format },
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                Self::Damaged { format, reason: error.to_string() }
            }
            _ => Self::Io(error),
        }
    }
}
