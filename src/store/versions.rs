//! Named versions of the published tables: what a training run was made of, kept until the dataset goes.

use serde::Serialize;
use tator_domain::{DatasetName, Timestamp};

use crate::Error;
use crate::engine::lock;
use crate::reader::find_dataset;
use crate::writer::Writer;

/// A state of a dataset that somebody gave a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedVersion {
    /// Its name, which is the tag of each of the three tables.
    pub name: String,
    /// When it was named.
    pub named_at: Option<Timestamp>,
    /// Version number of the boxes.
    pub version: u64,
    /// Images in it.
    pub images: u64,
    /// Boxes in it.
    pub boxes: u64,
}

impl Writer {
    /// Publishes, then names this version of the tables; a named version outlives compaction and clean-up.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a name that Lance does not take; [`Error::Exists`].
    pub fn name_version(&self, dataset: &DatasetName, name: &str) -> Result<NamedVersion, Error> {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if name.is_empty() || name.len() > 60 || !plain || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            let rule = "a version's name has letters, digits, '.', '_' and '-', begins with a letter or digit, and has 60 characters at most";
            return Err(Error::Invalid(rule.into()));
        }
        self.reader.engine.with(|c| find_dataset(c, dataset))?;
        self.fold(dataset)?;
        let lance = lock(&self.lance);
        if lance.tags(&self.table(dataset, "boxes"))?.iter().any(|tag| tag.name == name) {
            return Err(Error::Exists(format!("version {name} of {dataset}")));
        }
        // The boxes come last: a version that was cut off before them is not listed, and may be named again.
        for table in ["images", "classes", "boxes"] {
            lance.tag(&self.table(dataset, table), name)?;
        }
        drop(lance);
        let found = self.named_versions(dataset)?.into_iter().find(|version| version.name == name);
        found.ok_or_else(|| Error::NotFound(format!("version {name} of {dataset}")))
    }

    /// The named versions of a dataset, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Lance`] when a table cannot be opened.
    pub fn named_versions(&self, dataset: &DatasetName) -> Result<Vec<NamedVersion>, Error> {
        self.reader.engine.with(|c| find_dataset(c, dataset))?;
        let (images, boxes) = (self.table(dataset, "images"), self.table(dataset, "boxes"));
        if !boxes.exists() {
            return Ok(Vec::new());
        }
        let lance = lock(&self.lance);
        let mut named = Vec::new();
        for tag in lance.tags(&boxes)? {
            named.push(NamedVersion {
                images: lance.rows_at(&images, &tag.name)?,
                boxes: lance.rows_at(&boxes, &tag.name)?,
                name: tag.name,
                named_at: tag.named_at,
                version: tag.version,
            });
        }
        named.sort_by(|a, b| (b.named_at, &b.name).cmp(&(a.named_at, &a.name)));
        Ok(named)
    }
}
