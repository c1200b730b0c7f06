//! An image of a dataset and how far a person has come with it.

use serde::{Deserialize, Serialize};

use crate::{ImageId, names::text_enum};

text_enum! {
    /// How far a person has come with an image. `Labelled` without boxes is a confirmed negative.
    pub enum ImageState {
        /// Nobody has looked at it yet.
        Unlabelled = "unlabelled",
        /// Somebody has begun.
        InProgress = "in_progress",
        /// Complete in the eyes of its annotator.
        Labelled = "labelled",
        /// Checked; its boxes are truth.
        Reviewed = "reviewed",
        /// Left out on purpose.
        Skipped = "skipped",
    }
}

text_enum! {
    /// The part of a dataset an image belongs to.
    pub enum Split {
        /// For fitting.
        Train = "train",
        /// For choosing.
        Val = "val",
        /// For the last word.
        Test = "test",
        /// In no part.
        None = "none",
    }
}

/// One image as it stands in the working set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Its number in the dataset.
    pub image_id: ImageId,
    /// Path below the dataset's image folder, with `/`, as the file system spells it.
    pub path: String,
    /// BLAKE3 of the file, 64 hex digits; empty when the file was not at hand.
    pub content_hash: String,
    /// Width in pixels of the upright image.
    pub width: u32,
    /// Height in pixels of the upright image.
    pub height: u32,
    /// EXIF orientation of the file, 1 to 8; already applied to `width` and `height`.
    pub orientation: u8,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// The part of the dataset.
    pub split: Split,
    /// How far a person has come.
    pub state: ImageState,
    /// How often its labels have changed; an edit names the revision it was made on.
    pub revision: i64,
    /// How many boxes it has.
    pub n_boxes: u32,
    /// Foreign id, given back on export.
    pub source_id: Option<String>,
    /// Further keys of the source as a JSON object, kept and given back.
    pub attributes: Option<String>,
}

/// An image on its way in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewImage {
    /// Path below the image folder, with `/`.
    pub path: String,
    /// BLAKE3 of the file, or empty.
    pub content_hash: String,
    /// Width in pixels of the upright image.
    pub width: u32,
    /// Height in pixels of the upright image.
    pub height: u32,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// The part of the dataset.
    pub split: Split,
    /// State it arrives in.
    pub state: ImageState,
    /// Foreign id.
    pub source_id: Option<String>,
    /// Further keys as a JSON object.
    pub attributes: Option<String>,
}
