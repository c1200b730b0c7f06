//! Look-alikes: of an image, a box, a region drawn on the spot, another picture, or words.
//!
//! What is asked about becomes a vector (its row, when it has one; else it is embedded now, by the encoder and the recipe
//! of the table) and the table's nearest rows are the answer. Rows of what has changed meanwhile are left out.

mod looked;
mod search;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, ClassId, DatasetName, ImageId, PixelBox};
use tator_store::{EmbeddingMeta, EmbeddingOf, ImageFilter, Vectors};
use tator_vision::{Embedder, Picture, Stop, Task, decode_upright};

pub use search::Method;
pub(crate) use search::Search;

use crate::assist::Shared;
use crate::embed::Recipe;
use crate::error::Error;
use crate::workbench::Workbench;

/// Look-alikes of one answer at most.
pub const MOST: usize = 1_000;
/// Rows that are looked for beyond those that are wanted, for those that turn out to be stale.
const SPARE: usize = 32;

/// What look-alikes are wanted of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimilarTo {
    /// An image of the dataset.
    Image(ImageId),
    /// A box of the dataset.
    Box(BoxId),
    /// A part of an image, in pixels: `{"image_id", "x", "y", "w", "h"}`.
    Region(Region),
    /// A picture that was uploaded before, by its number.
    Picture(String),
    /// Words.
    Text(String),
}

/// A part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// The image.
    pub image_id: ImageId,
    /// Where.
    #[serde(flatten)]
    pub rect: PixelBox,
}

/// A question for look-alikes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimilarRequest {
    /// Of what.
    #[serde(flatten)]
    pub to: SimilarTo,
    /// Among images or boxes; what is asked about, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<EmbeddingOf>,
    /// Whose vectors; those of the encoder with most rows, when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// How many.
    #[serde(default = "usual_k")]
    pub k: usize,
    /// Only on these images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<ImageFilter>,
}

/// Look-alikes where nobody says how many.
pub const USUAL_K: usize = 20;

