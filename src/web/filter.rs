//! The gallery's filter as it stands in an address: `?state=&split=&class=&text=&tag=&comments=&package=&where=`. Empty fields mean nothing.

use std::str::FromStr;

use serde::Deserialize;
use tator_store::ImageFilter;

use crate::error::{WebError, WebResult};

/// The filter's fields as text. Flatten it into the query of a page or of an API address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FilterQuery {
    /// State of the image.
    pub state: Option<String>,
    /// Part of the dataset.
    pub split: Option<String>,
    /// Number of a class.
    pub class: Option<String>,
    /// Part of the path.
    pub text: Option<String>,
    /// Tag.
    pub tag: Option<String>,
    /// Which open comments: `open` or `sent_back`.
    pub comments: Option<String>,
    /// Number of a work package.
    pub package: Option<String>,
    /// SQL condition.
    #[serde(rename = "where")]
    pub condition: Option<String>,
}

impl FilterQuery {
    /// The filter that is meant.
    ///
    /// # Errors
    /// When a field is not what it should be; the message names it and what would do.
    pub fn filter(self) -> WebResult<ImageFilter> {
        Ok(ImageFilter {
            state: parsed("state", self.state.as_deref())?,
            split: parsed("split", self.split.as_deref())?,
            class: parsed("class", self.class.as_deref())?,
            tag: self.tag.filter(|tag| !tag.is_empty()),
            comments: parsed("comments", self.comments.as_deref())?,
            package: parsed("package", self.package.as_deref())?,
            text: self.text.filter(|text| !text.is_empty()),
            condition: self.condition.filter(|condition| !condition.trim().is_empty()),
        })
    }
}

/// A field of a query; empty is the same as absent.
///
/// # Errors
/// When it is there and cannot be read.
pub fn parsed<T: FromStr<Err: std::fmt::Display>>(field: &str, text: Option<&str>) -> WebResult<Option<T>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| WebError::invalid(field, format!("{field} {text:?}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tator_domain::ImageState;

    #[test]
    fn an_empty_form_means_all_images() {
        let empty = || Some(String::new());
        let query = FilterQuery {
            state: empty(),
            split: empty(),
            class: empty(),
            text: empty(),
            tag: empty(),
            comments: empty(),
            package: empty(),
            condition: empty(),
        };
        assert_eq!(query.filter().unwrap(), ImageFilter::default());
    }

    #[test]
    fn a_wrong_field_is_named() {
        let good = FilterQuery { state: Some("reviewed".into()), ..FilterQuery::default() };
        assert_eq!(good.filter().unwrap().state, Some(ImageState::Reviewed));
        let bad = FilterQuery { class: Some("../1".into()), ..FilterQuery::default() };
        let error = bad.filter().unwrap_err();
        assert_eq!((error.status.as_u16(), error.details.unwrap()["field"].as_str().unwrap()), (422, "class"));
    }
}
