//! The boxes of a cell of the confusion matrix, as pictures.

use std::collections::HashMap;

use askama::Template;
use tator_domain::{BoxId, DatasetName, ImageId};
use tator_pipeline::heads::{HeadRun, TestBox};
use tator_store::{BoxPlace, ImageFilter};

use crate::addresses;
use crate::figures::filters;
use crate::page::Shell;
use crate::pages::sql::result::{Crop, crop};

/// More images than these do not fit an address.
const MOST_IN_ADDRESS: usize = 400;

/// A box of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct BoxCell {
    /// The box.
    pub box_id: BoxId,
    /// How it looks; none when it is gone.
    pub crop: Option<Crop>,
    /// The labeller with it chosen.
    pub href: String,
    /// What it is.
    pub truth: String,
    /// What it is taken for.
    pub predicted: String,
    /// How sure the head is.
    pub sure: String,
    /// The head is right.
    pub right: bool,
}

/// `/d/{dataset}/train/{run}/boxes`
#[derive(Template)]
#[template(path = "train/boxes.html")]
pub struct BoxesPage {
    /// Around the content.
    pub shell: Shell,
    /// The dataset.
    pub dataset: DatasetName,
    /// The run's number.
    pub run: String,
    /// The run's name.
    pub name: String,
    /// What is shown, in words.
    pub title: String,
    /// The surest first.
    pub cells: Vec<BoxCell>,
    /// How many there are.
    pub total: u64,
    /// Gallery and labeller with their images, when these are few enough for an address.
    pub as_images: Option<(String, String)>,
}

impl BoxesPage {
    /// There are more than are shown.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        (self.cells.len() as u64) < self.total
    }

    /// The boxes of a cell of the matrix.
    #[must_use]
    pub fn new(
        shell: Shell,
        dataset: DatasetName,
        run: &HeadRun,
        (truth, predicted): (Option<usize>, Option<usize>),
        found: &[TestBox],
        places: &HashMap<BoxId, BoxPlace>,
    ) -> Self {
        let name = |class: usize| run.classes.get(class).map_or_else(|| "?".to_owned(), |class| class.name.clone());
        let title = match (truth, predicted) {
            (Some(a), Some(b)) if a == b => format!("{}, told right", name(a)),
            (Some(a), Some(b)) => format!("{} taken for {}", name(a), name(b)),
            (Some(a), None) => format!("All of {}", name(a)),
            (None, Some(b)) => format!("Taken for {}", name(b)),
            (None, None) => "All boxes of the test part".to_owned(),
        };
        let mut images: Vec<ImageId> = found.iter().map(|one| one.image_id).collect();
        images.sort_unstable();
        images.dedup();
        let cell = |one: &TestBox| BoxCell {
            box_id: one.box_id,
            crop: places.get(&one.box_id).map(|place| crop(&dataset, place)),
            href: addresses::label(&dataset, one.image_id, Some(one.box_id), &among(&images)),
            truth: name(one.truth),
            predicted: name(one.predicted),
            sure: format!("{:.0} %", one.probability * 100.0),
            right: one.truth == one.predicted,
        };
        let cells = found.iter().take(super::MOST_BOXES).map(cell).collect();
        let as_images = addresses::as_images(&dataset, &images);
        let (total, run, name) = (found.len() as u64, run.id.clone(), run.name.clone());
        Self { shell, dataset, run, name, title, cells, total, as_images }
    }
}

/// The images of a queue; too many for an address are all images.
fn among(images: &[ImageId]) -> ImageFilter {
    let list = images.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let condition = (images.len() <= MOST_IN_ADDRESS).then(|| format!("image_id IN ({list})"));
    ImageFilter { condition, ..ImageFilter::default() }
}
