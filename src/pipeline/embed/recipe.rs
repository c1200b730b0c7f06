//! How a picture is cut out before it is embedded: the words that stand in tables and keys.

use tator_domain::PixelBox;
use tator_store::EmbeddingOf;
use tator_vision::Picture;

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
    },
}

impl Recipe {
    /// The usual cut for a kind of table, or one with another margin.
    pub fn of(of: EmbeddingOf, padding: Option<f64>) -> Result<Self, Error> {
        let padding = padding.unwrap_or(USUAL_PADDING);
        if !(0.0..=MOST_PADDING).contains(&padding) {
            return Err(Error::invalid(
                "padding",
                format!("between 0 and {MOST_PADDING}, as a share of the longer side"),
            ));
        }
        Ok(match of {
            EmbeddingOf::Images => Self::Whole,
            EmbeddingOf::Boxes => Self::Square { padding },
        })
    }

    /// The words of it.
    pub fn words(self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::Square { padding } => format!("square, padding {padding}"),
        }
    }

    /// Read back.
    pub fn parse(words: &str) -> Option<Self> {
        if words == "whole" {
            return Some(Self::Whole);
        }
        let padding = words.strip_prefix("square, padding ")?.parse().ok()?;
        Some(Self::Square { padding })
    }

    /// Cuts a box out of a picture.
    pub fn cut(self, picture: &Picture, rect: &PixelBox) -> Result<Picture, Error> {
        let padding = if let Self::Square { padding } = self { padding } else { USUAL_PADDING };
        picture.square_around(rect, padding).map_err(|e| Error::invalid("box", e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for recipe in [Recipe::Whole, Recipe::Square { padding: 0.15 }, Recipe::Square { padding: 0.0 }] {
            assert_eq!(Recipe::parse(&recipe.words()), Some(recipe));
        }
        assert_eq!(Recipe::parse("round"), None);
        assert!(Recipe::of(EmbeddingOf::Boxes, Some(f64::NAN)).is_err());
        assert!(Recipe::of(EmbeddingOf::Boxes, Some(-0.1)).is_err());
    }
}
