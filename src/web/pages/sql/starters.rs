//! Questions to begin with. The statements are part of the page's content and lie beside its template.

use tator_domain::DatasetName;

/// A question to begin with, for one dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// What it asks, from the statement's first line.
    pub title: String,
    /// The statement.
    pub sql: String,
}

macro_rules! starters {
    ($($file:literal),+ $(,)?) => {
        &[$(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/sql/starters/", $file, ".sql"))),+]
    };
}

const STARTERS: &[&str] = starters![
    "class_balance",
    "progress_by_split",
    "images_without_boxes",
    "crowded_images",
    "tiny_boxes",
    "boxes_outside",
    "overlaps",
    "biggest_images",
    "origins",
];

/// The questions, asked of a dataset.
#[must_use]
pub fn starters(dataset: &DatasetName) -> Vec<Starter> {
    STARTERS
        .iter()
        .map(|text| {
            let (title, _) = text.split_once('\n').unwrap_or((text, ""));
            Starter {
                title: title.trim_start_matches("-- ").to_owned(),
                sql: text.trim_end().replace("{dataset}", dataset.as_str()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_starter_has_a_title_and_names_the_dataset() {
        let name: DatasetName = "coins".parse().expect("a valid name");
        for starter in starters(&name) {
            assert!(!starter.title.is_empty() && !starter.title.contains("SELECT"), "{starter:?}");
            assert!(starter.sql.contains("coins.") && !starter.sql.contains('{'), "{starter:?}");
        }
    }
}
