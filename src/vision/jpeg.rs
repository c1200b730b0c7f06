//! The marker segments of a JPEG file (ITU-T T.81, annex B).
//!
//! Own code, because the decoder of the `image` crate reads the whole file into memory and parses it twice to tell
//! size and orientation (45 µs for a file of 350 kB in the page cache, growing with the file); here only the first
//! kilobytes are read (5 µs, whatever the size). The walk over the scans finds truncated files, which
//! the decoder fills up with grey without a word.

use std::io::{self, BufRead, BufReader, Read, Seek};

use crate::error::Error;
use crate::header::{ImageFormat, exif_orientation};

const START_OF_SCAN: u8 = 0xda;
const END_OF_IMAGE: u8 = 0xd9;
const EXIF_SEGMENT: u8 = 0xe1;
const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// What the segments before the first scan say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Stored width, before orientation.
    pub width: u16,
    /// Stored height, before orientation.
    pub height: u16,
    /// 1 grey, 3 YCbCr or RGB, 4 CMYK or YCCK.
    pub components: u8,
    /// A progressive file is kept in memory as coefficients while it is decoded.
    pub is_progressive: bool,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
}

/// Reads the segments up to the first scan, from the start of the file.
pub(crate) fn read_frame<R: Read + Seek>(reader: &mut BufReader<R>) -> Result<Frame, Error> {
    walk_header(reader).map_err(|e| Error::from_read(ImageFormat::Jpeg, e))?
}

fn walk_header<R: Read + Seek>(reader: &mut BufReader<R>) -> io::Result<Result<Frame, Error>> {
    reader.seek_relative(2)?; // start of image, checked by the caller
    let (mut frame, mut orientation) = (None, None);
    loop {
        let marker = next_marker(reader)?;
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            continue; // stands alone, without a length
        }
        if marker == START_OF_SCAN || marker == END_OF_IMAGE {
            let frame = frame.map(|f| Frame { orientation: orientation.unwrap_or(1), ..f });
            return Ok(frame.ok_or_else(|| damaged("no frame header before the picture data")));
        }
        let Some(length) = read_u16(reader)?.checked_sub(2) else {
            return Ok(Err(damaged("a segment of impossible length")));
        };
        match marker {
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                frame = Some(read_start_of_frame(reader, marker, length)?);
            }
            EXIF_SEGMENT if orientation.is_none() => orientation = read_exif(reader, length)?,
            _ => reader.seek_relative(length.into())?,
        }
    }
}

/// Whether the end marker closes the last scan. Anything may follow it: phones append a second picture.
pub(crate) fn has_end(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        let Some(at) = rest.windows(2).position(|pair| pair[0] == 0xff && is_marker(pair[1])) else { return false };
        let (marker, after) = (rest[at + 1], &rest[at + 2..]);
        if marker == END_OF_IMAGE {
            return true;
        }
        // Behind a scan's header its coded data follow, in which every 0xff is stuffed; the search runs over them.
        let length = match after {
            [high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => return false,
        };
        let Some(next) = after.get(length..) else { return false };
        rest = next;
    }
}

/// Neither a stuffed zero, nor fill, nor a restart, nor a start: these have no length and can stand in coded data.
fn is_marker(code: u8) -> bool {
    !matches!(code, 0x00 | 0x01 | 0xff | 0xd0..=0xd8)
}

/// The next marker code. Stray bytes before it are skipped, as every decoder does.
fn next_marker(reader: &mut impl BufRead) -> io::Result<u8> {
    while read_u8(reader)? != 0xff {}
    loop {
        match read_u8(reader)? {
            0xff => {}
            code => return Ok(code),
        }
    }
}

fn read_start_of_frame<R: Read + Seek>(reader: &mut BufReader<R>, marker: u8, length: u16) -> io::Result<Frame> {
    let mut fields = [0; 6];
    reader.read_exact(&mut fields)?;
    let [_precision, h0, h1, w0, w1, components] = fields;
    reader.seek_relative(i64::from(length) - 6)?;
    Ok(Frame {
        width: u16::from_be_bytes([w0, w1]),
        height: u16::from_be_bytes([h0, h1]),
        components,
        is_progressive: marker == 0xc2,
        orientation: 1,
    })
}

/// APP1 is EXIF or XMP; only the first tells the orientation.
fn read_exif<R: Read + Seek>(reader: &mut BufReader<R>, length: u16) -> io::Result<Option<u8>> {
    let mut block = vec![0; length.into()];
    reader.read_exact(&mut block)?;
    Ok(block.starts_with(EXIF_PREFIX).then(|| exif_orientation(&block)))
}

fn read_u8(reader: &mut impl BufRead) -> io::Result<u8> {
    let mut byte = [0];
    reader.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn read_u16(reader: &mut impl BufRead) -> io::Result<u16> {
    let mut bytes = [0; 2];
    reader.read_exact(&mut bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

fn damaged(reason: &str) -> Error {
    Error::Damaged { format: ImageFormat::Jpeg, reason: reason.to_owned() }
}
