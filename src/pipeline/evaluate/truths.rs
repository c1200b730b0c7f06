//! The truth of a dataset, as the evaluator takes it.

use std::collections::{BTreeMap, BTreeSet};

use tator_domain::{BoxId, ClassId, DatasetName, ImageId};
use tator_store::{ImageFilter, Reader, TrueBox};

use super::{Detection, Truth};
use crate::error::Error;

/// The trusted boxes of images that are labelled or reviewed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Truths {
    /// The boxes, by image and number.
    pub rows: Vec<Truth>,
    /// Number of the box of each row.
    pub box_ids: Vec<BoxId>,
    /// Every image that was looked through, also those without boxes.
    pub images: BTreeSet<ImageId>,
    /// Names of the living classes.
    pub classes: BTreeMap<ClassId, String>,
}

impl Truths {
    /// Reads the truth of the images for which a SQL condition holds, of all without one.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Invalid`] when no such image is labelled.
    pub fn read(reader: &Reader, d: &DatasetName, condition: Option<&str>) -> Result<Self, Error> {
        let truths = Self::read_any(reader, d, condition)?;
        if truths.images.is_empty() {
            let which = if condition.is_some() { " among those that the condition means" } else { "" };
            let text = format!(
                "no image of {d} is labelled or reviewed{which}: there is no truth to measure against; label some first"
            );
            return Err(Error::invalid("dataset", text));
        }
        Ok(truths)
    }

    /// As [`Truths::read`]; no labelled image is an answer, too.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset.
    pub fn read_any(reader: &Reader, d: &DatasetName, condition: Option<&str>) -> Result<Self, Error> {
        let labelled = "state IN ('labelled', 'reviewed')";
        let condition = condition.map(str::trim).filter(|text| !text.is_empty());
        let condition = condition.map_or(labelled.to_owned(), |text| format!("{labelled} AND (\n{text}\n)"));
        let filter = ImageFilter { condition: Some(condition), ..ImageFilter::default() };
        let living = reader.class_list(d)?.into_iter().filter(|class| !class.retired);
        let classes = living.map(|class| (class.class_id, class.name)).collect();
        let images = reader.image_rows(d, &filter)?.into_iter().map(|image| image.image_id).collect();
        let boxes = reader.true_boxes(d, &filter)?;
        let (rows, box_ids) = boxes.iter().map(|found| (as_truth(found), found.box_id)).unzip();
        Ok(Self { rows, box_ids, images, classes })
    }

    /// The truths of some images alone.
    #[must_use]
    pub fn of_images(&self, wanted: impl Fn(ImageId) -> bool) -> Self {
        let rows = self.rows.iter().zip(&self.box_ids).filter(|(truth, _)| wanted(truth.image));
        let (rows, box_ids) = rows.map(|(truth, id)| (truth.clone(), *id)).unzip();
        let images = self.images.iter().copied().filter(|id| wanted(*id)).collect();
        Self { rows, box_ids, images, classes: self.classes.clone() }
    }

    /// Whether something was found on an image that has truth.
    #[must_use]
    pub fn measures(&self, detection: &Detection) -> bool {
        self.images.contains(&detection.image)
    }

    /// What people call a class.
    #[must_use]
    pub fn class_name(&self, class: ClassId) -> String {
        self.classes.get(&class).cloned().unwrap_or_else(|| format!("class {class}"))
    }
}

fn as_truth(found: &TrueBox) -> Truth {
    Truth {
        image: found.image_id,
        class: found.class_id,
        shape: found.rect,
        area: found.area.unwrap_or_else(|| found.rect.area()),
        crowd: found.is_crowd,
    }
}
