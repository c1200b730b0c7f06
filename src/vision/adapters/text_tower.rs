//! Text towers of image encoders. CLIP's and SigLIP's share the space of their pictures by training; any other encoder can
//! have a sentence encoder (BERT, the mean of its tokens) and a linear map into its space.
//!
//! | tower | input | length | padding | vector |
//! |---|---|---|---|---|
//! | CLIP, Hugging Face | `input_ids [b, n]` | up to 77 | the mark of the end (nothing looks at it) | `text_embeds` |
//! | CLIP, OpenAI's order | `text [b, 77]` | 77 | 0 | `output` |
//! | SigLIP | `input_ids [b, n]` | always 64: its vector is read at the last place | 1 (`</s>`), SigLIP 2: 0 | `pooler_output` |
//! | BERT with `map` | `input_ids, attention_mask, token_type_ids` | up to 128 | 0 | mean of `last_hidden_state`, mapped |
//!
//! Sources: tokenizer_config.json of openai/clip-vit-*, google/siglip-* and siglip2-*; sentence-transformers/all-MiniLM-L6-v2.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use super::{Parts, family};
use crate::embedder::unit;
use crate::model_error::ModelError;
use crate::network::{Network, Port, Stop};
use crate::runtime::Provider;
use crate::tensor::Tensor;
use crate::text_encoder::TextEncoder;
use crate::text_map::LinearMap;
use crate::tokeniser::Tokeniser;

/// Texts that go through the network together.
const BATCH: usize = 32;
/// Texts that are remembered.
const MOST_KNOWN: usize = 2000;
/// SigLIP 1 has 32,000 pieces, SigLIP 2 a quarter of a million.
const SIGLIP_1: usize = 100_000;

/// How a tower is fed and read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Clip,
    Siglip,
    Sentence,
}

impl Kind {
    fn of(parts: &Parts<'_>) -> Result<Self, ModelError> {
        if parts.manifest.files.contains_key("map") {
            return Ok(Self::Sentence);
        }
        match parts.manifest.family.as_str() {
            "siglip" => Ok(Self::Siglip),
            "clip" | "yolo_world" | "yoloe" => Ok(Self::Clip),
            other => {
                let text = format!("words into the space of {other} need [files.map], a matrix as a .npy file");
                Err(ModelError::Manifest(text))
            }
        }
    }

    fn outputs(self) -> &'static [&'static str] {
        match self {
            Self::Clip => &["text_embeds", "text_features", "output"],
            Self::Siglip => &["text_embeds", "pooler_output"],
            Self::Sentence => &["last_hidden_state", "token_embeddings"],
        }
    }

    /// The longest text it was trained with.
    fn length(self) -> usize {
        match self {
            Self::Clip => 77,
            Self::Siglip => 64,
            Self::Sentence => 128,
        }
    }
}

/// Whether a model has what turns words into vectors of its space.
#[must_use]
pub fn has_text_tower(manifest: &crate::manifest::Manifest) -> bool {
    let has = |part: &str| manifest.files.contains_key(part);
    has("text") && (has("tokenizer") || has("vocab")) && (has("map") || matches!(&*manifest.family, "clip" | "siglip"))
}

/// Opens the text tower of an image encoder.
///
/// # Errors
/// [`ModelError::Manifest`] for a model without one; what opening says.
pub fn open_text_encoder(parts: &Parts<'_>) -> Result<Box<dyn TextEncoder>, ModelError> {
    if family(&parts.manifest.family).is_none() || !parts.manifest.files.contains_key("text") {
        let text = format!("{} has no text tower ([files.text])", parts.manifest.name);
        return Err(ModelError::Manifest(text));
    }
    Ok(Box::new(TextTower::open(parts)?))
}

/// An opened text tower.
pub(super) struct TextTower {
    kind: Kind,
    network: Network,
    tokeniser: Tokeniser,
    /// Name of the input that takes the tokens.
    input: String,
    output: String,
    /// All texts have this length, whatever they say.
    fixed: Option<usize>,
    most: usize,
    padding: Option<i64>,
    map: Option<LinearMap>,
    /// Vectors of texts that were asked for: a run asks for the same ones at every picture.
    known: Mutex<HashMap<String, Vec<f32>>>,
}

