//! What the list of datasets shows.

use askama::Template;
use tator_domain::{DatasetName, ImageId, Timestamp};
use tator_store::{ClassCount, DatasetSummary, ImageHome};

use crate::addresses;
use crate::bars::{ClassBar, Slice, class_bars, slices, state_slices};
use crate::figures::filters;
use crate::page::Shell;

/// `/datasets`
#[derive(Template)]
#[template(path = "datasets/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// One row per dataset.
    pub rows: Vec<Row>,
}

/// One dataset of the list.
pub struct Row {
    /// Its name.
    pub name: DatasetName,
    /// What its boxes are.
    pub task: String,
    /// The folder its images are left in, when it is linked.
    pub folder: Option<String>,
    /// Images.
    pub images: u64,
    /// Boxes.
    pub boxes: u64,
    /// Living classes.
    pub classes: u64,
    /// Images by state.
    pub states: Vec<Slice>,
    /// Images by split, those that have any.
    pub splits: Vec<Slice>,
    /// The largest classes.
    pub balance: Vec<ClassBar>,
    /// Some of its images.
    pub previews: Vec<ImageId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How many classes the little balance shows.
pub const BALANCE_CLASSES: usize = 16;
/// How many pictures a row shows.
pub const PREVIEWS: usize = 5;

impl Row {
    /// A row from what the store tells.
    #[must_use]
    pub fn new(summary: &DatasetSummary, classes: &[ClassCount], previews: Vec<ImageId>) -> Self {
        let mut balance = class_bars(classes);
        balance.truncate(BALANCE_CLASSES);
        let splits: Vec<_> = summary.splits.iter().map(|(split, n)| (split.as_str(), *n)).collect();
        Self {
            name: summary.name.clone(),
            task: summary.task.clone(),
            folder: match &summary.home {
                ImageHome::Managed => None,
                ImageHome::Linked { folder } => Some(folder.display().to_string()),
            },
            images: summary.images,
            boxes: summary.boxes,
            classes: summary.classes,
            states: state_slices(&summary.states),
            splits: slices(&splits).into_iter().filter(|slice| slice.n > 0).collect(),
            balance,
            previews,
            created_at: summary.created_at,
        }
    }

    /// The balance in words, for those who do not see it.
    #[must_use]
    pub fn balance_words(&self) -> String {
        let words: Vec<_> = self.balance.iter().map(|class| format!("{} {}", class.name, class.n_boxes)).collect();
        format!("Boxes by class: {}", words.join(", "))
    }

    /// The states in words.
    #[must_use]
    pub fn states_words(&self) -> String {
        let words: Vec<_> = self.states.iter().map(|slice| format!("{} {}", slice.n, slice.name())).collect();
        format!("Images: {}", words.join(", "))
    }

    /// Address of a preview picture.
    #[must_use]
    pub fn picture(&self, image: &ImageId) -> String {
        addresses::thumbnail(&self.name, *image, 192)
    }
}
