//! Pictures of a dataset: the bytes as they are, and small ones for grids.

use std::fs;
use std::path::PathBuf;

use tator_domain::{DatasetName, ImageId};

use crate::error::Error;
use crate::workbench::Workbench;

/// The original of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its kind, by its first bytes.
    pub content_type: &'static str,
    /// Changes when the bytes do.
    pub etag: String,
}

impl Workbench {
    /// The original of an image, untouched.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the image; [`Error::Io`] when its file is gone.
    pub fn image_file(&self, d: &DatasetName, id: ImageId) -> Result<ImageFile, Error> {
        let found = self.reader().image_file(d, id)?;
        let opening = || Error::io(format!("opening the picture of image {id} of {d}"));
        let mut file = fs::File::open(&found.path).map_err(opening())?;
        let header = tator_vision::probe(&mut file).map_err(|e| Error::invalid("picture", e.to_string()))?;
        let meta = file.metadata().map_err(opening())?;
        let changed =
            meta.modified().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        let key = format!("{}-{}-{}", found.content_hash, meta.len(), changed.as_micros());
        let etag = format!("\"{}\"", &blake3::hash(key.as_bytes()).to_hex()[..32]);
        Ok(ImageFile { path: found.path, content_type: header.format.content_type(), etag })
    }

    /// A JPEG of the upright image with its longer side at most `max_side` pixels, kept for the next time.
    ///
    /// # Errors
    /// As [`Workbench::image_file`], and when the picture cannot be decoded.
    pub fn thumbnail(&self, d: &DatasetName, id: ImageId, max_side: u32) -> Result<Vec<u8>, Error> {
        let original = self.image_file(d, id)?;
        let key = original.etag.trim_matches('"');
        let folder = self.reader().folders().thumbnails().join(&key[..2]);
        let kept = folder.join(format!("{key}-{max_side}.jpg"));
        if let Ok(bytes) = fs::read(&kept) {
            return Ok(bytes);
        }
        let bytes = fs::read(&original.path).map_err(Error::io(format!("reading the picture of image {id} of {d}")))?;
        let small = tator_vision::thumbnail(&bytes, max_side).map_err(|e| Error::invalid("picture", e.to_string()))?;
        // A cache that cannot be written costs time, nothing else.
        let _ = fs::create_dir_all(&folder).map(|()| tator_store::write_whole(&kept, &small));
        Ok(small)
    }
}
