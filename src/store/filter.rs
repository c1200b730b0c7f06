//! Which images are meant: the gallery's filter, kept in the address bar, and the same as SQL.

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, ImageState, Split};

/// A choice of images. Empty means all. Parts are joined by AND.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageFilter {
    /// Only images in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<ImageState>,
    /// Only images of this split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Split>,
    /// Only images with a box of this class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<ClassId>,
    /// Only images whose path holds this text, in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Only images with this tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only images with comments that nobody has dealt with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<CommentFilter>,
    /// Only images of this work package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<i64>,
    /// Only images for which this SQL condition over `images` (and `boxes`, `classes`, `tags`, `comments`, `package_images`
    /// in sub-queries) is true.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// Which images with open comments are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentFilter {
    /// With any that is open.
    Open,
    /// With one by which a reviewer sent the image back.
    SentBack,
}

impl CommentFilter {
    /// The word in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SentBack => "sent_back",
        }
    }
}

impl std::str::FromStr for CommentFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Open, Self::SentBack]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or_else(|| "use open or sent_back".into())
    }
}

impl ImageFilter {
    /// The condition that stands after WHERE, true for the images that are meant; literals are quoted in it.
    #[must_use]
    pub(crate) fn predicate(&self) -> String {
        let mut parts = Vec::new();
        if let Some(state) = self.state {
            parts.push(format!("state = '{state}'"));
        }
        if let Some(split) = self.split {
            parts.push(format!("split = '{split}'"));
        }
        if let Some(class) = self.class {
            parts.push(format!("image_id IN (SELECT image_id FROM boxes WHERE class_id = {class})"));
        }
        if let Some(text) = self.text.as_deref().filter(|t| !t.is_empty()) {
            parts.push(format!("contains(lower(path), {})", quote_text(&text.to_lowercase())));
        }
        if let Some(tag) = self.tag.as_deref().filter(|t| !t.is_empty()) {
            parts.push(format!(
                "image_id IN (SELECT image_id FROM tags WHERE tag = {})",
                quote_text(&tag.to_lowercase())
            ));
        }
        if let Some(comments) = self.comments {
            let kind = if comments == CommentFilter::SentBack { " AND kind = 'sent_back'" } else { "" };
            parts.push(format!("image_id IN (SELECT image_id FROM comments WHERE resolved_at IS NULL{kind})"));
        }
        if let Some(package) = self.package {
            parts.push(format!("image_id IN (SELECT image_id FROM package_images WHERE package_id = {package})"));
        }
        if let Some(condition) = self.condition.as_deref().filter(|c| !c.trim().is_empty()) {
            parts.push(format!("(\n{condition}\n)"));
        }
        if parts.is_empty() { "true".to_owned() } else { parts.join("\n  AND ") }
    }

    /// The filter as a statement a person can run on the SQL page.
    #[must_use]
    pub fn as_sql(&self, dataset: &DatasetName) -> String {
        let tables = ["boxes", "tags", "comments", "package_images"];
        let predicate = tables.iter().fold(self.predicate(), |text, table| {
            text.replace(&format!("FROM {table}"), &format!("FROM {dataset}.{table}"))
        });
        let filtered = if predicate == "true" { String::new() } else { format!("\nWHERE {predicate}") };
        format!(
            "SELECT image_id, path, width, height, split, state, n_boxes\nFROM {dataset}.images{filtered}\nORDER BY image_id"
        )
    }
}

/// A SQL text literal.
pub(crate) fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_quotes() {
        let filter = ImageFilter { text: Some("a' OR 'b".into()), ..ImageFilter::default() };
        assert_eq!(filter.predicate(), "contains(lower(path), 'a'' or ''b')");
    }
}
