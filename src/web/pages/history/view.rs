//! What the history of a dataset shows.

use askama::Template;
use tator_domain::{DatasetName, ImageId};
use tator_store::Change;

use crate::addresses;
use crate::figures::filters;
use crate::page::Shell;

/// Changes on one page.
pub const PAGE: usize = 100;

/// `/d/{dataset}/history`
#[derive(Template)]
#[template(path = "history/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// Newest first.
    pub changes: Vec<Change>,
    /// The page begins with older changes than the newest.
    pub older: bool,
}

impl Page {
    /// The page with the changes before these, when there may be any.
    #[must_use]
    pub fn next(&self) -> Option<String> {
        let last = self.changes.last().filter(|_| self.changes.len() >= PAGE)?;
        Some(format!("/d/{}/history?before={}", self.dataset, last.change_id))
    }

    /// The labeller with the image of a change.
    #[must_use]
    pub fn open(&self, image: &ImageId) -> String {
        addresses::label(&self.dataset, *image, None, &tator_store::ImageFilter::default())
    }

    /// The picture of a change.
    #[must_use]
    pub fn picture(&self, image: &ImageId) -> String {
        addresses::thumbnail(&self.dataset, *image, 192)
    }
}
