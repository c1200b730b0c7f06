//! Size, format and orientation of a picture from its first bytes, without decoding it.
//!
//! EXIF orientation is found in JPEG (APP1), PNG (`eXIf` before the pixels), WebP (`EXIF`) and TIFF (tag 274); BMP and
//! GIF have none. An orientation outside 1–8 counts as 1, as everywhere.

use std::fmt;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use image::{ImageDecoder, ImageReader};

use crate::error::Error;
use crate::jpeg;
use crate::limits::{check_size, decoder_limits};

/// Bytes that can be read in any order: a file, or a cursor over memory. Needs no buffering of its own.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// What a picture's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Width in pixels of the upright picture.
    pub width: u32,
    /// Height in pixels of the upright picture.
    pub height: u32,
    /// EXIF orientation 1 to 8 of the stored pixels; 1 is upright already.
    pub orientation: u8,
    /// Format, told by content.
    pub format: ImageFormat,
}

/// The formats we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG
    Jpeg,
    /// PNG
    Png,
    /// WebP
    WebP,
    /// GIF
    Gif,
    /// Windows bitmap
    Bmp,
    /// TIFF
    Tiff,
}

impl ImageFormat {
    /// The media type for HTTP (IANA registry).
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }

    /// The usual file extension, without a dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tif",
        }
    }

    /// The format whose signature these first bytes (16 are enough) carry.
    #[must_use]
    pub fn sniff(start: &[u8]) -> Option<Self> {
        match start {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            _ => None,
        }
    }

    pub(crate) fn as_decoder(self) -> image::ImageFormat {
        match self {
            Self::Jpeg => image::ImageFormat::Jpeg,
            Self::Png => image::ImageFormat::Png,
            Self::WebP => image::ImageFormat::WebP,
            Self::Gif => image::ImageFormat::Gif,
            Self::Bmp => image::ImageFormat::Bmp,
            Self::Tiff => image::ImageFormat::Tiff,
        }
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        })
    }
}

/// Reads a picture's header from the beginning of `reader`; pixels stay unread.
///
/// # Errors
/// Everything in [`Error`] that a header can show: no image, no area, too large, truncated, damaged. A header that is
/// fine does not prove that the pixels are: see [`verify`](crate::verify).
pub fn probe(reader: &mut dyn ReadSeek) -> Result<Header, Error> {
    reader.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(reader);
    let start = reader.fill_buf()?;
    if start.is_empty() {
        return Err(Error::Empty);
    }
    let format = ImageFormat::sniff(start).ok_or(Error::NotAnImage)?;
    let stored = match format {
        ImageFormat::Jpeg => jpeg::read_frame(&mut reader)?.into(),
        ImageFormat::Png => probe_png(reader)?,
        _ => probe_by_decoder(reader, format)?,
    };
    check_size(stored.width, stored.height)?;
    Ok(stored.upright(format))
}

/// [`probe`] of a whole picture in memory.
///
/// # Errors
/// As [`probe`].
pub fn probe_bytes(bytes: &[u8]) -> Result<Header, Error> {
    probe(&mut Cursor::new(bytes))
}

/// Size as stored, and how to turn it.
struct Stored {
    width: u32,
    height: u32,
    orientation: u8,
}

impl Stored {
    fn upright(&self, format: ImageFormat) -> Header {
        let (width, height) =
            if swaps_sides(self.orientation) { (self.height, self.width) } else { (self.width, self.height) };
        Header { width, height, orientation: self.orientation, format }
    }
}

impl From<jpeg::Frame> for Stored {
    fn from(frame: jpeg::Frame) -> Self {
        Self { width: frame.width.into(), height: frame.height.into(), orientation: frame.orientation }
    }
}

/// Orientations 5 to 8 turn by a quarter.
pub(crate) fn swaps_sides(orientation: u8) -> bool {
    orientation >= 5
}

/// Orientation from an EXIF block with or without its `Exif\0\0` prefix (some WebP writers keep it); 1 when there is
/// none or it makes no sense.
pub(crate) fn exif_orientation(block: &[u8]) -> u8 {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    Orientation::from_exif_chunk(tiff).map_or(1, Orientation::to_exif)
}

/// PNG keeps its size at a fixed place; it is checked before the decoder may allocate a row of it.
fn probe_png(mut reader: BufReader<&mut dyn ReadSeek>) -> Result<Stored, Error> {
    let mut start = [0; 24];
    reader.read_exact(&mut start).map_err(|e| Error::from_read(ImageFormat::Png, e))?;
    let [.., w0, w1, w2, w3, h0, h1, h2, h3] = start;
    check_size(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]))?;
    reader.seek(SeekFrom::Start(0))?;
    probe_by_decoder(reader, ImageFormat::Png)
}

fn probe_by_decoder(reader: BufReader<&mut dyn ReadSeek>, format: ImageFormat) -> Result<Stored, Error> {
    let wrong = |e| Error::from_decoder(format, e);
    let mut image_reader = ImageReader::with_format(reader, format.as_decoder());
    image_reader.limits(decoder_limits_without_sides());
    let mut decoder = image_reader.into_decoder().map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    let orientation = match format {
        ImageFormat::Tiff => decoder.orientation().map_err(wrong)?.to_exif(),
        _ => decoder.exif_metadata().map_err(wrong)?.map_or(1, |block| exif_orientation(&block)),
    };
    Ok(Stored { width, height, orientation })
}

/// Sides are left to our own check, whose message can name them.
fn decoder_limits_without_sides() -> image::Limits {
    let mut limits = decoder_limits();
    (limits.max_image_width, limits.max_image_height) = (None, None);
    limits
}