fn usual_k() -> usize {
    USUAL_K
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarAnswer {
    /// Among images or boxes.
    pub of: EmbeddingOf,
    /// Whose vectors.
    pub encoder: String,
    /// How they were found.
    pub method: Method,
    /// Vectors that were searched.
    pub searched: usize,
    /// Images or boxes that have no vector, or one of what they were before, and cannot be found.
    pub without_vector: u64,
    /// The most alike first.
    pub results: Vec<Similar>,
    /// How long it took.
    pub ms: Took,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Took {
    /// Until what is asked about was a vector.
    pub embed: f64,
    /// Looking for its neighbours.
    pub search: f64,
}

/// One look-alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Similar {
    /// The image.
    pub image_id: ImageId,
    /// The box on it.
    pub box_id: Option<BoxId>,
    /// Its cosine: 1 is the same.
    pub score: f32,
    /// The image's path.
    pub path: String,
    /// Class of the box.
    pub class_id: Option<ClassId>,
    /// Name of that class.
    pub class: Option<String>,
    /// Where the box is.
    pub rect: Option<PixelBox>,
}

impl SimilarRequest {
    /// Among what it looks.
    #[must_use]
    pub fn among(&self) -> EmbeddingOf {
        self.of.unwrap_or(match self.to {
            SimilarTo::Box(_) | SimilarTo::Region(_) => EmbeddingOf::Boxes,
            SimilarTo::Image(_) | SimilarTo::Picture(_) | SimilarTo::Text(_) => EmbeddingOf::Images,
        })
    }
}

impl Shared {
    fn similar(&self, d: &DatasetName, request: &SimilarRequest) -> Result<SimilarAnswer, Error> {
        let begun = Instant::now();
        let (reader, of, k) = (self.writer.reader(), request.among(), request.k.min(MOST));
        let encoder = match &request.encoder {
            Some(encoder) => encoder.clone(),
            None => reader.usual_encoder(d, of)?,
        };
        let vectors = reader.vectors_lately(d, &encoder, of)?;
        let query = self.query(d, &vectors, &request.to)?;
        let embed = ms_since(begun);
        let begun = Instant::now();
        let spare = if k == 0 { 0 } else { k + SPARE };
        let found = match request.filter.as_ref().filter(|filter| **filter != ImageFilter::default()) {
            Some(filter) => Search::nearest_among(&vectors, &query, spare, &reader.image_numbers(d, filter)?),
            None => self.search.nearest(&vectors, &query, spare),
        };
        let (found, method) = found.map_err(|e| Error::invalid("vectors", e.to_string()))?;
        let found = found.into_iter().filter(|(row, _)| !is_itself(&vectors, *row, &request.to));
        let results = self.shown(d, &vectors, found.collect(), k)?;
        let ms = Took { embed, search: ms_since(begun) };
        let without_vector = reader.without_vector(d, &encoder, of)?;
        Ok(SimilarAnswer { of, encoder, method, searched: vectors.count(), without_vector, results, ms })
    }

    /// The rows that are still what they were, with what a picture of them needs.
    fn shown(
        &self,
        d: &DatasetName,
        vectors: &Vectors,
        found: Vec<(usize, f32)>,
        k: usize,
    ) -> Result<Vec<Similar>, Error> {
        let reader = self.writer.reader();
        let rows: Vec<_> =
            found.iter().map(|(row, _)| (vectors.image_ids[*row], vectors.id(*row), vectors.keys[*row])).collect();
        let current = reader.current_rows(d, &vectors.meta(), &rows)?;
        let found: Vec<_> = found.into_iter().zip(current).filter(|(_, current)| *current).map(|(f, _)| f).collect();
        let images: Vec<ImageId> = found.iter().take(k).map(|(row, _)| vectors.image_ids[*row]).collect();
        let boxes = if vectors.of == EmbeddingOf::Boxes { reader.boxes_of(d, &images)? } else { Vec::new() };
        let shown = found.into_iter().take(k).map(|(row, score)| {
            let box_id = vectors.box_ids.get(row).copied();
            let known = box_id.and_then(|id| boxes.iter().find(|b| b.box_id == id));
            Similar {
                image_id: vectors.image_ids[row],
                box_id,
                score,
                path: String::new(),
                class: None,
                class_id: known.map(|b| b.class_id),
                rect: known.map(|b| b.rect),
            }
        });
        Ok(shown.collect())
    }

    /// What is asked about, as a vector of the table's kind.
    fn query(&self, d: &DatasetName, vectors: &Vectors, to: &SimilarTo) -> Result<Vec<f32>, Error> {
        let reader = self.writer.reader();
        match to {
            SimilarTo::Image(id) => {
                reader.image(d, *id)?;
                self.vector_of_row(d, vectors, (EmbeddingOf::Images, *id, None))
                    .map_or_else(|| self.embed_now(vectors, || self.decode(d, *id)), Ok)
            }
            SimilarTo::Box(id) => {
                let place = reader.places_of(d, &[*id])?.pop();
                let place = place.ok_or_else(|| Error::NotFound(format!("box {id} of {d}")))?;
                let row = (EmbeddingOf::Boxes, place.image_id, Some(*id));
                self.vector_of_row(d, vectors, row)
                    .map_or_else(|| self.embed_region(d, vectors, place.image_id, &place.rect), Ok)
            }
            SimilarTo::Region(region) => self.embed_region(d, vectors, region.image_id, &region.rect),
            SimilarTo::Picture(number) => {
                let bytes = looked::read(reader.folders(), number)?;
                self.embed_now(vectors, || decode_upright(&bytes).map_err(|e| Error::invalid("picture", e.to_string())))
            }
            SimilarTo::Text(words) => self.embed_words(vectors, words),
        }
    }

    /// The vector of a row of this encoder's tables, when it is of what is there now.
    fn vector_of_row(
        &self,
        d: &DatasetName,
        vectors: &Vectors,
        (of, image_id, box_id): (EmbeddingOf, ImageId, Option<BoxId>),
    ) -> Option<Vec<f32>> {
        let reader = self.writer.reader();
        let other = if vectors.of == of { None } else { reader.vectors_lately(d, &vectors.encoder, of).ok() };
        let held = other.as_deref().unwrap_or(vectors);
        let row = held.find(image_id, box_id).filter(|_| held.fingerprint == vectors.fingerprint)?;
        let told = [(image_id, held.id(row), held.keys[row])];
        let current = reader.current_rows(d, &held.meta(), &told).ok()?;
        (current == [true]).then(|| held.row(row).to_vec())
    }

    fn embed_region(&self, d: &DatasetName, v: &Vectors, id: ImageId, rect: &PixelBox) -> Result<Vec<f32>, Error> {
        let recipe = Recipe::parse(&v.recipe).filter(|recipe| *recipe != Recipe::Whole);
        let recipe = recipe.map_or_else(|| Recipe::of(EmbeddingOf::Boxes, None, None), Ok)?;
        self.embed_now(v, || recipe.cut(&self.decode(d, id)?, rect))
    }

    fn embed_now(&self, v: &Vectors, picture: impl FnOnce() -> Result<Picture, Error>) -> Result<Vec<f32>, Error> {
        let embedder = self.encoder_of(&v.meta())?;
        let vectors = embedder.embed(&[picture()?], &Stop::default())?;
        vectors.into_iter().next().ok_or_else(|| Error::ModelFailed("the encoder gave no vector".into()))
    }

    /// The encoder of a table, as long as it is the one that made it.
    fn encoder_of(&self, meta: &EmbeddingMeta) -> Result<Arc<dyn Embedder>, Error> {
        let (model, embedder) = self.engines.embedder_named(&self.shelves, &self.settings(), Some(&meta.encoder))?;
        if model.manifest.fingerprint() != meta.fingerprint {
            let message = format!("{} is another model than the one these vectors are of", meta.encoder);
            return Err(Error::NoAnswer { code: "another_model", message, hint: "embed again, then look again" });
        }
        Ok(embedder)
    }

    fn embed_words(&self, vectors: &Vectors, words: &str) -> Result<Vec<f32>, Error> {
        let encoder = vectors.encoder.as_str();
        if words.trim().is_empty() {
            return Err(Error::invalid("text", "say what to look for"));
        }
        if self.shelves.choose(Task::Embed, Some(encoder))?.has_words() {
            // The vectors have to be of this very encoder, as for a picture.
            self.encoder_of(&vectors.meta())?;
            let (_, tower) = self.text_tower(Some(encoder))?;
            let vector = tower.embed_texts(&[words.trim()], &Stop::default())?.pop();
            return vector.ok_or_else(|| Error::ModelFailed("the text tower gave no vector".into()));
        }
        let able: Vec<_> = self.shelves.list().into_iter().filter(|model| model.has_words()).collect();
        let able: Vec<&str> = able.iter().map(|model| model.manifest.name.as_str()).collect();
        let message = match able.as_slice() {
            [] => format!("{encoder} knows pictures only; an encoder for words, such as CLIP or SigLIP, can be added"),
            names => format!("{encoder} knows pictures only; {} could look for words", names.join(" or ")),
        };
        Err(Error::NoAnswer { code: "no_text_tower", message, hint: "embed with such an encoder, then ask it" })
    }
}

fn ms_since(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

/// Whether a row is what was asked about.
fn is_itself(vectors: &Vectors, row: usize, to: &SimilarTo) -> bool {
    match (to, vectors.of) {
        (SimilarTo::Image(id), EmbeddingOf::Images) | (SimilarTo::Box(id), EmbeddingOf::Boxes) => {
            vectors.id(row) == *id
        }
        _ => false,
    }
}

impl Workbench {
    /// The most alike images or boxes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`tator_store::Error::NotEmbedded`]; [`Error::NoAnswer`] for words where the encoder has no
    /// tower for them; whatever the model says.
    pub fn similar(&self, d: &DatasetName, request: &SimilarRequest) -> Result<SimilarAnswer, Error> {
        let mut answer = self.open.assist.shared.similar(d, request)?;
        // Names are for whoever reads the answer; the search is over when they are looked up.
        let images: Vec<ImageId> = answer.results.iter().map(|one| one.image_id).collect();
        let paths: HashMap<ImageId, String> = self.reader().image_paths(d, &images)?.into_iter().collect();
        let classes = self.reader().class_list(d)?;
        let name = |id: ClassId| classes.iter().find(|class| class.class_id == id).map(|class| class.name.clone());
        for one in &mut answer.results {
            one.path = paths.get(&one.image_id).cloned().unwrap_or_default();
            one.class = one.class_id.and_then(name);
        }
        Ok(answer)
    }

    /// Keeps a picture to ask about; gives its number.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no picture or too large.
    pub fn keep_looked(&self, bytes: &[u8]) -> Result<String, Error> {
        looked::keep(self.reader().folders(), bytes)
    }

    /// A small JPEG of a picture that was kept.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not kept any more.
    pub fn looked_thumbnail(&self, number: &str, side: u32) -> Result<Vec<u8>, Error> {
        let bytes = looked::read(self.reader().folders(), number)?;
        tator_vision::thumbnail(&bytes, side).map_err(|e| Error::invalid("picture", e.to_string()))
    }
}
