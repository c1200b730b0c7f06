//! Encoders of pictures: CLIP, SigLIP, DINOv2, DINOv3 and EfficientNet differ in size, scaling and colours, and in which
//! output is the vector. Each is a row here.
//!
//! Sources: preprocessor_config.json of openai/clip-vit-*, google/siglip-*, facebook/dinov2-* and dinov3-*; for
//! EfficientNet-Lite tensorflow/tpu `efficientnet/lite`.

use std::sync::OnceLock;

use fast_image_resize::FilterType;

use super::{Family, Open, Parts};
use crate::embedder::{Embedder, unit};
use crate::frame::Normalise;
use crate::model_error::ModelError;
use crate::network::{Network, Stop};
use crate::picture::Picture;
use crate::runtime::Provider;
use crate::tensor::Tensor;

/// Words may come with any of them: a text tower, what cuts words into tokens, and for towers of another space a map.
const PARTS: &[&str] = &["encoder", "?text", "?tokenizer", "?vocab", "?map"];

/// What sets a family apart.
struct Recipe {
    /// Side of the frame where neither file nor manifest say.
    side: u32,
    fit: Fit,
    filter: FilterType,
    normalise: Normalise,
    /// Outputs that may hold the vector, best first. One with a row per token gives its first.
    outputs: &'static [&'static str],
}

/// How a picture fills the frame.
enum Fit {
    /// Stretched over it.
    Stretch,
    /// Shorter side scaled to this many frame sides, then the middle.
    Middle(f64),
}

pub(super) const EFFICIENTNET: Family = Family {
    name: "efficientnet",
    title: "EfficientNet-Lite",
    parts: PARTS,
    open: Open::Embed(|parts| {
        ImageEncoder::open(
            parts,
            &Recipe {
                side: 224,
                fit: Fit::Middle(256.0 / 224.0),
                filter: FilterType::CatmullRom,
                normalise: Normalise::LITE,
                outputs: &["embedding"],
            },
        )
    }),
};

pub(super) const CLIP: Family = Family {
    name: "clip",
    title: "CLIP, pictures and words",
    parts: PARTS,
    open: Open::Embed(|parts| {
        ImageEncoder::open(
            parts,
            &Recipe {
                side: 224,
                fit: Fit::Middle(1.0),
                filter: FilterType::CatmullRom,
                normalise: Normalise::CLIP,
                outputs: &["image_embeds", "image_features", "output"],
            },
        )
    }),
};

pub(super) const SIGLIP: Family = Family {
    name: "siglip",
    title: "SigLIP, pictures and words",
    parts: PARTS,
    open: Open::Embed(|parts| {
        ImageEncoder::open(
            parts,
            &Recipe {
                side: 224,
                fit: Fit::Stretch,
                filter: FilterType::CatmullRom,
                normalise: Normalise::SIGNED,
                outputs: &["image_embeds", "pooler_output"],
            },
        )
    }),
};

pub(super) const DINOV2: Family = Family {
    name: "dinov2",
    title: "DINOv2",
    parts: PARTS,
    open: Open::Embed(|parts| {
        ImageEncoder::open(
            parts,
            &Recipe {
                side: 224,
                fit: Fit::Middle(256.0 / 224.0),
                filter: FilterType::CatmullRom,
                normalise: Normalise::IMAGENET,
                outputs: &["pooler_output", "last_hidden_state"],
            },
        )
    }),
};

pub(super) const DINOV3: Family = Family {
    name: "dinov3",
    title: "DINOv3",
    parts: PARTS,
    open: Open::Embed(|parts| {
        ImageEncoder::open(
            parts,
            &Recipe {
                side: 224,
                fit: Fit::Stretch,
                filter: FilterType::Bilinear,
                normalise: Normalise::IMAGENET,
                outputs: &["pooler_output", "last_hidden_state"],
            },
        )
    }),
};

/// Pictures that go through the network together.
const BATCH: usize = 16;

struct ImageEncoder {
    network: Network,
    side: u32,
    /// Side to which the shorter side of a picture is scaled; `None` stretches.
    short: Option<u32>,
    filter: FilterType,
    normalise: Normalise,
    output: String,
    batch: usize,
    dimension: OnceLock<usize>,
}

impl ImageEncoder {
    fn open(parts: &Parts<'_>, recipe: &Recipe) -> Result<Box<dyn Embedder>, ModelError> {
        let network = parts.network("encoder")?;
        parts.demand(&network, network.inputs().len() == 1, "it takes one picture")?;
        let output = recipe.outputs.iter().find(|name| network.gives(name));
        parts.demand(&network, output.is_some(), &format!("it gives one of {}", recipe.outputs.join(", ")))?;
        let side = super::frame_side(&network, parts.manifest, recipe.side);
        let batches = network.inputs()[0].shape.first().is_some_and(Option::is_none);
        Ok(Box::new(Self {
            side,
            short: match recipe.fit {
                Fit::Stretch => None,
                Fit::Middle(share) => Some((f64::from(side) * share).round() as u32),
            },
            filter: recipe.filter,
            normalise: Normalise {
                mean: parts.manifest.mean.unwrap_or(recipe.normalise.mean),
                std: parts.manifest.std.unwrap_or(recipe.normalise.std),
            },
            output: output.map(|name| (*name).to_owned()).unwrap_or_default(),
            batch: if batches { network.together(BATCH) } else { 1 },
            dimension: OnceLock::new(),
            network,
        }))
    }

    fn batch(&self, pictures: &[Picture]) -> Result<Tensor, ModelError> {
        let size = 3 * self.side as usize * self.side as usize;
        let mut values = vec![0.0; pictures.len() * size];
        for (picture, place) in pictures.iter().zip(values.chunks_exact_mut(size)) {
            let fitted = match self.short {
                Some(short) => picture.middle(short, self.side, self.filter),
                None => picture.stretched(self.side, self.side, self.filter).map(|(scaled, _)| scaled),
            };
            fitted.map_err(super::unscaled)?.write_planes(place, self.side, self.side, &self.normalise);
        }
        Ok(Tensor::f32(&[pictures.len(), 3, self.side as usize, self.side as usize], values))
    }
}

impl Embedder for ImageEncoder {
    fn embed(&self, pictures: &[Picture], stop: &Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::with_capacity(pictures.len());
        for group in pictures.chunks(self.batch) {
            let input = self.batch(group)?;
            let name = self.network.inputs()[0].name.as_str();
            let output = self.network.run_until(&[(name, &input)], &[&self.output], stop)?.swap_remove(0);
            let wrong = || ModelError::Shape { what: self.output.clone(), shape: output.shape.clone() };
            let width = *output.shape.last().filter(|width| **width > 0).ok_or_else(wrong)?;
            let values = output.to_f32();
            let each = values.len() / group.len();
            if each < width || values.len() != each * group.len() {
                return Err(wrong());
            }
            self.dimension.get_or_init(|| width);
            // A row per token begins with the one that stands for the whole picture.
            vectors.extend(values.chunks_exact(each).map(|rows| unit(rows[..width].to_vec())));
        }
        Ok(vectors)
    }

    fn dimension(&self) -> Option<usize> {
        let declared = || self.network.outputs().iter().find(|port| port.name == self.output)?.shape.last().copied()?;
        self.dimension.get().copied().or_else(declared)
    }

    fn lanes(&self) -> usize {
        self.network.lanes()
    }

    fn provider(&self) -> Provider {
        self.network.provider()
    }

    fn load_ms(&self) -> f64 {
        self.network.load_ms()
    }
}
