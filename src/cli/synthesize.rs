//! `tator synthesize` (hidden): made-up label sets of any size, for benchmarks.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tator_pipeline::synthetic::{self, Shape};

use super::{Ending, tell};

#[derive(Args)]
pub(super) struct Synthesize {
    /// What to write
    #[arg(value_enum)]
    format: Format,
    /// Where to: a JSON file for COCO, a folder for YOLO
    out: PathBuf,
    /// Images
    #[arg(long, default_value_t = Shape::COCO_TRAIN2017.images)]
    images: u64,
    /// Boxes
    #[arg(long, default_value_t = Shape::COCO_TRAIN2017.boxes)]
    boxes: u64,
    /// Write small real pictures too (YOLO)
    #[arg(long)]
    pictures: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Coco,
    Yolo,
}

pub(super) fn run(command: &Synthesize) -> anyhow::Result<Ending> {
    let shape = Shape { images: command.images, boxes: command.boxes, ..Shape::COCO_TRAIN2017 };
    match command.format {
        Format::Coco => synthetic::write_coco(&command.out, &shape)?,
        Format::Yolo => synthetic::write_yolo(&command.out, &shape, command.pictures)?,
    }
    tell(&format!("made up: {} images, {} boxes", command.images, command.boxes));
    Ok(Ending::Done)
}
