//! Whether a model does what its family promises, found out on made-up pictures, and how long it takes.
//!
//! A segmenter finds a bright disc that is clicked at (or drawn around); an embedder gives the same vector for the same
//! picture, alone and in company. Neither may answer with something that is no number.

use std::time::Instant;

use serde::Serialize;
use tator_domain::PixelBox;

use crate::adapters::{Open, Parts, family, open_detector, open_embedder, open_segmenter, open_text_detector};
use crate::detector::{DetectOptions, Detection, Detector, TextDetector};
use crate::embedder::Embedder;
use crate::model_error::ModelError;
use crate::network::Stop;
use crate::picture::Picture;
use crate::segmenter::{MaskGrid, Prompt, Segmenter};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Acceptance {
    /// What computed it.
    pub provider: &'static str,
    /// Opening the files, in milliseconds.
    pub load_ms: f64,
    /// The first picture through the encoder, in milliseconds.
    pub cold_ms: f64,
    /// A later one.
    pub warm_ms: f64,
    /// The first answer of a segmenter to a click.
    pub decode_cold_ms: Option<f64>,
    /// A later one.
    pub decode_ms: Option<f64>,
    /// How well a segmenter found the disc: intersection over union.
    pub disc_iou: Option<f64>,
    /// Length of an embedder's vectors.
    pub dimensions: Option<usize>,
}

/// SAM's mean colour: the frame's padding has it too, so that nothing but the disc stands out.
const GROUND: [u8; 3] = [124, 116, 104];
const BRIGHT: [u8; 3] = [250, 248, 240];
const SIDE: u32 = 256;
const RADIUS: f64 = 16.0;
/// A segmenter that finds the disc worse than this is not what its family says.
const FOUND: f64 = 0.8;
/// Two vectors of one picture.
const SAME: f64 = 1e-4;

/// Opens a model and tries it.
///
/// # Errors
/// What opening says; [`ModelError::Failed`] naming the promise it breaks; [`ModelError::Manifest`] for a family there is
/// no adapter for.
pub fn accept(parts: &Parts<'_>) -> Result<Acceptance, ModelError> {
    let begun = Instant::now();
    let name = parts.manifest.name.as_str();
    let Some(family) = family(&parts.manifest.family) else {
        return Err(ModelError::Manifest(format!("there is no adapter for family {:?}", parts.manifest.family)));
    };
    match family.open {
        Open::Segment(_) => {
            let segmenter = open_segmenter(parts)?;
            // SAM 3 looks for things, not for spots: a disc that means nothing need not be one.
            let least = if family.name == "sam3" { 0.0 } else { FOUND };
            try_segmenter(name, segmenter.as_ref(), since(begun), least)
        }
        Open::Embed(_) => {
            let embedder = open_embedder(parts)?;
            try_embedder(name, embedder.as_ref(), since(begun))
        }
        Open::Detect(_) => {
            let detector = open_detector(parts)?;
            try_detector(name, detector.as_ref(), since(begun))
        }
        Open::TextDetect(_) => {
            let detector = open_text_detector(parts)?;
            try_text_detector(name, detector.as_ref(), since(begun))
        }
    }
}

fn try_segmenter(name: &str, segmenter: &dyn Segmenter, load_ms: f64, least: f64) -> Result<Acceptance, ModelError> {
    let (middle, stop) = (f64::from(SIDE) / 2.0, Stop::default());
    let click = Prompt { points: vec![(middle, middle, true)], rect: None };
    let rect = PixelBox { x: middle - RADIUS, y: middle - RADIUS, w: 2.0 * RADIUS, h: 2.0 * RADIUS };
    let around = Prompt { points: Vec::new(), rect: Some(rect) };
    let (cold_ms, encoding) = timed(|| segmenter.encode(&disc(), &stop))?;
    let (decode_cold_ms, masks) = timed(|| segmenter.decode(&encoding, &click))?;
    let (decode_ms, boxed) = timed(|| segmenter.decode(&encoding, &around))?;
    for masks in [&masks, &boxed] {
        demand_numbers(name, masks)?;
    }
    let found = [&masks, &boxed].into_iter().filter_map(|masks| masks.first()).map(overlap_with_disc);
    let disc_iou = found.fold(0.0, f64::max);
    if disc_iou < least {
        let text =
            format!("asked for a bright disc it marks something else (overlap {disc_iou:.2}): is the family right?");
        return broken(name, text);
    }
    let (warm_ms, noisy) = timed(|| segmenter.encode(&noise(), &stop))?;
    demand_numbers(name, &segmenter.decode(&noisy, &click)?)?;
    Ok(Acceptance {
        provider: segmenter.provider().name(),
        load_ms,
        cold_ms,
        warm_ms,
        decode_cold_ms: Some(decode_cold_ms),
        decode_ms: Some(decode_ms),
        disc_iou: Some(disc_iou),
        dimensions: None,
    })
}

