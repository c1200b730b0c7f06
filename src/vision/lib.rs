//! The darkroom: pixels (and, later, models). Bytes in, numbers out; it knows no dataset and no table.
//!
//! Formats are told by content, never by name. Every size and pixel that leaves this room is of the *upright* picture:
//! the EXIF orientation is applied once, here, and nobody else needs to know it.

mod error;
mod header;
mod jpeg;
mod limits;
mod picture;
#[cfg(test)]
mod samples;
mod thumbnail;

pub use error::Error;
pub use header::{Header, ImageFormat, ReadSeek, probe, probe_bytes};
pub use limits::{MAX_DECODE_BYTES, MAX_PIXELS, MAX_SIDE};
pub use picture::{Picture, decode_upright, verify};
pub use thumbnail::{crop, thumbnail};
