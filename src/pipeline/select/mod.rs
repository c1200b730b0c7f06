//! What to label next: images that would teach most, by several strategies, with chance as their control.
//!
//! [`picking`] is the choice itself, the same for live data and for the replay of labelled ones; [`doubt`] says how
//! unsure a head or a detector is of each image; [`simulate`] replays what is labelled already and tells what each
//! strategy would have brought; [`curves`] sums that up with intervals.

mod curves;
mod doubt;
mod picking;
mod replay;
mod simulate;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tator_domain::{DatasetName, ImageId, PackageKind, RunName};
use tator_learning::Matrix;
use tator_store::{EmbeddingOf, ImageFilter, NewPackages};

pub use curves::{Curve, FEWEST, Gain, Point, Spread};
pub(crate) use picking::{Frame, pick};
pub(crate) use simulate::simulate;
pub use simulate::{SimulateOptions, SimulateRequest, Simulation};

use crate::error::Error;
use crate::heads::{SEED, chosen_encoder, refused};
use crate::workbench::Workbench;
use doubt::Doubts;

/// Images of one answer at most.
const MOST: usize = 10_000;

/// How images are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The images that the labelled ones cover worst.
    #[default]
    KCentre,
    /// One of each cluster.
    KMeans,
    /// Those of which the head or the detector is least sure.
    Uncertainty,
    /// Doubt, times how ordinary an image is, spread out.
    Hybrid,
    /// Doubt, for the classes that have fewest labels.
    Balance,
    /// By chance, the control.
    Random,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 6] =
        [Self::KCentre, Self::KMeans, Self::Uncertainty, Self::Hybrid, Self::Balance, Self::Random];

    /// The word in commands and addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KCentre => "k-centre",
            Self::KMeans => "k-means",
            Self::Uncertainty => "uncertainty",
            Self::Hybrid => "hybrid",
            Self::Balance => "balance",
            Self::Random => "random",
        }
    }

    /// In a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::KCentre => "images least like the labelled ones",
            Self::KMeans => "one image of each cluster",
            Self::Uncertainty => "images of which the head or the detector is least sure",
            Self::Hybrid => "doubtful images that stand for many others",
            Self::Balance => "doubtful images of the classes with fewest labels",
            Self::Random => "by chance, the control",
        }
    }

    fn needs_vectors(self) -> bool {
        matches!(self, Self::KCentre | Self::KMeans | Self::Hybrid)
    }

    fn needs_doubt(self) -> bool {
        matches!(self, Self::Uncertainty | Self::Balance)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| format!("use one of {}", names()))
    }
}

/// What is wished for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelectOptions {
    /// How.
    pub strategy: Strategy,
    /// How many images.
    pub n: usize,
    /// The same seed gives the same images.
    pub seed: u64,
    /// The encoder whose vectors of images are looked at.
    pub encoder: Option<String>,
    /// The run whose candidates tell how sure a detector is; without it the active head is asked first.
    pub run: Option<RunName>,
}

impl Default for SelectOptions {
    fn default() -> Self {
        Self { strategy: Strategy::default(), n: 10, seed: SEED, encoder: None, run: None }
    }
}

/// An image to label next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pick {
    /// The image.
    pub image_id: ImageId,
    /// Its path.
    pub path: String,
    /// How unsure the head or detector is of it, 0 to 1.
    pub doubt: Option<f32>,
}

/// The images to label next, the most telling first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// Of which dataset.
    pub dataset: DatasetName,
    /// How they were chosen.
    pub strategy: Strategy,
    /// With which seed.
    pub seed: u64,
    /// Whose vectors of images were looked at.
    pub encoder: Option<String>,
    /// Where doubt comes from, in words.
    pub doubt_from: Option<String>,
    /// In order.
    pub picks: Vec<Pick>,
    /// Images that could have been chosen.
    pub free: usize,
    /// Images that could not be looked at for lack of a vector.
    pub without_vector: usize,
    /// What was done differently than asked, and why.
    pub note: Option<String>,
}

/// All images that can be chosen from, with what is known of them.
struct Field {
    images: Vec<ImageId>,
    taken: Vec<bool>,
    /// Vectors in the order of the images, with the encoder's name; none where no strategy looks at them.
    vectors: Option<(String, Vec<f32>, usize)>,
    without_vector: usize,
}

impl Field {
    /// Why nothing was chosen.
    fn why_nothing(&self, d: &DatasetName) -> Option<String> {
        let is_left = self.taken.iter().any(|taken| !taken);
        match (is_left, self.without_vector) {
            (true, _) => None,
            (false, 0) => Some(nothing_left(d)),
            (false, _) => Some("nothing can be chosen until the images that are left have vectors".to_owned()),
        }
    }
}

fn nothing_left(d: &DatasetName) -> String {
    format!("no image of {d} is left to choose: all are labelled, skipped, or in a package")
}

