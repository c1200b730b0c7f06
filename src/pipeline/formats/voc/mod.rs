//! Pascal VOC, both directions.
//!
//! Read: `Annotations/*.xml` with `JPEGImages/` and `ImageSets/Main/`, or XML files beside their pictures, as LabelImg
//! and Roboflow leave them. Edges are taken as CVAT, LabelImg, Roboflow and datumaro write them, from 0 and far edges
//! exclusive; the original's pixels from 1, far ones inclusive, need the option. Written: the full layout with
//! `labelmap.txt`, which keeps the order of classes. Sources: VOC2012 devkit; datumaro `voc/exporter.py`.

mod files;
mod object;
mod read;
#[cfg(test)]
mod tests;
mod write;
mod xml;

use tator_domain::Image;

use super::{Format, Labels, ReadOptions, Sink, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::Source;

/// How many XML files `auto` opens before it says no.
const LOOKED_AT: usize = 20;
/// How much of each.
const HEAD: u64 = 4096;

/// Pascal VOC XML.
#[derive(Debug)]
pub struct Voc;

impl Format for Voc {
    fn name(&self) -> &'static str {
        "voc"
    }

    fn summary(&self) -> &'static str {
        "Pascal VOC: one XML file an image, as LabelImg, CVAT and Roboflow write them"
    }

    fn recognise(&self, source: &Source) -> Option<String> {
        let files = files::annotation_files(source);
        let first = files.iter().take(LOOKED_AT).find(|path| is_annotation(source, path))?;
        Some(format!("{first} is a Pascal VOC annotation, one of {} XML files", files.len()))
    }

    fn read(&self, source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
        read::read(source, options, sink)
    }

    fn image_path(&self, image: &Image) -> Option<String> {
        Some(format!("JPEGImages/{}", image.path))
    }

    fn write(&self, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
        write::write(labels, out)
    }
}

fn is_annotation(source: &Source, path: &str) -> bool {
    use std::io::Read as _;
    let mut head = Vec::new();
    let read = source.open(path).map(|r| r.take(HEAD).read_to_end(&mut head));
    matches!(read, Ok(Ok(_))) && String::from_utf8_lossy(&head).contains("<annotation>")
}
