//! Time and memory at the size of COCO train2017: 118,287 images, 860,001 boxes. Measurements, not checks:
//! `TATOR_COCO_JSON=FILE cargo test -p tator-pipeline train_shape -- --ignored --nocapture`.
#![expect(clippy::print_stderr, reason = "a measurement")]

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use tator_domain::{Class, Image, ImageBox, ImageState, NewBox, NewClass, Origin, PixelBox, Polygon, Split};

use super::Coco;
use crate::error::Error;
use crate::formats::{Format as _, FoundBox, FoundImage, Labels, ReadOptions, Sink};
use crate::output::Output;
use crate::source::Source;

/// A sink that only counts.
#[derive(Default)]
struct Counting(u32, u64);

impl Sink for Counting {
    fn class(&mut self, _: NewClass) -> Result<u32, Error> {
        Ok(0)
    }
    fn image(&mut self, _: FoundImage) -> Result<u32, Error> {
        self.0 += 1;
        Ok(self.0)
    }
    fn add_box(&mut self, _: u32, _: FoundBox) -> Result<(), Error> {
        self.1 += 1;
        Ok(())
    }
    fn skip(&mut self, item: &str, reason: &str) {
        panic!("{item}: {reason}");
    }
    fn warn(&mut self, _: &str, _: &str) {}
    fn progress(&mut self, _: u64, _: u64) -> Result<(), Error> {
        Ok(())
    }
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|l| l.starts_with("VmHWM")).unwrap().to_owned()
}

#[test]
#[ignore = "a measurement, not a check"]
fn train_shape_is_read() {
    let Ok(path) = std::env::var("TATOR_COCO_JSON") else { return };
    let started = Instant::now();
    let mut sink = Counting::default();
    Coco.read(&Source::at(Path::new(&path)).unwrap(), &ReadOptions::default(), &mut sink).unwrap();
    eprintln!("read {} images, {} boxes in {:?}; {}", sink.0, sink.1, started.elapsed(), peak());
}

/// Labels that are made while they are asked for.
struct Made(Vec<Class>);

impl Labels for Made {
    fn dataset(&self) -> &str {
        "made"
    }
    fn classes(&self) -> &[Class] {
        &self.0
    }
    fn for_each(&self, each: &mut dyn FnMut(&Image, &[ImageBox]) -> Result<(), Error>) -> Result<(), Error> {
        let mut next = 0;
        for image_id in 1..=118_287i64 {
            let count = if image_id % 100 < 27 { 8 } else { 7 };
            let boxes: Vec<ImageBox> = (0..count).map(|n| made_box(next + n, image_id)).collect();
            next += count;
            each(&made_image(image_id), &boxes)?;
        }
        Ok(())
    }
}

fn made_image(image_id: i64) -> Image {
    Image {
        image_id,
        path: format!("{image_id:012}.jpg"),
        content_hash: String::new(),
        width: 640,
        height: 480,
        orientation: 1,
        bytes: 0,
        split: Split::Train,
        state: ImageState::Labelled,
        revision: 0,
        n_boxes: 7,
        source_id: Some((image_id * 5).to_string()),
        attributes: None,
    }
}

fn made_box(box_id: i64, image_id: i64) -> ImageBox {
    let at = (box_id % 997) as f64 * 0.37;
    let mut made = NewBox::plain(1, PixelBox { x: at, y: at / 3.0, w: 31.25, h: 17.1 }, Origin::Import);
    let ring = (0..24).map(|k| [at + f64::from(k) * 1.37, at + f64::from(k % 5) * 2.11]).collect();
    made.polygon = Some(Polygon::from_ring(ring));
    made.area = Some(at + 0.5);
    made.source_id = Some((box_id * 3 + 1).to_string());
    made.numbered(box_id + 1, image_id)
}

/// An output that only counts.
#[derive(Default)]
struct Bytes(u64);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Output for Bytes {
    fn file(&mut self, _: &str, write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>) -> Result<(), Error> {
        write(self)
    }
    fn finish(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
#[ignore = "a measurement, not a check"]
fn train_shape_is_written() {
    let class = Class {
        class_id: 1,
        name: "c".to_owned(),
        supercategory: None,
        colour: String::new(),
        source_id: None,
        retired: false,
        retired_into: None,
    };
    let started = Instant::now();
    let mut out = Bytes::default();
    let report = Coco.write(&Made(vec![class]), &mut out).unwrap();
    eprintln!("wrote {} boxes, {} bytes in {:?}; {}", report.boxes, out.0, started.elapsed(), peak());
}
