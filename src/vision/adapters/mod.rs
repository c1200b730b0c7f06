//! Model families: one file each, and one line in [`FAMILIES`]. Names, frames and labels are those of the public
//! exports; each file says whose.

mod anchored;
mod detecting;
mod detr;
mod detr_hf;
mod distances;
mod edge_sam;
mod efficient_sam;
mod fastestdet;
mod grounding_dino;
mod image_encoder;
mod masks;
mod names;
mod nanodet;
mod owl;
mod phrases;
mod picodet;
mod prompts;
mod queries;
mod rf_detr;
mod sam1;
mod sam2;
mod sam3;
mod sam3_text;
mod sam_split;
mod sam_tracker;
mod sniff;
mod text_tower;
mod yolo;
mod yolo_world;
mod yoloe;
mod yolov5;
mod yolox;

use std::path::Path;

use crate::detector::{Detector, TextDetector};
use crate::embedder::Embedder;
use crate::error::Error;
use crate::frame::Normalise;
use crate::manifest::{Manifest, Task};
use crate::model_error::ModelError;
use crate::network::{Network, OpenOptions};
use crate::segmenter::{Encoding, Segmenter};
use crate::tensor::Tensor;

pub use sniff::{Sniffed, sniff};
pub use text_tower::{has_text_tower, open_text_encoder};

/// A family: what it is called in manifests, what it does, and how to open a model of it.
pub struct Family {
    /// Name in `model.toml`.
    pub name: &'static str,
    /// Models it covers, for people.
    pub title: &'static str,
    /// The files it is made of; those that begin with `?` may be missing.
    pub parts: &'static [&'static str],
    /// What it does, and how to open one.
    pub open: Open,
}

