//! People: what they are called, and the kinds of things they leave on images and share among themselves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::{BadName, text_enum};

/// What a person is called; it stands as the author in the history. A name is a claim, not a proof: everybody who is let
/// in shares one token or password.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PersonName(String);

/// The author while nobody has said a name.
const NOBODY: &str = "human";

impl PersonName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for PersonName {
    fn default() -> Self {
        Self(NOBODY.to_owned())
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PersonName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        plain_words(text, 60).map(Self).ok_or_else(|| BadName::new("name", text, "1 to 60 visible characters"))
    }
}

impl<'de> Deserialize<'de> for PersonName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The words of one line with single spaces between them; `None` when there is nothing to see, or too much.
#[must_use]
pub fn plain_words(text: &str, longest: usize) -> Option<String> {
    // Marks that turn the direction of writing would let one name pass for another.
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    (!line.is_empty() && line.chars().count() <= longest && !line.chars().any(hidden)).then_some(line)
}

text_enum! {
    /// Why somebody wrote a comment.
    pub enum CommentKind {
        /// A remark.
        Note = "note",
        /// A reviewer wants something done again; whoever labels sees these images first.
        SentBack = "sent_back",
    }
}

text_enum! {
    /// What is to be done with the images of a package.
    pub enum PackageKind {
        /// An image is finished when it is labelled, reviewed or skipped.
        Label = "label",
        /// An image is finished when it is reviewed or skipped.
        Review = "review",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_that_can_be_seen() {
        assert_eq!("  Zoë  van  der Meer ".parse::<PersonName>().map(|n| n.to_string()), Ok("Zoë van der Meer".into()));
        for bad in ["", "   ", "a\u{7}b", "\u{202e}eve", &"x".repeat(61)] {
            assert!(bad.parse::<PersonName>().is_err(), "{bad:?}");
        }
        assert_eq!(PersonName::default().as_str(), "human");
    }
}
