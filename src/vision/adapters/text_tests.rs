//! Words: tokens as independent implementations cut them (`tests/models/tokens.json`, made by `words.py` there), and
//! every text tower against its stand-in.

use std::path::{Path, PathBuf};

use super::tests::{has_runtime, manifest, stand_ins};
use super::*;
use crate::manifest::ModelFile;
use crate::network::Stop;
use crate::text_encoder::TextEncoder;
use crate::tokeniser::Tokeniser;

fn tower(folder: &Path) -> Box<dyn TextEncoder> {
    let manifest = manifest(folder);
    assert!(has_text_tower(&manifest), "{}", folder.display());
    open_text_encoder(&Parts { manifest: &manifest, folder, options: OpenOptions::default() }).expect("it opens")
}

fn vectors(model: &str, texts: &[&str]) -> Vec<Vec<f32>> {
    tower(&stand_ins().join(model)).embed_texts(texts, &Stop::default()).expect("it embeds")
}

/// The text vector of a stand-in: place of the end, mean token, number of tokens, first token.
fn said(vector: &[f32]) -> [f32; 4] {
    std::array::from_fn(|i| vector[i] / vector[9])
}

fn near(found: [f32; 4], wanted: [f32; 4]) {
    let off = found.iter().zip(wanted).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max);
    assert!(off < 1e-4, "{found:?}, wanted {wanted:?}");
}

/// A tokeniser from one file.
fn tokeniser(folder: &Path, part: &str, file: &str) -> Tokeniser {
    let mut manifest = manifest(&stand_ins().join("clip"));
    let described = ModelFile { path: file.to_owned(), sha256: "0".repeat(64), size: 1 };
    manifest.files = std::iter::once((part.to_owned(), described)).collect();
    Tokeniser::open(&Parts { manifest: &manifest, folder, options: OpenOptions::default() }).expect("it opens")
}

#[test]
fn tokens_are_those_of_other_implementations() {
    let clip = tokeniser(&stand_ins().join("clip"), "tokenizer", "tokenizer.json");
    let words = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/models/words");
    let bert = tokeniser(&words, "vocab", "vocab.txt");
    let table = std::fs::read_to_string(stand_ins().join("tokens.json")).expect("the reference is there");
    let rows: Vec<Row> = serde_json::from_str(&table).expect("it is a list");
    assert!(rows.len() > 15);
    for Row { text, clip: by_open_clip, bert: by_transformers } in rows {
        // open_clip's tokeniser takes the blanks at the ends away before; the towers do, too.
        assert_eq!(clip.encode(text.trim(), 77).expect("tokens").ids, by_open_clip, "{text:?} by CLIP");
        assert_eq!(bert.encode(&text, 128).expect("tokens").ids, by_transformers, "{text:?} by BERT");
    }
}

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    clip: Vec<i64>,
    bert: Vec<i64>,
}

#[test]
fn what_is_too_long_is_cut_and_keeps_its_end() {
    let clip = tokeniser(&stand_ins().join("clip"), "tokenizer", "tokenizer.json");
    let tokens = clip.encode("a photo of a dog.", 4).expect("tokens");
    assert_eq!(tokens.ids, [49406, 320, 1125, 49407]);
    assert_eq!(tokens.spans[1..3], [(0, 1), (2, 7)]);
}

#[test]
fn clip_finds_the_end_of_each_text() {
    if !has_runtime() {
        return;
    }
    // red: start, 736, end; a photo of a dog.: eight tokens. Padding of the first repeats the end.
    let found = vectors("clip", &["red", " a photo of a dog. "]);
    let mean = (49406.0 + 736.0 + 6.0 * 49407.0) / 8000.0;
    near(said(&found[0]), [2.0, mean, 8.0, 49406.0]);
    assert!((said(&found[1])[0] - 7.0).abs() < 1e-3);
    for vector in &found {
        assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5, "unit length");
    }
    // OpenAI's order: always 77, zeros behind the end.
    let found = vectors("clip-openai", &["red"]);
    near(said(&found[0]), [2.0, (49406.0 + 736.0 + 49407.0) / 77_000.0, 77.0, 49406.0]);
}

#[test]
fn siglip_is_filled_up_to_its_length() {
    if !has_runtime() {
        return;
    }
    // Lower case, no punctuation: "▁red ▁car s </s>", then 60 times 1.
    let found = vectors("siglip", &["Red, CARS!"]);
    near(said(&found[0]), [1.0, (4.0 + 6.0 + 7.0 + 61.0) / 64_000.0, 64.0, 4.0]);
}

#[test]
fn a_sentence_encoder_is_mapped_and_padding_does_not_count() {
    if !has_runtime() {
        return;
    }
    let found = vectors("efficientnet-words", &["red", "Red cars, a DOG"]);
    assert_eq!(found[0].len(), 1280);
    // [CLS] red [SEP] and [CLS] red car ##s [UNK] a dog [SEP].
    for (vector, mean) in found.iter().zip([9.0 / 3.0, (2 + 4 + 6 + 7 + 1 + 8 + 9 + 3) as f32 / 8.0]) {
        assert!((vector[0] / vector[9] - mean / 1000.0).abs() < 1e-5, "{}", vector[0] / vector[9]);
        assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5, "unit length");
    }
}

#[test]
fn more_texts_than_a_batch_keep_their_order() {
    if !has_runtime() {
        return;
    }
    let texts: Vec<&str> = (0..70).map(|i| if i % 2 == 0 { "red" } else { "a photo of a dog." }).collect();
    let found = vectors("clip-openai", &texts);
    assert_eq!(found.len(), 70);
    assert!(found.chunks(2).all(|pair| pair == &found[..2]));
}

#[test]
fn a_model_without_words_says_so() {
    let folder = stand_ins().join("dinov2");
    let manifest = manifest(&folder);
    assert!(!has_text_tower(&manifest));
    let parts = Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() };
    assert!(open_text_encoder(&parts).err().is_some_and(|error| error.to_string().contains("no text tower")));
}

/// The real ones that `make setup` fetches: words near what looks like them.
#[test]
#[expect(clippy::print_stderr, reason = "a test that cannot be made says so")]
fn real_words_lie_near_their_like() {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let folder = cache.map(|cache| cache.join("tator/models/efficientnet-lite0")).unwrap_or_default();
    let text = std::fs::read_to_string(folder.join("model.toml")).unwrap_or_default();
    let Some(manifest) = Manifest::parse(&text).ok().filter(has_text_tower) else {
        eprintln!("not tested: efficientnet-lite0 with words is not here");
        return;
    };
    if !has_runtime() {
        return;
    }
    let tower = open_text_encoder(&Parts { manifest: &manifest, folder: &folder, options: OpenOptions::default() });
    let vectors = tower.expect("it opens").embed_texts(&["car", "automobile", "banana"], &Stop::default());
    let vectors = vectors.expect("it embeds");
    let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    assert_eq!(vectors[0].len(), 1280);
    let (like, unlike) = (cosine(&vectors[0], &vectors[1]), cosine(&vectors[0], &vectors[2]));
    assert!(like > 0.6 && unlike < 0.4, "{like}, {unlike}");
}
