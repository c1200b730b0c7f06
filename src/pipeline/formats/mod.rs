//! Annotation formats: one file each, both directions in it, one line in [`FORMATS`].
//!
//! A format reads a [`Source`](crate::source::Source) into a [`Sink`] and writes [`Labels`] into an
//! [`Output`](crate::output::Output). It knows nothing of datasets, ids of ours, or the database: the intake stage
//! numbers what arrives, the export stage hands out what leaves.

pub mod coco;
#[cfg(test)]
pub mod collect;
pub mod crops;
pub mod csv;
pub mod image_folder;
pub mod layout;
pub mod matching;
pub mod measure;
pub mod parquet;
#[cfg(test)]
pub mod sample_labels;
mod spread;
#[cfg(test)]
mod table_tests;
pub mod voc;
pub mod yolo;

use std::path::PathBuf;

use tator_domain::{BoxState, Class, Image, ImageBox, ImageState, NewClass, Origin, PixelBox, Polygon, Split};

use crate::error::Error;
use crate::output::Output;
use crate::source::Source;

/// Every format, in the order in which `auto` asks them.
pub const FORMATS: &[&dyn Format] = &[
    &parquet::Parquet,
    &coco::Coco,
    &voc::Voc,
    &yolo::DETECT,
    &yolo::SEGMENT,
    &yolo::OBB,
    &image_folder::ImageFolder,
    &csv::Csv,
    &crops::Crops,
];

/// The format of that name.
///
/// # Errors
/// [`Error::Invalid`] naming the known formats.
pub fn find(name: &str) -> Result<&'static dyn Format, Error> {
    FORMATS.iter().copied().find(|f| f.name() == name).ok_or_else(|| {
        let known: Vec<_> = FORMATS.iter().map(|f| f.name()).collect();
        Error::invalid("format", format!("{name:?} is not known; known are {}", known.join(", ")))
    })
}

/// A way of laying labels out in files.
pub trait Format: Sync {
    /// Name on the command line; never changes.
    fn name(&self) -> &'static str;
    /// One sentence for the picker and the help.
    fn summary(&self) -> &'static str;
    /// Why `auto` takes this source for this format, in words a person can check; `None` when it does not.
    fn recognise(&self, source: &Source) -> Option<String>;
    /// Reads the whole source, row by row.
    ///
    /// # Errors
    /// Only what makes the source as a whole unreadable; a bad row or image goes to [`Sink::skip`].
    fn read(&self, source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error>;
    /// Where an image goes in the output, with `/`; `None` when this format does not carry images.
    fn image_path(&self, image: &Image) -> Option<String>;
    /// Writes everything but the pictures, the same bytes for the same labels.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn write(&self, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error>;
}

/// What a YOLO row means; declared, because nine numbers are an oriented box or a polygon of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// `class cx cy w h`
    Detect,
    /// `class x1 y1 x2 y2 x3 y3 …`
    Segment,
    /// `class x1 y1 … x4 y4`, the four corners of a turned box
    Obb,
}

/// What the person said about the source.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Meaning of YOLO rows; needed as soon as a row has more than five numbers.
    pub task: Option<Task>,
    /// Split of images for which the source names none.
    pub split: Option<Split>,
    /// Pascal VOC with the original 1-based inclusive pixels.
    pub one_based: bool,
}

/// A class as the sink numbers it during one read.
pub type ClassKey = u32;
/// An image as the sink numbers it during one read.
pub type ImageKey = u32;

/// Takes what a format finds. All text is already trimmed and checked for encoding by the format.
pub trait Sink {
    /// A class, in the order of the source; the same name twice gives the same key.
    ///
    /// # Errors
    /// When the rows cannot be stored.
    fn class(&mut self, class: NewClass) -> Result<ClassKey, Error>;
    /// An image; every image of the source is announced, labelled or not.
    ///
    /// # Errors
    /// When the rows cannot be stored.
    fn image(&mut self, image: FoundImage) -> Result<ImageKey, Error>;
    /// A box on an image that was announced.
    ///
    /// # Errors
    /// When the rows cannot be stored.
    fn add_box(&mut self, image: ImageKey, found: FoundBox) -> Result<(), Error>;
    /// Something that is left out: `item` as the person knows it (`labels/a.txt:3`), `reason` in words that are the
    /// same for every item with the same trouble, so that the report can count by reason.
    fn skip(&mut self, item: &str, reason: &str);
    /// Something that is kept but deserves a look.
    fn warn(&mut self, item: &str, message: &str);
    /// How far the read is.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the person gave up waiting; pass it on.
    fn progress(&mut self, done: u64, total: u64) -> Result<(), Error>;
}

