//! What the page of one dataset shows.

use askama::Template;
use tator_domain::Timestamp;
use tator_store::{ClassCount, DatasetSummary, ImageHome};

use crate::bars::{ClassBar, Slice, class_bars, slices, state_slices};
use crate::figures::filters;
use crate::page::Shell;

/// `/d/{dataset}`
#[derive(Template)]
#[template(path = "overview/page.html")]
pub struct Page {
    /// Around the content.
    pub shell: Shell,
    /// The dataset's name.
    pub name: String,
    /// What its boxes are.
    pub task: String,
    /// The folder its images are left in, when it is linked.
    pub folder: Option<String>,
    /// Images.
    pub images: u64,
    /// Boxes.
    pub boxes: u64,
    /// Images by state.
    pub states: Vec<Slice>,
    /// Images by split.
    pub splits: Vec<Slice>,
    /// Classes, largest first, at most [`SHOWN_CLASSES`].
    pub classes: Vec<ClassBar>,
    /// How many living classes there are in all.
    pub n_classes: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// What was wrong with the form that came back, if one did.
    pub wrong: Option<String>,
}

/// How many classes the page lists; the rest is a query away.
pub const SHOWN_CLASSES: usize = 200;

impl Page {
    /// The page from what the store tells.
    #[must_use]
    pub fn new(shell: Shell, summary: &DatasetSummary, classes: &[ClassCount], wrong: Option<String>) -> Self {
        let splits: Vec<_> = summary.splits.iter().map(|(split, n)| (split.as_str(), *n)).collect();
        let mut bars = class_bars(classes);
        bars.truncate(SHOWN_CLASSES);
        Self {
            shell,
            name: summary.name.to_string(),
            task: summary.task.clone(),
            folder: match &summary.home {
                ImageHome::Managed => None,
                ImageHome::Linked { folder } => Some(folder.display().to_string()),
            },
            images: summary.images,
            boxes: summary.boxes,
            states: state_slices(&summary.states),
            splits: slices(&splits),
            classes: bars,
            n_classes: summary.classes,
            created_at: summary.created_at,
            wrong,
        }
    }

    /// Boxes per image with one decimal.
    #[must_use]
    pub fn density(&self) -> String {
        if self.images == 0 { "–".to_owned() } else { format!("{:.1}", self.boxes as f64 / self.images as f64) }
    }

    /// The page lists fewer classes than there are.
    #[must_use]
    pub fn more_classes(&self) -> bool {
        (self.classes.len() as u64) < self.n_classes
    }
}
