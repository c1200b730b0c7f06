//! What looks at pictures in a run: the seam between the frame and the stages. A stage gives [`Pass`]es; the frame shows
//! them pictures, keeps what they find, and puts it together. A pass may see what passes before it found on the image.

use std::sync::Arc;

use tator_domain::{BoxId, ClassId, PixelBox};
use tator_vision::{Picture, Stop};

use crate::error::Error;

/// Which part of a recipe a pass belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StageKind {
    Detector,
    Text,
    Similarity,
}

impl StageKind {
    /// As the tables have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Detector => "detector",
            Self::Text => "text",
            Self::Similarity => "similarity",
        }
    }
}

/// Something a pass found, before classes are mapped: what is kept on disk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    /// Where, in pixels of the upright picture.
    pub rect: PixelBox,
    /// Place in the pass's [`labels`](Pass::labels).
    pub label: u32,
    /// How sure, as the model says it; `None` when it does not.
    pub score: Option<f32>,
    /// The window it was seen in.
    pub window: Option<u32>,
    /// The box it looks like.
    pub exemplar: Option<BoxId>,
}

/// What a pass may call something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    /// As the model names it, or the prompt.
    pub model_class: Arc<str>,
    /// The class of the dataset; `None` when it has none.
    pub class_id: Option<ClassId>,
    /// The words that were asked for, and `base`, `expanded` or `class`.
    pub prompt: Option<(Arc<str>, Arc<str>)>,
}

/// What is known of a picture that a pass sees.
pub(crate) struct About<'a> {
    /// BLAKE3 of its bytes: what is found is kept by it.
    pub content_hash: &'a str,
    /// What the passes before found on it, in their order; `None` where one failed.
    pub before: &'a [Option<Vec<Found>>],
}

/// Looks at pictures.
pub(crate) trait Look: Send + Sync {
    /// What is on each picture, in their order. One answer for all: when it is an error, they are shown again one at a
    /// time, to find out which it was.
    fn look(&self, pictures: &[Picture], about: &[About<'_>], stop: &Stop) -> Result<Vec<Vec<Found>>, Error>;
}

/// One look of one model at every image.
pub(crate) struct Pass {
    pub stage: StageKind,
    /// The model's name.
    pub source: Arc<str>,
    /// `<model>:<full|windows>`
    pub source_run: Arc<str>,
    /// Fingerprint of the model.
    pub fingerprint: String,
    /// Everything that decides what it finds, besides the picture: model, parameters, prompts, and for one that sees what
    /// was found before, the keys of those.
    pub key: String,
    pub labels: Vec<Label>,
    pub look: Box<dyn Look>,
    /// It sees what was found before; where that is missing, it has nothing to say.
    pub needs_before: bool,
    /// How windows of it are put together.
    pub windows: Option<super::recipe::WindowRecipe>,
    /// What the classes of its model became.
    pub classes: Vec<super::classes::Mapped>,
}

/// A key out of its parts.
pub(crate) fn key_of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}
