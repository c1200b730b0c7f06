//! Class heads as people train them: on the kept vectors of labelled boxes, in a job, into a record that can be repeated.
//!
//! [`data`] joins vectors with classes, [`background`] adds crops that show nothing and [`augment`] changed copies of what
//! is learnt (their vectors are [`kept`]), [`train`] fits and tests,
//! [`record`] is what is kept of it, [`registry`] lists, compares, renames, deletes and activates, [`active`] is the head
//! that Auto class asks, [`elsewhere`] opens one for whoever asks about other crops, [`readiness`] says beforehand what will come of it.

mod active;
mod augment;
mod background;
mod data;
mod elsewhere;
mod kept;
mod readiness;
mod record;
mod registry;
mod train;

use serde::{Deserialize, Serialize};
use tator_domain::DatasetName;
use tator_learning::head::{Recipe, Shares};
use tator_store::EmbeddingOf;

pub(crate) use active::{ActiveHead, ActiveHeads, decided};
pub use augment::AugmentOptions;
pub(crate) use background::places_beside;
#[cfg(test)]
pub(crate) use data::Row;
pub(crate) use data::{Labelled, chosen_encoder, labelled, no_vectors};
pub use elsewhere::HeadChoice;
pub(crate) use elsewhere::head_at_hand;
pub(crate) use kept::{Eyes, Kept, Key};
pub use readiness::{Advice, EncoderReady, Readiness};
pub use record::{DataVersion, HeadRun, PartCount, Parts, RunClass, TestBox};
pub use registry::{HeadDifference, HeadSummary, Heads, difference};
pub(crate) use train::{refused, train};

use crate::error::Error;
use crate::jobs::JobId;
use crate::workbench::Workbench;

/// Kind of run in `runs/`.
pub(crate) const KIND: &str = "head";
/// Changed copies of a box at most.
const MOST_COPIES: usize = 20;
/// The split that everybody gets who asks for none.
pub const SEED: u64 = 42;

/// Crops beside all boxes, which teach a head what is no object.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackgroundOptions {
    /// Hidden classes that background is clustered into; 0 leaves background out.
    pub kinds: usize,
    /// Random crops of an image.
    pub crops: usize,
    /// How far an object's probability has to lead over background's, or it is flagged.
    pub margin: f32,
}

impl Default for BackgroundOptions {
    fn default() -> Self {
        Self { kinds: 2, crops: 3, margin: 0.1 }
    }
}

/// How a head is to be trained; everything has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadOptions {
    /// The encoder whose vectors it reads; the one of the settings, or else the one with most vectors.
    pub encoder: Option<String>,
    /// What it is called; made up when nothing is said.
    pub name: Option<String>,
    /// Solver and its options.
    pub recipe: Recipe,
    /// What is held out, by image.
    pub shares: Shares,
    /// Same data, same options and same seed give the same bytes.
    pub seed: u64,
    /// Classes with fewer boxes are left out.
    pub min_per_class: usize,
    /// Crops that show nothing.
    pub background: BackgroundOptions,
    /// Changed copies of training boxes.
    pub augment: AugmentOptions,
    /// Fit the temperature on the validation part.
    pub temperature: bool,
    /// Auto class uses it as soon as it is trained.
    pub activate: bool,
}

impl Default for HeadOptions {
    fn default() -> Self {
        Self {
            encoder: None,
            name: None,
            recipe: Recipe::default(),
            shares: Shares::default(),
            seed: SEED,
            min_per_class: 2,
            background: BackgroundOptions::default(),
            augment: AugmentOptions::default(),
            temperature: true,
            activate: false,
        }
    }
}

impl HeadOptions {
    /// Refuses what could only fail later.
    fn check(&self) -> Result<(), Error> {
        let Shares { validation, test } = self.shares;
        if !(0.0..=0.5).contains(&validation) || !(0.01..=0.8).contains(&test) || validation + test > 0.9 {
            return Err(Error::invalid(
                "shares",
                "test takes 0.01 to 0.8 of the images, validation 0 to 0.5, both at most 0.9",
            ));
        }
        if self.min_per_class < 1 {
            return Err(Error::invalid("min_per_class", "at least 1"));
        }
        let BackgroundOptions { kinds, crops, margin } = self.background;
        if kinds > 10 || !(1..=20).contains(&crops) || !(0.0..=1.0).contains(&margin) {
            return Err(Error::invalid("background", "0 to 10 kinds, 1 to 20 crops an image, a margin of 0 to 1"));
        }
        if self.augment.copies > MOST_COPIES {
            return Err(Error::invalid("augment", format!("0 to {MOST_COPIES} changed copies of each training box")));
        }
        if self.name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(Error::invalid("name", NAME_RULE));
        }
        Ok(())
    }

    /// The solver in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.recipe {
            Recipe::Logistic(_) => "logistic",
            Recipe::Mlp(_) => "mlp",
        }
    }
}

pub(crate) const NAME_RULE: &str = "1 to 80 characters, no control characters";

pub(crate) fn is_name(name: &str) -> bool {
    let length = name.trim().chars().count();
    (1..=80).contains(&length) && !name.chars().any(char::is_control)
}

/// A training as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainHeadRequest {
    /// On whose boxes.
    pub dataset: DatasetName,
    /// How.
    #[serde(flatten)]
    pub options: HeadOptions,
}

impl Workbench {
    /// Starts a job that trains a class head.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Invalid`] for options that make no sense; [`Error::NoAnswer`] when
    /// there are no vectors to learn from.
    pub fn start_train_head(&self, request: &TrainHeadRequest) -> Result<JobId, Error> {
        let mut request = request.clone();
        request.options.check()?;
        let d = &request.dataset;
        self.reader().dataset(d)?;
        let settings = self.open.assist.shared.settings();
        let encoder = chosen_encoder(
            self.reader(),
            (d, EmbeddingOf::Boxes),
            request.options.encoder.as_deref(),
            settings.embedder.as_deref(),
        )?;
        request.options.encoder = Some(encoder.clone());
        let text = serde_json::to_string(&request).map_err(|e| Error::invalid("request", e.to_string()))?;
        self.enqueue("train_head", format!("Train a {} head on {encoder}", request.options.kind()), d, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_flat_and_everything_has_a_default() {
        let request: TrainHeadRequest = serde_json::from_str(r#"{"dataset": "coins"}"#).unwrap();
        assert_eq!(request.options, HeadOptions::default());
        let text = r#"{"dataset": "coins", "seed": 7, "recipe": {"kind": "mlp", "hidden": [384, 192]}}"#;
        let request: TrainHeadRequest = serde_json::from_str(text).unwrap();
        assert_eq!((request.options.seed, request.options.kind()), (7, "mlp"));
        let again = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<TrainHeadRequest>(&again).unwrap(), request);
        assert!(serde_json::from_str::<HeadOptions>(r#"{"sede": 7}"#).is_err());
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        let wrong = [
            HeadOptions { shares: Shares { validation: 0.5, test: 0.5 }, ..HeadOptions::default() },
            HeadOptions { name: Some("  ".into()), ..HeadOptions::default() },
            HeadOptions { augment: AugmentOptions { copies: 21, rare: true }, ..HeadOptions::default() },
            HeadOptions {
                background: BackgroundOptions { kinds: 11, ..BackgroundOptions::default() },
                ..HeadOptions::default()
            },
        ];
        assert!(wrong.iter().all(|options| options.check().is_err()));
        assert!(HeadOptions::default().check().is_ok());
    }
}
