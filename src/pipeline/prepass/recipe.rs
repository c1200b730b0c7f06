//! A recipe: what looks at the images, how, and how what it finds is put together. TOML, checked to the last key.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tator_learning::fusion;

use super::text_recipe::TextRecipe;
use crate::error::Error;

/// The recipes that come with the program, by name.
pub const PRESETS: &[(&str, &str)] =
    &[("fast", include_str!("presets/fast.toml")), ("thorough", include_str!("presets/thorough.toml"))];

/// Every detector that is at hand.
pub(super) const EVERY_MODEL: &str = "*";

/// What a prepass does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Runs are called after it.
    #[serde(default = "usual_name")]
    pub name: String,
    /// All chance comes from it.
    #[serde(default = "usual_seed")]
    pub seed: u64,
    /// Models of fixed classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detectors: Vec<DetectorRecipe>,
    /// Classes of models that are classes of the dataset under another name; an empty name leaves one out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, String>,
    /// The classes, by their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextRecipe>,
    /// Whatever looks like boxes that are there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<SimilarityRecipe>,
    /// How everything is put together.
    #[serde(default)]
    pub fusion: FusionRecipe,
}

/// How one model looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorRecipe {
    /// Its name, or `*` for every detector at hand that the recipe does not name.
    pub model: String,
    /// Only what scores more.
    #[serde(default = "usual_score")]
    pub score: f32,
    /// At most so many an image or window, the best.
    #[serde(default = "usual_most")]
    pub most: usize,
    /// Largest overlap of two boxes of a class that are both kept; the model's own unless said, 1 keeps all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nms: Option<f64>,
    /// Boxes of different classes suppress each other, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub across_classes: bool,
    /// Every class of a place that scores enough, not its best alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub every_class: bool,
    /// It looks at the whole image.
    #[serde(default = "yes")]
    pub full: bool,
    /// It looks at overlapping windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowRecipe>,
    /// As the recipe's table of classes, for this model alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, String>,
}

/// How an image is cut, and how what its windows show is put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRecipe {
    /// Side of a window in pixels; as many as the image's size asks for unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<u32>,
    /// Share that neighbours have in common.
    #[serde(default = "usual_overlap")]
    pub overlap: f64,
    /// How boxes of neighbouring windows are joined.
    #[serde(default)]
    pub merge: Merge,
    /// What overlap is measured by.
    #[serde(default)]
    pub metric: Metric,
    /// From which overlap on they are joined.
    #[serde(default = "half")]
    pub threshold: f64,
    /// Boxes of different classes are joined, too, under the class of the better one; the detector's own unless said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub across_classes: bool,
}

/// How boxes of one source that overlap become fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// The best stays (non-maximum suppression).
    #[default]
    Nms,
    /// The best grows over what it overlaps (SAHI's GREEDYNMM).
    GreedyNmm,
    /// It grows over what those overlap, too (SAHI's NMM).
    Nmm,
    /// Scores fall with overlap, nothing goes at once (Soft-NMS).
    SoftNms,
    /// All stay.
    None,
}

/// What overlap is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Intersection over union.
    #[default]
    Iou,
    /// Intersection over the smaller box.
    Ios,
}

/// How look-alikes are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimilarityRecipe {
    /// The image encoder; the preferred one unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// Which boxes are the examples.
    #[serde(default)]
    pub strategy: Strategy,
    /// Cosine from which on something looks alike.
    #[serde(default = "alike")]
    pub score: f32,
    /// Boxes that are examples score at least this.
    #[serde(default = "good_example")]
    pub least: f64,
    /// Examples of a class, of an image and of the dataset each.
    #[serde(default = "three")]
    pub count: usize,
    /// Most examples of a class, strategy `diverse`.
    #[serde(default = "twelve")]
    pub most: usize,
    /// What other sources found on the same image are examples.
    #[serde(default = "yes")]
    pub same_image: bool,
    /// Labelled boxes of the whole dataset are examples.
    #[serde(default = "yes")]
    pub dataset: bool,
    /// Windows of the examples' size are looked at, too, not only what others found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub windows: bool,
}

/// Which boxes are examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Those that score best.
    #[default]
    Top,
    /// Any that score enough.
    Random,
    /// Good ones, of every source, far from each other.
    Diverse,
}

/// How everything is put together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FusionRecipe {
    /// Which box and score a candidate has.
    pub mode: Mode,
    /// Overlap from which on two boxes of a class are one candidate.
    pub iou: f64,
    /// The same for boxes of different classes; they stay apart unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_class_iou: Option<f64>,
    /// The scale on which scores of different sources are compared.
    pub calibrate: Calibrate,
    /// A box without a score goes unless it overlaps one that has by this much; 0 keeps all.
    pub scoreless_iou: f64,
}

/// Which box and score a candidate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Those of its best box.
    #[default]
    Primary,
    /// Score of its best box, its place the mean of all, weighted by score.
    Weighted,
    /// Both fused: weighted boxes fusion.
    Wbf,
}

/// How scores are made comparable: a map for each source, fitted on the labelled images of the run, each fold by the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibrate {
    /// They are compared as they are.
    None,
    /// A sigmoid: keeps every source's own order.
    #[default]
    Platt,
    /// Rising steps.
    Isotonic,
}

impl Default for FusionRecipe {
    fn default() -> Self {
        Self { mode: Mode::Primary, iou: 0.75, cross_class_iou: None, calibrate: Calibrate::Platt, scoreless_iou: 0.0 }
    }
}

