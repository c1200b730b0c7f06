//! The part of a recipe that is about words.

use serde::{Deserialize, Serialize};

use super::recipe::{WindowRecipe, share};
use crate::error::Error;

/// How words are looked for: every class by its name and the words of the dataset's glossary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRecipe {
    /// The detector of words; unless said the preferred one, and without any, regions seen through an encoder's text tower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Only what scores more.
    #[serde(default = "usual_text_score")]
    pub score: f32,
    /// At most so many an image or window, the best.
    #[serde(default = "usual_text_most")]
    pub most: usize,
    /// Words of a class beside its name.
    #[serde(default = "usual_budget")]
    pub budget: Option<usize>,
    /// Largest overlap of two boxes of the same words that are both kept; the model's own unless said, 1 keeps all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nms: Option<f64>,
    /// It looks at overlapping windows, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowRecipe>,
    /// Only classes are asked for that the image as a whole shows with at least this probability, as an encoder with words
    /// says it: cheaper where there are many, and blind to what is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<f32>,
}

fn usual_text_score() -> f32 {
    0.2
}
fn usual_text_most() -> usize {
    100
}
fn usual_budget() -> Option<usize> {
    Some(crate::glossary::BUDGET)
}

impl Default for TextRecipe {
    fn default() -> Self {
        let (score, most, budget) = (usual_text_score(), usual_text_most(), usual_budget());
        Self { model: None, score, most, budget, nms: None, windows: None, gate: None }
    }
}

impl TextRecipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        share("text.score", f64::from(self.score))?;
        self.nms.map_or(Ok(()), |iou| share("text.nms", iou))?;
        self.gate.map_or(Ok(()), |least| share("text.gate", f64::from(least)))?;
        if self.most == 0 {
            return Err(Error::invalid("text.most", "at least 1"));
        }
        self.windows.as_ref().map_or(Ok(()), |windows| windows.check("text"))
    }
}
