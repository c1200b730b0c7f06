//! COCO instances JSON, both directions.
//!
//! Read: the layouts of COCO, CVAT and Datumaro (`annotations/instances_<subset>.json`, `images/<subset>/`), Roboflow
//! (`<split>/_annotations.coco.json`), VIA (no categories), a single JSON. Written: the layout of CVAT and Datumaro.
//! Sources: cocodataset/cocoapi `PythonAPI/pycocotools/coco.py`, `common/maskApi.c`; datumaro `coco/exporter.py`.

mod categories;
mod files;
pub(super) mod json;
pub(super) mod json_text;
mod numbering;
mod outline;
mod read;
mod record;
mod segmentation;
mod stream;
mod subset;
#[cfg(test)]
mod tests;
mod write;

use tator_domain::Image;

use super::{Format, Labels, ReadOptions, Sink, WriteReport};
use crate::error::Error;
use crate::output::Output;
use crate::source::Source;

/// COCO instances JSON.
#[derive(Debug)]
pub struct Coco;

impl Format for Coco {
    fn name(&self) -> &'static str {
        "coco"
    }

    fn summary(&self) -> &'static str {
        "COCO JSON: boxes, outlines, masks and crowds; also from CVAT, Roboflow, Datumaro and VIA"
    }

    fn recognise(&self, source: &Source) -> Option<String> {
        let found = files::choose(source, None);
        let first = found.first()?;
        Some(match found.len() {
            1 => format!("{first} is a JSON object with COCO images and annotations"),
            n => format!("{first} and {} more are JSON objects with COCO images and annotations", n - 1),
        })
    }

    fn read(&self, source: &Source, options: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Error> {
        read::read(source, options, sink)
    }

    fn image_path(&self, image: &Image) -> Option<String> {
        Some(format!("images/{}/{}", subset::subset_name(image.split), image.path))
    }

    fn write(&self, labels: &dyn Labels, out: &mut dyn Output) -> Result<WriteReport, Error> {
        write::write(labels, out)
    }
}
