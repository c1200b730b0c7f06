//! Pictures of a source: which files are pictures, and how large they are, read from their headers alone.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use super::Source;
use crate::error::Error;

/// Extensions of pictures that can be shown and measured.
const EXTENSIONS: &[&str] = &["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"];

/// What the header of a picture says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels of the upright image.
    pub width: u32,
    /// Height in pixels of the upright image.
    pub height: u32,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Whether a file is a picture by its extension, in any case.
#[must_use]
pub fn is_picture(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(_, ext)| EXTENSIONS.iter().any(|known| ext.eq_ignore_ascii_case(known)))
}

impl Source {
    /// Size and orientation of one picture, from its header.
    ///
    /// # Errors
    /// When the file is not there or its header is broken; the message does not repeat the path.
    pub fn probe(&self, path: &str) -> Result<Picture, Error> {
        let entry = self.entry(path).ok_or_else(|| Error::NotFound(path.to_owned()))?;
        let header = match self.disk_path(path) {
            Some(disk) => {
                let mut file = std::fs::File::open(disk).map_err(Error::io("opening the picture"))?;
                tator_vision::probe(&mut file)
            }
            None => tator_vision::probe(&mut Rewindable::new(self.open(path)?, entry.bytes)),
        };
        let header = header.map_err(|e| Error::invalid("picture", e.to_string()))?;
        Ok(Picture { width: header.width, height: header.height, orientation: header.orientation, bytes: entry.bytes })
    }

    /// Probes many pictures with all cores and hands each result to `take` in the order given: the picture, or the
    /// reason why it is none. Memory does not grow with their number.
    ///
    /// # Errors
    /// What `take` returns.
    pub fn probe_all<P: AsRef<str> + Sync>(
        &self,
        paths: &[P],
        mut take: impl FnMut(&str, Result<Picture, String>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        super::in_order(
            paths,
            |path| self.probe(path.as_ref()).map_err(|e| reason(&e)),
            |path, picture| take(path.as_ref(), picture),
        )
    }
}

/// Why a picture cannot be used, for a report that names it elsewhere.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::Invalid { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// Makes a stream seekable by keeping what was read; a header sits at the front, so that is little.
struct Rewindable<R> {
    inner: R,
    kept: Cursor<Vec<u8>>,
    length: u64,
}

impl<R: Read> Rewindable<R> {
    fn new(inner: R, length: u64) -> Self {
        Self { inner, kept: Cursor::new(Vec::new()), length }
    }

    fn fill_to(&mut self, end: u64) -> io::Result<()> {
        let missing = end.saturating_sub(self.kept.get_ref().len() as u64);
        if missing > 0 {
            self.inner.by_ref().take(missing).read_to_end(self.kept.get_mut())?;
        }
        Ok(())
    }
}

impl<R: Read> Read for Rewindable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.kept.position().saturating_add(buffer.len() as u64);
        self.fill_to(end)?;
        self.kept.read(buffer)
    }
}

impl<R: Read> Seek for Rewindable<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.kept.position().checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        let target = target.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start"))?;
        self.kept.set_position(target);
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_extension_in_any_case() {
        assert!(is_picture("a/b.JPG") && is_picture("x.y.tiff"));
        assert!(!is_picture("a.txt") && !is_picture("jpg") && !is_picture("a.jpg/b"));
    }

    #[test]
    fn a_stream_can_be_read_again_from_anywhere() {
        let mut stream = Rewindable::new(&b"0123456789"[..], 10);
        let mut two = [0; 2];
        stream.seek(SeekFrom::Start(6)).unwrap();
        stream.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"67");
        stream.seek(SeekFrom::End(-10)).unwrap();
        stream.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"01");
        stream.seek(SeekFrom::Start(20)).unwrap();
        assert_eq!(stream.read(&mut two).unwrap(), 0);
    }
}