impl TextTower {
    pub(super) fn open(parts: &Parts<'_>) -> Result<Self, ModelError> {
        let kind = Kind::of(parts)?;
        let (network, tokeniser) = (parts.network("text")?, Tokeniser::open(parts)?);
        let input = ["input_ids", "text", "tokens"].into_iter().find(|name| network.takes(name));
        let output = kind.outputs().iter().copied().find(|name| network.gives(name));
        // Files that name nothing are told by place, where there is but one.
        let only = |ports: &[Port]| matches!(ports, [_]).then(|| ports[0].name.clone());
        let by_place = parts.manifest.family == "yoloe";
        let input = input.map(str::to_owned).or_else(|| only(network.inputs()).filter(|_| by_place));
        let output = output.map(str::to_owned).or_else(|| only(network.outputs()).filter(|_| by_place));
        let (Some(input), Some(output)) = (input, output) else {
            let expected = format!("input_ids or text in, one of {} out", kind.outputs().join(", "));
            parts.demand(&network, false, &expected)?;
            return Err(ModelError::Manifest(expected));
        };
        let declared = network.input(&input).and_then(|port| port.shape.get(1).copied().flatten());
        // MobileCLIP's takes whole texts, too, whatever its file declares.
        let fixed = declared.or((kind == Kind::Siglip || by_place).then_some(kind.length()));
        let padding = match kind {
            // Nothing behind the end is looked at; OpenAI's own code has zeros there.
            Kind::Clip => (input != "input_ids").then_some(0),
            Kind::Siglip => Some(i64::from(tokeniser.size() < SIGLIP_1)),
            Kind::Sentence => tokeniser.number("[PAD]").or(Some(0)),
        };
        let map = parts.manifest.files.get("map").map(|file| LinearMap::open(&parts.folder.join(&file.path)));
        Ok(Self {
            most: fixed.unwrap_or(kind.length()),
            input,
            output,
            map: map.transpose()?,
            kind,
            network,
            tokeniser,
            fixed,
            padding,
            known: Mutex::default(),
        })
    }

    /// Texts as a batch of tokens and the mask of those that count.
    fn batch(&self, texts: &[&str]) -> Result<(Tensor, Tensor), ModelError> {
        let tidy = |text: &&str| if self.kind == Kind::Siglip { plain(text) } else { text.trim().to_owned() };
        let rows = texts.iter().map(|text| Ok(self.tokeniser.encode(&tidy(text), self.most)?.ids));
        let rows = rows.collect::<Result<Vec<_>, ModelError>>()?;
        let longest = rows.iter().map(Vec::len).max().unwrap_or(1);
        let length = self.fixed.unwrap_or(longest);
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for row in &rows {
            let fill = self.padding.unwrap_or(row[row.len() - 1]);
            ids.extend((0..length).map(|i| row.get(i).copied().unwrap_or(fill)));
            mask.extend((0..length).map(|i| i64::from(i < row.len())));
        }
        let shape = [rows.len(), length];
        Ok((Tensor::i64(&shape, ids), Tensor::i64(&shape, mask)))
    }

    /// One vector for each text, of the texts' own space and length.
    fn vectors(&self, output: &Tensor, mask: &Tensor) -> Result<Vec<Vec<f32>>, ModelError> {
        let values = output.floats();
        let count = mask.shape[0];
        let width = *output.shape.last().filter(|width| **width > 0).ok_or_else(|| output.unfit("vectors of texts"))?;
        if self.kind != Kind::Sentence {
            let whole = (values.len() == count * width).then(|| values.chunks_exact(width).map(<[f32]>::to_vec));
            return Ok(whole.ok_or_else(|| output.unfit("vectors of texts"))?.collect());
        }
        if values.len() != count * mask.shape[1] * width {
            return Err(output.unfit("vectors of tokens"));
        }
        let masks = mask.integers();
        let texts = values.chunks_exact(mask.shape[1] * width).zip(masks.chunks_exact(mask.shape[1]));
        Ok(texts.map(|(tokens, mask)| mean(tokens, width, mask)).collect())
    }

