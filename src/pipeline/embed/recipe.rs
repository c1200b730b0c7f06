//! How a picture is cut out before it is embedded: the words that stand in tables and keys.

use tator_domain::PixelBox;
use tator_store::EmbeddingOf;
use tator_vision::{Picture, Surroundings};

use crate::error::Error;

/// Margin around a box, as a share of its longer side: encoders that look at the middle still see all of the box.
pub const USUAL_PADDING: f64 = 0.15;
const MOST_PADDING: f64 = 2.0;

/// A way to cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Recipe {
    /// The whole upright picture.
    Whole,
    /// A square around the box with a margin on each side, moved into the picture where it would stick out.
    Square {
        /// The margin as a share of the longer side.
        padding: f64,
        /// What is shown around the box.
        around: Surroundings,
    },
}

impl Recipe {
    /// The usual cut of a box.
    pub const USUAL: Self = Self::Square { padding: USUAL_PADDING, around: Surroundings::Full };

    /// The usual cut for a kind of table, or one with another margin or other surroundings.
    pub fn of(of: EmbeddingOf, padding: Option<f64>, around: Option<Surroundings>) -> Result<Self, Error> {
        let padding = padding.unwrap_or(USUAL_PADDING);
        if !(0.0..=MOST_PADDING).contains(&padding) {
            return Err(Error::invalid(
                "padding",
                format!("between 0 and {MOST_PADDING}, as a share of the longer side"),
            ));
        }
        Ok(match of {
            EmbeddingOf::Images => Self::Whole,
            EmbeddingOf::Boxes => Self::Square { padding, around: around.unwrap_or_default() },
        })
    }

    /// The words of it.
    pub fn words(self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::Square { padding, around: Surroundings::Full } => format!("square, padding {padding}"),
            Self::Square { padding, around } => format!("square, padding {padding}, around {around}"),
        }
    }

    /// Read back.
    pub fn parse(words: &str) -> Option<Self> {
        if words == "whole" {
            return Some(Self::Whole);
        }
        let rest = words.strip_prefix("square, padding ")?;
        let (padding, around) = rest.split_once(", around ").unwrap_or((rest, "full"));
        Some(Self::Square { padding: padding.parse().ok()?, around: around.parse().ok()? })
    }

    /// Cuts a box out of a picture.
    pub fn cut(self, picture: &Picture, rect: &PixelBox) -> Result<Picture, Error> {
        let Self::Square { padding, around } = self else { return Self::USUAL.cut(picture, rect) };
        picture.square_in(rect, padding, around).map_err(|e| Error::invalid("box", e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        let square = |padding, around| Recipe::Square { padding, around };
        let blurred = square(0.3, Surroundings::Blur);
        for recipe in [Recipe::Whole, Recipe::USUAL, square(0.0, Surroundings::Full), blurred] {
            assert_eq!(Recipe::parse(&recipe.words()), Some(recipe));
        }
        assert_eq!(Recipe::USUAL.words(), "square, padding 0.15", "tables of older versions say so");
        assert_eq!((Recipe::parse("round"), Recipe::parse("square, padding 0.1, around us")), (None, None));
        assert!(Recipe::of(EmbeddingOf::Boxes, Some(f64::NAN), None).is_err());
        assert!(Recipe::of(EmbeddingOf::Boxes, Some(-0.1), None).is_err());
    }
}