/// An image as a format finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundImage {
    /// Path in the dataset, with `/`: the file's path below the image folder, without folders that belong to the
    /// layout (`images/train/`), unless two images would then share a path.
    pub path: String,
    /// Entry of the source that holds the picture; `None` for labels without pictures.
    pub file: Option<String>,
    /// Width in pixels of the upright image.
    pub width: u32,
    /// Height in pixels of the upright image.
    pub height: u32,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
    /// Size of the file in bytes, 0 when there is none.
    pub bytes: u64,
    /// Part of the dataset.
    pub split: Split,
    /// `Labelled` when the source speaks of the image (an empty label file is a confirmed negative), else `Unlabelled`.
    pub state: ImageState,
    /// Foreign id.
    pub source_id: Option<String>,
    /// Further keys as a JSON object.
    pub attributes: Option<String>,
}

/// A box as a format finds it, in pixels of the upright image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FoundBox {
    /// Its class.
    pub class: ClassKey,
    /// Where it is.
    pub rect: PixelBox,
    /// Outline, if the format has one.
    pub polygon: Option<Polygon>,
    /// Clockwise turn about the centre, in degrees.
    pub angle: Option<f64>,
    /// Mask as compressed COCO RLE.
    pub mask: Option<String>,
    /// Area given by the source.
    pub area: Option<f64>,
    /// A crowd region.
    pub is_crowd: bool,
    /// Confidence, if the source has one.
    pub score: Option<f64>,
    /// Foreign id.
    pub source_id: Option<String>,
    /// Further keys as a JSON object.
    pub attributes: Option<String>,
    /// Who made it, where the source says so (our Parquet); `None` is [`Origin::Import`].
    pub origin: Option<Origin>,
    /// Whether it counts as truth, where the source says so; `None` is [`BoxState::Trusted`].
    pub state: Option<BoxState>,
}

/// What is to be written, image by image.
pub trait Labels {
    /// Name of the dataset.
    fn dataset(&self) -> &str;
    /// All living classes by `class_id`.
    fn classes(&self) -> &[Class];
    /// Calls `each` for every image by `image_id` with its boxes by `box_id`; may be called several times and gives
    /// the same every time. Boxes of retired classes arrive under their successor.
    ///
    /// # Errors
    /// What `each` returns, or that the tables cannot be read.
    fn for_each(&self, each: &mut dyn FnMut(&Image, &[ImageBox]) -> Result<(), Error>) -> Result<(), Error>;

    /// What the person chose about the output.
    fn options(&self) -> WriteOptions {
        WriteOptions::default()
    }

    /// Where the picture of an image lies, or why it cannot be had.
    ///
    /// # Errors
    /// When the tables cannot be read.
    fn picture(&self, _image: &Image) -> Result<Result<PathBuf, &'static str>, Error> {
        Ok(Err("its picture is not at hand"))
    }

    /// As [`Labels::for_each`], for formats that look at the images alone.
    ///
    /// # Errors
    /// As [`Labels::for_each`].
    fn for_each_image(&self, each: &mut dyn FnMut(&Image) -> Result<(), Error>) -> Result<(), Error> {
        self.for_each(&mut |image, _| each(image))
    }

    /// As [`Labels::for_each`], [`BATCH`] images at a time and handed over, for work that is shared between cores.
    ///
    /// # Errors
    /// As [`Labels::for_each`].
    fn for_each_batch(&self, each: &mut dyn FnMut(Batch) -> Result<(), Error>) -> Result<(), Error> {
        let mut batch = Batch::new();
        self.for_each(&mut |image, boxes| {
            batch.push((image.clone(), boxes.to_vec()));
            if batch.len() < BATCH { Ok(()) } else { each(std::mem::take(&mut batch)) }
        })?;
        if batch.is_empty() { Ok(()) } else { each(batch) }
    }
}

/// What a person may choose about an output.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WriteOptions {
    /// Margin around a crop, as a share of the box's longer side.
    pub padding: f64,
}

/// Images with their boxes.
pub type Batch = Vec<(Image, Vec<ImageBox>)>;
/// Images in one [`Batch`]; fixed, because an archive's bytes must not depend on the machine.
pub const BATCH: usize = 2048;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteReport {
    /// Images in the output.
    pub images: u64,
    /// Boxes in the output.
    pub boxes: u64,
    /// Classes in the output.
    pub classes: u64,
    /// What this format cannot hold: item and reason, as [`Sink::skip`].
    pub left_out: Vec<(String, String)>,
}
