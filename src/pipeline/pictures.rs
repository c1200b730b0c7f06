//! Pictures of a dataset: the bytes as they are, and small ones for grids.

use std::fs;
use std::path::PathBuf;

use tator_domain::{DatasetName, ImageId};
use tator_store::Reader;
use tator_vision::{Header, ImageFormat};

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
    /// A browser shows these bytes as they are, the right way up.
    pub shown_upright: bool,
}

/// Browsers know no TIFF, and heed the EXIF orientation of a JPEG always, of other formats only sometimes.
fn is_shown_upright(header: &Header) -> bool {
    match header.format {
        ImageFormat::Jpeg => true,
        ImageFormat::Tiff => false,
        ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif | ImageFormat::Bmp => header.orientation == 1,
    }
}

/// The bytes of a picture as a model gets them.
pub(crate) struct Original {
    /// Where they lie.
    pub path: PathBuf,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their BLAKE3.
    pub hash: blake3::Hash,
}

/// Reads a picture to make something of it. What is made is kept under the content of the import and laid over the boxes of
/// that picture, so it must not be made of another one.
///
/// # Errors
/// [`Error::NotFound`] for the image; [`Error::Io`]; [`Error::Conflict`] when the picture has changed since its import.
pub(crate) fn original(reader: &Reader, d: &DatasetName, id: ImageId) -> Result<Original, Error> {
    let file = reader.image_file(d, id)?;
    let bytes = fs::read(&file.path).map_err(Error::io(format!("reading the picture of image {id} of {d}")))?;
    let hash = blake3::hash(&bytes);
    if !file.content_hash.is_empty() && hash.to_hex().as_str() != file.content_hash {
        let text = "the picture has changed since it was imported: put it back as it was, or import the new one by another name";
        return Err(Error::Conflict(text.to_owned()));
    }
    Ok(Original { path: file.path, bytes, hash })
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
        let shown_upright = is_shown_upright(&header);
        Ok(ImageFile { path: found.path, content_type: header.format.content_type(), etag, shown_upright })
    }

    /// A JPEG of the upright image in its full size, for browsers that would not show the original; kept for the next
    /// time.
    ///
    /// # Errors
    /// As [`Workbench::thumbnail`].
    pub fn upright_image(&self, d: &DatasetName, id: ImageId) -> Result<Vec<u8>, Error> {
        self.thumbnail(d, id, u32::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_turns_by_itself_goes_out_turned() {
        let shown = |format, orientation| is_shown_upright(&Header { width: 2, height: 3, orientation, format });
        assert!(shown(ImageFormat::Jpeg, 6) && shown(ImageFormat::Png, 1) && shown(ImageFormat::WebP, 1));
        assert!(!shown(ImageFormat::Png, 6) && !shown(ImageFormat::WebP, 3) && !shown(ImageFormat::Tiff, 1));
    }
}
