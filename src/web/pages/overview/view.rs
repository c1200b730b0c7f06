//! What the page of one dataset shows.

use askama::Template;
use tator_domain::{ClassId, Timestamp};
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
    /// The class whose forms are shown, and every other living class by name.
    pub edited: Option<Edited>,
    /// What was wrong with the form that came back, if one did.
    pub wrong: Option<Wrong>,
}

/// A class in hand.
pub struct Edited {
    /// The class.
    pub class: ClassBar,
    /// What it may be merged into.
    pub others: Vec<ClassBar>,
}

/// Words for a form that came back.
pub enum Wrong {
    /// About the export.
    Export(String),
    /// About the class in hand.
    Class(String),
}

/// How many classes the page lists; the rest is a query away.
pub const SHOWN_CLASSES: usize = 200;

impl Page {
    /// The page from what the store tells.
    #[must_use]
    pub fn new(
        shell: Shell,
        summary: &DatasetSummary,
        classes: &[ClassCount],
        in_hand: Option<ClassId>,
        wrong: Option<Wrong>,
    ) -> Self {
        let splits: Vec<_> = summary.splits.iter().map(|(split, n)| (split.as_str(), *n)).collect();
        let mut bars = class_bars(classes);
        let edited = in_hand.and_then(|id| edited(&bars, id));
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
            edited,
            wrong,
        }
    }

    /// Boxes per image with one decimal.
    #[must_use]
    pub fn density(&self) -> String {
        if self.images == 0 { "–".to_owned() } else { format!("{:.1}", self.boxes as f64 / self.images as f64) }
    }

    /// The forms of this class are shown.
    #[must_use]
    pub fn edits(&self, class: &ClassBar) -> Option<&Edited> {
        self.edited.as_ref().filter(|edited| edited.class.class_id == class.class_id)
    }

    /// What was wrong with the export.
    #[must_use]
    pub fn wrong_export(&self) -> Option<&str> {
        match &self.wrong {
            Some(Wrong::Export(words)) => Some(words),
            _ => None,
        }
    }

    /// What was wrong with the change of the class in hand.
    #[must_use]
    pub fn wrong_class(&self) -> Option<&str> {
        match &self.wrong {
            Some(Wrong::Class(words)) => Some(words),
            _ => None,
        }
    }

    /// The page lists fewer classes than there are.
    #[must_use]
    pub fn more_classes(&self) -> bool {
        (self.classes.len() as u64) < self.n_classes
    }
}

fn edited(bars: &[ClassBar], id: ClassId) -> Option<Edited> {
    let class = bars.iter().find(|bar| bar.class_id == id)?.clone();
    let mut others: Vec<ClassBar> = bars.iter().filter(|bar| bar.class_id != id).cloned().collect();
    others.sort_by_key(|bar| bar.name.to_lowercase());
    Some(Edited { class, others })
}