impl Workbench {
    /// The images that would teach most.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`]; [`Error::NoAnswer`] when vectors or a source of doubt are missing.
    pub fn select(&self, d: &DatasetName, options: &SelectOptions) -> Result<Selection, Error> {
        if options.n == 0 || options.n > MOST {
            return Err(Error::invalid("n", format!("1 to {MOST}")));
        }
        let reader = self.reader();
        let field = self.field(d, options)?;
        let doubts = self.doubts(d, options, &field)?;
        let counts: HashMap<_, _> = reader.truth_counts(d)?.into_iter().map(|one| (one.class_id, one.boxes)).collect();
        let matrix =
            field.vectors.as_ref().map(|(_, data, dims)| Matrix::new(data, *dims).map_err(refused)).transpose()?;
        let frame = Frame { vectors: matrix, taken: &field.taken, doubts: doubts.as_ref(), labelled: &counts };
        let rows = pick(options.strategy, &frame, options.n, options.seed, &|_, _| true)?;
        let ids: Vec<ImageId> = rows.iter().map(|row| field.images[*row]).collect();
        let paths: HashMap<ImageId, String> = reader.image_paths(d, &ids)?.into_iter().collect();
        let picks = rows.iter().zip(&ids).map(|(row, image_id)| Pick {
            image_id: *image_id,
            path: paths.get(image_id).cloned().unwrap_or_default(),
            doubt: doubts.as_ref().map(|doubts| doubts.scores[*row]).filter(|doubt| doubt.is_finite()),
        });
        let even = "no head is active and no run has candidates: every image counts as equally doubtful";
        let is_even = options.strategy == Strategy::Hybrid && doubts.is_none();
        let note = if rows.is_empty() { field.why_nothing(d) } else { is_even.then(|| even.to_owned()) };
        Ok(Selection {
            dataset: d.clone(),
            strategy: options.strategy,
            seed: options.seed,
            picks: picks.collect(),
            free: field.taken.iter().filter(|taken| !**taken).count(),
            without_vector: field.without_vector,
            doubt_from: doubts.map(|doubts| doubts.from),
            encoder: field.vectors.map(|(encoder, ..)| encoder),
            note,
        })
    }

    /// Chooses images and makes a work package of them; gives its number too.
    ///
    /// # Errors
    /// As [`Workbench::select`], and [`Error::NoAnswer`] when no image is left.
    pub fn select_package(
        &self,
        d: &DatasetName,
        options: &SelectOptions,
        name: Option<&str>,
        author: &str,
    ) -> Result<(Selection, i64), Error> {
        let selection = self.select(d, options)?;
        let ids: Vec<ImageId> = selection.picks.iter().map(|pick| pick.image_id).collect();
        let package =
            self.package_of(d, &ids, name.unwrap_or(&format!("Next {} by {}", ids.len(), options.strategy)), author)?;
        Ok((selection, package))
    }

    /// Makes a work package of these images.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NoAnswer`] without images.
    pub fn package_of(&self, d: &DatasetName, images: &[ImageId], name: &str, author: &str) -> Result<i64, Error> {
        if images.is_empty() {
            let message = nothing_left(d);
            return Err(Error::NoAnswer { code: "nothing_left", message, hint: "close a package to free its images" });
        }
        let numbers = images.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let filter = ImageFilter { condition: Some(format!("image_id IN ({numbers})")), ..ImageFilter::default() };
        let new = NewPackages { name: name.to_owned(), kind: PackageKind::Label, filter, every: None };
        let made = self.create_packages(d, &new, author)?;
        made.first().copied().ok_or_else(|| Error::Conflict("no package was made".into()))
    }

    fn field(&self, d: &DatasetName, options: &SelectOptions) -> Result<Field, Error> {
        let reader = self.reader();
        let pool = reader.pool(d)?;
        if !options.strategy.needs_vectors() {
            let (images, taken) = pool.iter().map(|image| (image.image_id, image.taken)).unzip();
            return Ok(Field { images, taken, vectors: None, without_vector: 0 });
        }
        let preferred = preferred_encoder(self, d);
        let encoder =
            chosen_encoder(reader, (d, EmbeddingOf::Images), options.encoder.as_deref(), preferred.as_deref())?;
        let vectors = reader.vectors(d, &encoder, EmbeddingOf::Images)?;
        let at: HashMap<ImageId, usize> = vectors.image_ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let known = pool.iter().filter(|image| at.contains_key(&image.image_id));
        let (images, taken): (Vec<ImageId>, Vec<bool>) = known.map(|image| (image.image_id, image.taken)).unzip();
        let data = images.iter().flat_map(|id| vectors.row(at[id])).copied().collect();
        let without_vector = pool.iter().filter(|image| !image.taken && !at.contains_key(&image.image_id)).count();
        Ok(Field { images, taken, vectors: Some((encoder, data, vectors.dims)), without_vector })
    }

    fn doubts(&self, d: &DatasetName, options: &SelectOptions, field: &Field) -> Result<Option<Doubts>, Error> {
        let wanted = options.strategy.needs_doubt() || options.strategy == Strategy::Hybrid;
        if !wanted {
            return Ok(None);
        }
        let found = doubt::find(self, d, options.run.as_ref(), &field.images, &field.taken)?;
        match found {
            None if options.strategy.needs_doubt() => Err(Error::NoAnswer {
                code: "no_doubt",
                message: format!(
                    "nothing tells how unsure a model is of the images of {d}: activate a class head and embed the images or their \
                     proposed boxes, or run a prepass"
                ),
                hint: "train and activate a head (`tator train head`), or choose k-centre, which needs neither",
            }),
            found => Ok(found),
        }
    }
}

/// The preferred encoder of a dataset: its active head's, or the one of the settings.
fn preferred_encoder(bench: &Workbench, d: &DatasetName) -> Option<String> {
    let assist = &bench.open.assist.shared;
    assist.heads.get(bench.reader(), d).map(|active| active.run.encoder.clone()).or(assist.settings().embedder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_is_the_word_it_says() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.as_str().parse(), Ok(strategy));
            assert_eq!(serde_json::to_string(&strategy).unwrap(), format!("\"{strategy}\""));
        }
        assert!("k-center".parse::<Strategy>().unwrap_err().contains("k-centre"));
    }
}
