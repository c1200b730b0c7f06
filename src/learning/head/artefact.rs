//! A head as a file: a JSON header that people can read, then raw numbers, then a hash. Nothing in it is ever executed.
//!
//! `TATORHD1` · length of the header (4 bytes) · header · numbers (little-endian 32-bit floats) · BLAKE3 of all before.

use serde::{Deserialize, Serialize};

use super::network::{Network, Shape};
use super::{Head, HeadClass, Recipe};
use crate::Error;

const MAGIC: &[u8; 8] = b"TATORHD1";
const HASH: usize = blake3::OUT_LEN;
/// No honest header comes near.
const MOST_HEADER: usize = 16 << 20;
/// A billion numbers are no small head.
const MOST_NUMBERS: usize = 1 << 28;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    encoder: String,
    classes: Vec<HeadClass>,
    recipe: Recipe,
    shape: Shape,
    temperature: f32,
    shift: Vec<f32>,
}

fn damaged(why: impl std::fmt::Display) -> Error {
    Error::Artefact(why.to_string())
}

impl Head {
    /// The head as bytes of a file; equal heads give equal bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let header = Header {
            encoder: self.encoder.clone(),
            classes: self.classes.clone(),
            recipe: self.recipe.clone(),
            shape: self.network.shape.clone(),
            temperature: self.temperature,
            shift: self.shift.clone(),
        };
        let header = serde_json::to_vec(&header).map_err(damaged)?;
        let length = u32::try_from(header.len()).map_err(damaged)?;
        let mut bytes = [MAGIC.as_slice(), &length.to_le_bytes(), &header].concat();
        bytes.extend(self.network.numbers.iter().flat_map(|number| number.to_le_bytes()));
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        Ok(bytes)
    }

    /// The head of a file; anything odd about it is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (header, numbers) = parts(bytes)?;
        let header: Header = serde_json::from_slice(header).map_err(damaged)?;
        header.check(numbers.len())?;
        let (fours, _) = numbers.as_chunks::<4>();
        let network = Network::new(header.shape, fours.iter().map(|four| f32::from_le_bytes(*four)).collect())?;
        let Header { encoder, classes, recipe, temperature, shift, .. } = header;
        Ok(Self { encoder, classes, recipe, temperature, shift, network })
    }
}

/// Header and numbers, once the hash is right.
fn parts(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let body = bytes.len().checked_sub(HASH).map(|end| bytes.split_at(end));
    let (body, hash) = body.ok_or_else(|| damaged("it is too short"))?;
    let rest = body.strip_prefix(MAGIC).ok_or_else(|| damaged("it does not begin like one"))?;
    if blake3::hash(body).as_bytes() != hash {
        return Err(damaged("its hash is wrong"));
    }
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| damaged("it is too short"))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MOST_HEADER {
        return Err(damaged("its header is too long"));
    }
    rest.split_at_checked(length).ok_or_else(|| damaged("its header is cut off"))
}

impl Header {
    /// Whether the parts fit together; sizes are looked at before anything is multiplied out.
    fn check(&self, bytes: usize) -> Result<(), Error> {
        let sizes = || [self.shape.dims, self.shape.classes].into_iter().chain(self.shape.hidden.iter().copied());
        if sizes().any(|size| size == 0 || size > 1 << 20) || self.shape.hidden.len() > 8 {
            return Err(damaged("its layers have impossible sizes"));
        }
        let wanted = self.shape.parameters();
        if wanted > MOST_NUMBERS || wanted * 4 != bytes {
            return Err(damaged(format!("{bytes} bytes of numbers came instead of {}", wanted * 4)));
        }
        let scaled = self.shape.cosine.is_none_or(|scale| scale.is_finite() && scale > 0.0);
        let finite = scaled && self.temperature.is_finite() && self.shift.iter().all(|shift| shift.is_finite());
        let shifts = self.shift.is_empty() || self.shift.len() == self.shape.classes;
        if self.classes.len() != self.shape.classes || !shifts || !finite || self.temperature <= 0.0 {
            return Err(damaged("its classes, temperature or shifts do not fit its layers"));
        }
        Ok(())
    }
}