    fn mapped(&self, vector: Vec<f32>) -> Result<Vec<f32>, ModelError> {
        let Some(map) = &self.map else { return Ok(unit(vector)) };
        if map.from() != vector.len() {
            let text = format!("files.map takes vectors of {}, the text tower gives {}", map.from(), vector.len());
            return Err(ModelError::Manifest(text));
        }
        Ok(unit(map.apply(&unit(vector))))
    }

    fn compute(&self, texts: &[&str], stop: &Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::with_capacity(texts.len());
        // Eight-bit sentence encoders scale by the whole batch: company would change a text's vector.
        let batch = if self.kind == Kind::Sentence { 1 } else { BATCH };
        for group in texts.chunks(batch) {
            let (ids, mask) = self.batch(group)?;
            let kinds = Tensor::i64(&ids.shape, vec![0; mask.shape.iter().product()]);
            let feeds = [(self.input.as_str(), &ids), ("attention_mask", &mask), ("token_type_ids", &kinds)];
            let output = self.network.run_until(&feeds, &[&self.output], stop)?.swap_remove(0);
            for vector in self.vectors(&output, &mask)? {
                if vector.iter().any(|value| !value.is_finite()) {
                    return Err(ModelError::NotNumbers { model: self.network.name().to_owned() });
                }
                vectors.push(self.mapped(vector)?);
            }
        }
        Ok(vectors)
    }
}

impl TextEncoder for TextTower {
    fn embed_texts(&self, texts: &[&str], stop: &Stop) -> Result<Vec<Vec<f32>>, ModelError> {
        let missing: Vec<&str> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            texts
                .iter()
                .copied()
                .filter(|text| !known.contains_key(*text))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        };
        let new = self.compute(&missing, stop)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + new.len() > MOST_KNOWN {
            known.retain(|text, _| texts.contains(&text.as_str()));
        }
        known.extend(missing.into_iter().map(str::to_owned).zip(new));
        Ok(texts.iter().map(|text| known.get(*text).cloned().unwrap_or_default()).collect())
    }

    fn sentence(&self, thing: &str) -> String {
        match self.kind {
            Kind::Clip => format!("a photo of a {thing}."),
            Kind::Siglip => format!("this is a photo of {thing}."),
            Kind::Sentence => thing.to_owned(),
        }
    }

    fn sharpness(&self) -> f32 {
        match self.kind {
            Kind::Clip => 100.0,
            Kind::Siglip => 117.0,
            // Fitted by tests/bench/words.py: mapped vectors lie closer together than those of a trained pair.
            Kind::Sentence => 30.0,
        }
    }

    fn provider(&self) -> Provider {
        self.network.provider()
    }

    fn load_ms(&self) -> f64 {
        self.network.load_ms()
    }
}

/// As SigLIP was trained: lower case, no punctuation, single blanks.
fn plain(text: &str) -> String {
    let letters: String = text.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    letters.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn mean(tokens: &[f32], width: usize, mask: &[i64]) -> Vec<f32> {
    let mut sum = vec![0.0_f32; width];
    let counted = tokens.chunks_exact(width).zip(mask).filter(|(_, counts)| **counts != 0);
    counted.for_each(|(token, _)| sum.iter_mut().zip(token).for_each(|(sum, value)| *sum += value));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siglip_reads_plain_words() {
        assert_eq!(plain("  A Photo, of a\tdriver's_cab. "), "a photo of a driverscab");
    }

    #[test]
    fn padding_does_not_count() {
        assert_eq!(mean(&[1.0, 2.0, 3.0, 4.0, 9.0, 9.0], 2, &[1, 1, 0]), [4.0, 6.0]);
    }
}