fn usual_name() -> String {
    "run".into()
}
fn usual_seed() -> u64 {
    42
}
fn usual_score() -> f32 {
    0.1
}
fn usual_most() -> usize {
    300
}
fn usual_overlap() -> f64 {
    0.2
}
fn half() -> f64 {
    0.5
}
fn alike() -> f32 {
    0.7
}
fn good_example() -> f64 {
    0.6
}
fn three() -> usize {
    3
}
fn twelve() -> usize {
    12
}
fn yes() -> bool {
    true
}

impl Recipe {
    /// The recipe of a text.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the place and what is wrong.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let recipe: Self = toml::from_str(text).map_err(|e| Error::invalid("recipe", e.to_string().trim_end()))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The preset of that name.
    #[must_use]
    pub fn preset(name: &str) -> Option<&'static str> {
        PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// As text.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a value cannot be written as TOML.
    pub fn to_text(&self) -> Result<String, Error> {
        toml::to_string(self).map_err(|e| Error::invalid("recipe", e.to_string()))
    }

    /// Whether look-alikes are found without anybody who looked before.
    pub(super) fn looks_alone(&self) -> bool {
        self.similarity.as_ref().is_some_and(|similarity| similarity.windows && similarity.dataset)
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the key.
    pub fn check(&self) -> Result<(), Error> {
        self.name.parse::<tator_domain::RunName>().map_err(|e| Error::invalid("recipe name", e.to_string()))?;
        if self.detectors.is_empty() && self.text.is_none() && !self.looks_alone() {
            let text = "nothing looks at the images: it needs a [[detectors]], [text], or [similarity] with windows and dataset";
            return Err(Error::invalid("recipe", text));
        }
        if let Some(text) = &self.text {
            text.check()?;
        }
        let mut named = BTreeSet::new();
        for detector in &self.detectors {
            detector.check()?;
            if !named.insert(&detector.model) {
                return Err(Error::invalid("detectors", format!("{} is there twice", detector.model)));
            }
        }
        if let Some(SimilarityRecipe { score, least, count, most, same_image, dataset, .. }) = &self.similarity {
            share("similarity.score", f64::from(*score))?;
            share("similarity.least", *least)?;
            if *count == 0 || *most < *count {
                return Err(Error::invalid("similarity.count", "at least 1, and no more than most"));
            }
            if !same_image && !dataset {
                return Err(Error::invalid("similarity", "without same_image and dataset there are no examples"));
            }
        }
        share("fusion.iou", self.fusion.iou)?;
        share("fusion.scoreless_iou", self.fusion.scoreless_iou)?;
        self.fusion.cross_class_iou.map_or(Ok(()), |iou| share("fusion.cross_class_iou", iou))
    }
}

impl DetectorRecipe {
    fn check(&self) -> Result<(), Error> {
        let field = |name: &str| format!("detectors.{}.{name}", self.model);
        share(&field("score"), f64::from(self.score))?;
        self.nms.map_or(Ok(()), |iou| share(&field("nms"), iou))?;
        if self.most == 0 {
            return Err(Error::invalid(field("most"), "at least 1"));
        }
        if !self.full && self.windows.is_none() {
            return Err(Error::invalid(field("full"), "without the whole image and without windows it sees nothing"));
        }
        self.windows.as_ref().map_or(Ok(()), |windows| windows.check(&format!("detectors.{}", self.model)))
    }
}

pub(super) fn share(field: &str, value: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(field, format!("{value} is not between 0 and 1")))
}

impl WindowRecipe {
    pub(super) fn check(&self, of: &str) -> Result<(), Error> {
        share(&format!("{of}.windows.threshold"), self.threshold)?;
        if !(0.0..=0.9).contains(&self.overlap) || self.side.is_some_and(|side| side < 32) {
            let text = "a side of at least 32 pixels, an overlap of 0 to 0.9";
            return Err(Error::invalid(format!("{of}.windows"), text));
        }
        Ok(())
    }

    pub(super) fn overlap_rule(&self) -> fusion::Overlap {
        let metric = match self.metric {
            Metric::Iou => fusion::Metric::Iou,
            Metric::Ios => fusion::Metric::Ios,
        };
        fusion::Overlap { metric, limit: fusion::Limit::From(self.threshold), class_agnostic: self.across_classes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_sound_and_named_as_they_are_called() {
        for (name, text) in PRESETS {
            let recipe = Recipe::parse(text).unwrap();
            assert_eq!(recipe.name, *name);
            assert_eq!(Recipe::parse(&recipe.to_text().unwrap()).unwrap(), recipe);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let refused = |text: &str| Recipe::parse(text).unwrap_err().to_string();
        for (text, says) in [
            ("", "[[detectors]]"),
            ("[[detectors]]\nmodel = 'a'\nscroe = 0.1", "scroe"),
            ("[[detectors]]\nmodel = 'a'\nscore = 1.5", "detectors.a.score"),
            ("[[detectors]]\nmodel = 'a'\n[[detectors]]\nmodel = 'a'", "twice"),
            ("[[detectors]]\nmodel = 'a'\nfull = false", "sees nothing"),
            ("[[detectors]]\nmodel = 'a'\nwindows = { side = 640, overlap = 0.95 }", "overlap"),
            ("[text]\nscore = 2.0", "text.score"),
            ("[text]\nwindows = { overlap = 1.0 }", "text.windows"),
            ("[[detectors]]\nmodel = 'a'\n[fusion]\nmode = 'max'", "mode"),
            ("name = 'A b'\n[[detectors]]\nmodel = 'a'", "name"),
        ] {
            assert!(refused(text).contains(says), "{text}: {}", refused(text));
        }
    }
}