/// How to open a model of a family, by task.
#[derive(Clone, Copy)]
pub enum Open {
    /// Points and boxes to masks.
    Segment(fn(&Parts<'_>) -> Result<Box<dyn Segmenter>, ModelError>),
    /// Pictures to vectors.
    Embed(fn(&Parts<'_>) -> Result<Box<dyn Embedder>, ModelError>),
    /// Pictures to boxes of fixed classes.
    Detect(fn(&Parts<'_>) -> Result<Box<dyn Detector>, ModelError>),
    /// Pictures and words to boxes.
    TextDetect(fn(&Parts<'_>) -> Result<Box<dyn TextDetector>, ModelError>),
}

/// Every family there is an adapter for.
pub const FAMILIES: &[Family] = &[
    sam1::FAMILY,
    edge_sam::FAMILY,
    efficient_sam::FAMILY,
    sam_split::FAMILY,
    sam2::FAMILY,
    sam3::FAMILY,
    image_encoder::EFFICIENTNET,
    image_encoder::CLIP,
    image_encoder::SIGLIP,
    image_encoder::DINOV2,
    image_encoder::DINOV3,
    yolo::FAMILY,
    yolov5::FAMILY,
    yolox::FAMILY,
    detr::FAMILY,
    detr_hf::FAMILY,
    rf_detr::FAMILY,
    nanodet::FAMILY,
    picodet::FAMILY,
    fastestdet::FAMILY,
    owl::FAMILY,
    grounding_dino::FAMILY,
    yolo_world::FAMILY,
    yoloe::FAMILY,
];

/// The family of a name.
#[must_use]
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

impl Family {
    /// What models of it do.
    #[must_use]
    pub fn task(&self) -> Task {
        match self.open {
            Open::Segment(_) => Task::Segment,
            Open::Embed(_) => Task::Embed,
            Open::Detect(_) => Task::Detect,
            Open::TextDetect(_) => Task::TextDetect,
        }
    }
}

/// A model's files, opened on demand.
pub struct Parts<'m> {
    /// What its manifest says.
    pub manifest: &'m Manifest,
    /// Where its files lie.
    pub folder: &'m Path,
    /// How to open them.
    pub options: OpenOptions,
}

impl Parts<'_> {
    /// Opens the network of a part.
    pub(crate) fn network(&self, part: &str) -> Result<Network, ModelError> {
        let file = self
            .manifest
            .files
            .get(part)
            .ok_or_else(|| ModelError::Manifest(format!("family {} needs [files.{part}]", self.manifest.family)))?;
        Network::open(&self.folder.join(&file.path), &self.options)
    }

    /// What the manifest says about pixel values, else what the family usually has.
    pub(crate) fn normalise(&self, usual: Normalise) -> Normalise {
        Normalise { mean: self.manifest.mean.unwrap_or(usual.mean), std: self.manifest.std.unwrap_or(usual.std) }
    }

    /// Whether a network fits; the error lists what it has.
    pub(crate) fn demand(&self, network: &Network, fits: bool, expected: &str) -> Result<(), ModelError> {
        if fits {
            return Ok(());
        }
        let family = self.manifest.family.clone();
        Err(ModelError::Contract { family, expected: expected.to_owned(), found: network.signature() })
    }
}

/// Opens a segmenter.
///
/// # Errors
/// [`ModelError::Manifest`] for a family that is unknown or does something else; what opening says.
pub fn open_segmenter(parts: &Parts<'_>) -> Result<Box<dyn Segmenter>, ModelError> {
    match family(&parts.manifest.family).map(|family| family.open) {
        Some(Open::Segment(open)) => open(parts),
        _ => Err(no_adapter(parts.manifest, Task::Segment)),
    }
}

/// Opens an embedder of pictures.
///
/// # Errors
/// As [`open_segmenter`].
pub fn open_embedder(parts: &Parts<'_>) -> Result<Box<dyn Embedder>, ModelError> {
    match family(&parts.manifest.family).map(|family| family.open) {
        Some(Open::Embed(open)) => open(parts),
        _ => Err(no_adapter(parts.manifest, Task::Embed)),
    }
}

/// Opens a detector of fixed classes.
///
/// # Errors
/// As [`open_segmenter`].
pub fn open_detector(parts: &Parts<'_>) -> Result<Box<dyn Detector>, ModelError> {
    match family(&parts.manifest.family).map(|family| family.open) {
        Some(Open::Detect(open)) => open(parts),
        _ => Err(no_adapter(parts.manifest, Task::Detect)),
    }
}

/// Whether a model can be asked in words: a detector of words, or SAM 3 with what cuts words into tokens.
#[must_use]
pub fn finds_words(manifest: &Manifest) -> bool {
    manifest.task == Task::TextDetect || sam3_text::takes_words(manifest)
}

/// Opens a detector of what is said in words.
///
/// # Errors
/// As [`open_segmenter`].
pub fn open_text_detector(parts: &Parts<'_>) -> Result<Box<dyn TextDetector>, ModelError> {
    if sam3_text::takes_words(parts.manifest) {
        return sam3_text::open(parts);
    }
    match family(&parts.manifest.family).map(|family| family.open) {
        Some(Open::TextDetect(open)) => open(parts),
        _ => Err(no_adapter(parts.manifest, Task::TextDetect)),
    }
}

fn no_adapter(manifest: &Manifest, task: Task) -> ModelError {
    let known: Vec<_> = FAMILIES.iter().filter(|family| family.task() == task).map(|family| family.name).collect();
    let (family, task) = (&manifest.family, task.name());
    let known = if known.is_empty() { vec!["none in this version"] } else { known };
    ModelError::Manifest(format!("family {family:?} is none that can {task}; known: {}", known.join(", ")))
}

/// What was kept of a picture, as feeds.
pub(crate) fn feeds_of(encoding: &Encoding) -> Vec<(&str, &Tensor)> {
    encoding.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn unscaled(error: Error) -> ModelError {
    ModelError::Failed { model: "scaling".to_owned(), reason: error.to_string() }
}

/// The frame of a network's first input, from its fixed shape or else the manifest or else `usual`.
pub(crate) fn frame_side(network: &Network, manifest: &Manifest, usual: u32) -> u32 {
    let fixed = network.inputs().first().and_then(|port| match port.shape[..] {
        [.., Some(height), Some(width)] if height == width => u32::try_from(height).ok(),
        _ => None,
    });
    fixed.or(manifest.input_size.map(|[height, _]| height)).unwrap_or(usual)
}

#[cfg(test)]
mod acceptance_tests;
#[cfg(test)]
mod detector_tests;
#[cfg(test)]
mod real_detectors;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_tests;
#[cfg(test)]
mod word_tests;