fn try_embedder(name: &str, embedder: &dyn Embedder, load_ms: f64) -> Result<Acceptance, ModelError> {
    let stop = Stop::default();
    let (cold_ms, first) = timed(|| embedder.embed(&[disc()], &stop))?;
    let (warm_ms, again) = timed(|| embedder.embed(&[disc()], &stop))?;
    let both = embedder.embed(&[disc(), noise()], &stop)?;
    let vector = |list: &[Vec<f32>]| list.first().cloned().unwrap_or_default();
    let (first, again, company) = (vector(&first), vector(&again), vector(&both));
    if first.is_empty() || both.len() != 2 || both.iter().flatten().any(|v| !v.is_finite()) {
        return broken(name, "its vectors are empty or hold something that is no number".to_owned());
    }
    for (other, words) in [(&again, "a second time"), (&company, "together with another picture")] {
        let off = 1.0 - cosine(&first, other);
        if off.abs() > SAME {
            return broken(name, format!("the same picture gives another vector {words} (off by {off:.1e})"));
        }
    }
    let (provider, dimensions) = (embedder.provider().name(), Some(first.len()));
    Ok(Acceptance { provider, load_ms, cold_ms, warm_ms, dimensions, ..Acceptance::default() })
}

fn try_detector(name: &str, detector: &dyn Detector, load_ms: f64) -> Result<Acceptance, ModelError> {
    let (stop, options) = (Stop::default(), DetectOptions { score: 0.0, most: 100, ..detector.usual() });
    let (cold_ms, disc) = timed(|| detector.detect(&[disc()], &options, &stop))?;
    let (warm_ms, noisy) = timed(|| detector.detect(&[noise()], &options, &stop))?;
    let sound = |found: &Detection| found.rect.is_valid() && (0.0..=1.0).contains(&found.score);
    if !disc.iter().chain(&noisy).flatten().all(sound) {
        return broken(name, "a box holds something that is no number, or a score is outside 0 to 1".to_owned());
    }
    Ok(Acceptance { provider: detector.provider().name(), load_ms, cold_ms, warm_ms, ..Acceptance::default() })
}

/// Asked for two things on made-up pictures it answers with boxes of one or the other, and numbers that are some.
fn try_text_detector(name: &str, detector: &dyn TextDetector, load_ms: f64) -> Result<Acceptance, ModelError> {
    let (stop, options) = (Stop::default(), DetectOptions { score: 0.0, most: 100, ..detector.usual() });
    let words = ["disc", "a red car"];
    let (cold_ms, seen) = timed(|| detector.look(&disc(), &stop))?;
    let (decode_cold_ms, first) = timed(|| detector.find(&seen, &words, &options, &stop))?;
    let (warm_ms, other) = timed(|| detector.look(&noise(), &stop))?;
    let (decode_ms, second) = timed(|| detector.find(&other, &words, &options, &stop))?;
    let sound =
        |found: &Detection| found.rect.is_valid() && (0.0..=1.0).contains(&found.score) && found.class < words.len();
    if !first.iter().chain(&second).all(sound) {
        return broken(name, "a box holds something that is no number, or a score is outside 0 to 1".to_owned());
    }
    let (decode_cold_ms, decode_ms) = (Some(decode_cold_ms), Some(decode_ms));
    let provider = detector.provider().name();
    Ok(Acceptance { provider, load_ms, cold_ms, warm_ms, decode_cold_ms, decode_ms, ..Acceptance::default() })
}

fn broken<T>(name: &str, reason: String) -> Result<T, ModelError> {
    Err(ModelError::Failed { model: name.to_owned(), reason })
}

fn demand_numbers(name: &str, masks: &[MaskGrid]) -> Result<(), ModelError> {
    let sound = |mask: &MaskGrid| {
        mask.score.is_finite() && (-0.1..=1.1).contains(&mask.score) && mask.logits.iter().all(|v| v.is_finite())
    };
    if masks.is_empty() || !masks.iter().all(sound) {
        return broken(
            name,
            "a mask is missing, holds something that is no number, or has a quality outside 0 to 1".to_owned(),
        );
    }
    Ok(())
}

fn since(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

fn timed<T>(work: impl FnOnce() -> Result<T, ModelError>) -> Result<(f64, T), ModelError> {
    let begun = Instant::now();
    let done = work()?;
    Ok((since(begun), done))
}

fn is_disc(x: f64, y: f64) -> bool {
    let middle = f64::from(SIDE) / 2.0;
    (x - middle).hypot(y - middle) <= RADIUS
}

/// A bright disc in the middle.
fn disc() -> Picture {
    let mut picture = Picture::filled(SIDE, SIDE, GROUND);
    for (at, pixel) in picture.rgb.chunks_exact_mut(3).enumerate() {
        let (x, y) = (at % SIDE as usize, at / SIDE as usize);
        if is_disc(x as f64 + 0.5, y as f64 + 0.5) {
            pixel.copy_from_slice(&BRIGHT);
        }
    }
    picture
}

/// The same noise every time.
fn noise() -> Picture {
    let mut picture = Picture::filled(SIDE, SIDE, GROUND);
    let mut state = 0x9e37_79b9_u32;
    for byte in &mut picture.rgb {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *byte = (state >> 24) as u8;
    }
    picture
}

fn overlap_with_disc(mask: &MaskGrid) -> f64 {
    let (mut both, mut either) = (0_u32, 0_u32);
    for row in 0..mask.height {
        for column in 0..mask.width {
            let (x, y) = ((column as f64 + 0.5) * mask.step_x, (row as f64 + 0.5) * mask.step_y);
            if x > f64::from(SIDE) || y > f64::from(SIDE) {
                continue;
            }
            let (inside, marked) = (is_disc(x, y), mask.logits[row * mask.width + column] > 0.0);
            both += u32::from(inside && marked);
            either += u32::from(inside || marked);
        }
    }
    f64::from(both) / f64::from(either.max(1))
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(f64::MIN_POSITIVE)
}
