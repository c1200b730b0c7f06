//! The darkroom: pixels and models. Bytes in, numbers out; it knows no dataset and no table.
//!
//! Formats are told by content, never by name. Every size and pixel that leaves this room is of the *upright* picture:
//! the EXIF orientation is applied once, here, and nobody else needs to know it.

mod acceptance;
mod adapters;
mod detector;
mod embedder;
mod error;
mod frame;
mod header;
mod jpeg;
mod lanes;
mod letterbox;
mod limits;
mod manifest;
mod model_error;
mod network;
mod outline;
mod picture;
mod quality;
mod region_text;
mod runtime;
mod sahi;
#[cfg(test)]
mod samples;
mod segmenter;
mod suppress;
mod surroundings;
mod tensor;
mod text_encoder;
mod text_map;
mod thumbnail;
mod tokeniser;
mod variation;

pub use acceptance::{Acceptance, accept};
pub use adapters::{
    FAMILIES, Family, Open, Parts, Sniffed, family, finds_words, has_text_tower, open_detector, open_embedder,
    open_segmenter, open_text_detector, open_text_encoder, sniff,
};
pub use detector::{DetectOptions, Detection, Detector, Overlap, TextDetector};
pub use embedder::Embedder;
pub use error::Error;
pub use frame::Placement;
pub use header::{Header, ImageFormat, ReadSeek, probe, probe_bytes};
pub use limits::{MAX_DECODE_BYTES, MAX_PIXELS, MAX_SIDE};
pub use manifest::{Manifest, ModelFile, Task, is_plain_name};
pub use model_error::ModelError;
pub use network::{Network, OpenOptions, Port, Stop};
pub use outline::Outline;
pub use picture::{Picture, decode_upright, verify};
pub use quality::{PictureQuality, quality, sketch};
pub use region_text::{REGION_MARGIN, RegionText, Regions, SeenRegions};
pub use runtime::{
    Provider, ProviderWish, RuntimeReport, WANTED as ONNX_RUNTIME_VERSION, provider_notice, runtime_library,
    runtime_report,
};
pub use sahi::{Slicing, Tagged, Window, detect_windows, windows};
pub use segmenter::{Encoding, MaskGrid, Prompt, Segmenter};
pub use surroundings::Surroundings;
pub use tensor::{Data, Tensor};
pub use text_encoder::TextEncoder;
pub use thumbnail::{crop, thumbnail};
pub use variation::Variation;
