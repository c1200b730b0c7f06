//! Test support: a sink that keeps everything, labels made of what it kept, an output in memory, pictures of any size.

use std::collections::BTreeMap;
use std::io::Write;

use tator_domain::{BoxState, Class, Image, ImageBox, NewClass, Origin, class_colour};

use super::{ClassKey, Format, FoundBox, FoundImage, ImageKey, Labels, ReadOptions, Sink, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::Source;

/// Everything a format found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collected {
    /// Classes by key.
    pub classes: Vec<NewClass>,
    /// Images by key.
    pub images: Vec<FoundImage>,
    /// Boxes in the order in which they came.
    pub boxes: Vec<(ImageKey, FoundBox)>,
    /// What was left out: item and reason.
    pub skipped: Vec<(String, String)>,
    /// What deserves a look: item and message.
    pub warned: Vec<(String, String)>,
}

/// Reads a whole source.
pub fn collect(format: &dyn Format, source: &Source, options: &ReadOptions) -> Result<Collected, Error> {
    let mut found = Collected::default();
    format.read(source, options, &mut found)?;
    Ok(found)
}

impl Collected {
    /// The boxes of the image with that path.
    pub fn boxes_of(&self, path: &str) -> Vec<&FoundBox> {
        let key = self.images.iter().position(|i| i.path == path);
        self.boxes.iter().filter(|(k, _)| Some(*k as usize) == key).map(|(_, b)| b).collect()
    }

    /// The image with that path.
    pub fn image_at(&self, path: &str) -> Option<&FoundImage> {
        self.images.iter().find(|i| i.path == path)
    }

    /// Names of the classes, in order.
    pub fn class_names(&self) -> Vec<&str> {
        self.classes.iter().map(|c| c.name.as_str()).collect()
    }

    /// What was found, numbered as an intake would: to be written again.
    pub fn labels(&self) -> FixedLabels {
        let classes = self.classes.iter().enumerate().map(|(key, class)| numbered_class(key, class)).collect();
        let images = self.images.iter().enumerate().map(|(key, image)| self.numbered_image(key, image)).collect();
        FixedLabels { classes, images }
    }

    fn numbered_image(&self, key: usize, image: &FoundImage) -> (Image, Vec<ImageBox>) {
        let own = self.boxes.iter().enumerate().filter(|(_, (owner, _))| *owner as usize == key);
        let boxes: Vec<_> = own.map(|(n, (_, found))| numbered_box(n as i64 + 1, key as i64 + 1, found)).collect();
        let image = Image {
            image_id: key as i64 + 1,
            path: image.path.clone(),
            content_hash: String::new(),
            width: image.width,
            height: image.height,
            orientation: image.orientation,
            bytes: image.bytes,
            split: image.split,
            state: image.state,
            revision: 0,
            n_boxes: boxes.len() as u32,
            source_id: image.source_id.clone(),
            attributes: image.attributes.clone(),
        };
        (image, boxes)
    }
}

fn numbered_class(key: usize, class: &NewClass) -> Class {
    Class {
        class_id: key as i32 + 1,
        name: class.name.clone(),
        supercategory: class.supercategory.clone(),
        colour: class_colour(key).to_owned(),
        source_id: class.source_id.clone(),
        retired: false,
        retired_into: None,
    }
}

fn numbered_box(box_id: i64, image_id: i64, found: &FoundBox) -> ImageBox {
    ImageBox {
        box_id,
        image_id,
        class_id: found.class as i32 + 1,
        rect: found.rect,
        polygon: found.polygon.clone(),
        angle: found.angle,
        mask: found.mask.clone(),
        area: found.area,
        is_crowd: found.is_crowd,
        origin: found.origin.clone().unwrap_or(Origin::Import),
        state: found.state.unwrap_or(BoxState::Trusted),
        score: found.score,
        source_id: found.source_id.clone(),
        attributes: found.attributes.clone(),
    }
}

impl Sink for Collected {
    fn class(&mut self, class: NewClass) -> Result<ClassKey, Error> {
        let known = self.classes.iter().position(|c| c.name == class.name);
        let key = known.unwrap_or(self.classes.len());
        if known.is_none() {
            self.classes.push(class);
        }
        Ok(key as ClassKey)
    }

    fn image(&mut self, image: FoundImage) -> Result<ImageKey, Error> {
        self.images.push(image);
        Ok(self.images.len() as ImageKey - 1)
    }

    fn add_box(&mut self, image: ImageKey, found: FoundBox) -> Result<(), Error> {
        assert!((image as usize) < self.images.len(), "a box on an image that was not announced");
        assert!((found.class as usize) < self.classes.len(), "a box of a class that was not announced");
        self.boxes.push((image, found));
        Ok(())
    }

    fn skip(&mut self, item: &str, reason: &str) {
        self.skipped.push((item.to_owned(), reason.to_owned()));
    }

    fn warn(&mut self, item: &str, message: &str) {
        self.warned.push((item.to_owned(), message.to_owned()));
    }

    fn progress(&mut self, _done: u64, _total: u64) -> Result<(), Error> {
        Ok(())
    }
}

/// Labels that lie in memory.
#[derive(Debug, Clone, Default)]
pub struct FixedLabels {
    /// Classes by id.
    pub classes: Vec<Class>,
    /// Images by id, with their boxes.
    pub images: Vec<(Image, Vec<ImageBox>)>,
}

impl Labels for FixedLabels {
    fn dataset(&self) -> &str {
        "test"
    }

    fn classes(&self) -> &[Class] {
        &self.classes
    }

    fn for_each(&self, each: &mut dyn FnMut(&Image, &[ImageBox]) -> Result<(), Error>) -> Result<(), Error> {
        self.images.iter().try_for_each(|(image, boxes)| each(image, boxes))
    }
}

/// Files that were written, by path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    /// Their bytes.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Written {
    /// The text of a file.
    pub fn text(&self, path: &str) -> &str {
        let bytes = self.files.get(path).unwrap_or_else(|| panic!("{path} was not written: {:?}", self.files.keys()));
        std::str::from_utf8(bytes).expect("text")
    }
}

impl Output for Written {
    fn file(&mut self, path: &str, write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        match self.files.insert(path.to_owned(), bytes) {
            Some(_) => Err(Error::Conflict(format!("{path} would be written twice"))),
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

/// Writes labels and, where the format carries images, a header-only picture of the right size for each.
pub fn write(format: &dyn Format, labels: &FixedLabels) -> Result<(Written, WriteReport), Error> {
    let mut out = Written::default();
    let report = format.write(labels, &mut out)?;
    for (image, _) in &labels.images {
        if let Some(path) = format.image_path(image) {
            out.files.insert(path, picture(image.width, image.height));
        }
    }
    Ok((out, report))
}

/// Writes labels, reads them back.
pub fn round_trip(format: &dyn Format, labels: &FixedLabels, options: &ReadOptions) -> Result<Collected, Error> {
    let (out, _) = write(format, labels)?;
    let source = Source::of_files(out.files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())));
    collect(format, &source, options)
}

/// A bitmap of that size that consists of its header alone: enough for a probe, whatever its name says.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for field in [54_u32, 0, 54, 40, width, height] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    bytes
}
