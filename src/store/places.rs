//! Where things are: boxes by their numbers, for pictures in the results of people's statements; images by their place.

use duckdb::OptionalExt;
use tator_domain::{BoxId, Class, ClassId, DatasetName, ImageId, PixelBox};

use crate::filter::ImageFilter;
use crate::reader::{Reader, class_records, find_dataset};
use crate::{Error, queries};

/// Where a box is, and how large its image is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxPlace {
    /// The box.
    pub box_id: BoxId,
    /// The image it is on.
    pub image_id: ImageId,
    /// Where on it, in pixels.
    pub rect: PixelBox,
    /// Width of the upright image in pixels.
    pub width: u32,
    /// Height of the upright image in pixels.
    pub height: u32,
}

/// A box that a person stands behind, as an example of its class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassSample {
    /// The box.
    pub box_id: BoxId,
    /// The image it is on.
    pub image_id: ImageId,
    /// Its class.
    pub class_id: ClassId,
    /// Where on the image, in pixels.
    pub rect: PixelBox,
}

impl Reader {
    /// Trusted boxes of every living class, at most `each` of one, the newest; none with a side under `smallest` pixels.
    /// By image, then by number.
    ///
    /// # Errors
    /// When the dataset does not exist or the working set cannot be read.
    pub fn class_samples(&self, d: &DatasetName, each: u32, smallest: f64) -> Result<Vec<ClassSample>, Error> {
        let query = queries::SELECT_CLASS_SAMPLES;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map(duckdb::params![each, smallest], class_sample);
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// The image at a 1-based place among those that `filter` means, in the order of their numbers; `None` where there
    /// is none.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn image_at(&self, dataset: &DatasetName, place: u64, filter: &ImageFilter) -> Result<Option<ImageId>, Error> {
        let Some(before) = place.checked_sub(1).and_then(|n| i64::try_from(n).ok()) else { return Ok(None) };
        self.filtered(dataset, filter, |c, predicate| {
            let query = queries::SELECT_IMAGE_AT;
            let mut statement = c.prepare_cached(&query.of_where(dataset, predicate)).map_err(query.failed())?;
            statement.query_row([before], |row| row.get("image_id")).optional().map_err(query.failed())
        })
    }

    /// The numbers of the images that `filter` means, in order.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn image_numbers(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Vec<ImageId>, Error> {
        self.filtered(dataset, filter, |c, predicate| {
            let query = queries::SELECT_IMAGE_NUMBERS;
            let mut statement = c.prepare(&query.of_where(dataset, predicate)).map_err(query.failed())?;
            let rows = statement.query_map([], |row| row.get("image_id")).map_err(query.failed())?;
            rows.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// Every class by number, retired ones too, without counting anything.
    ///
    /// # Errors
    /// When the dataset does not exist or the working set cannot be read.
    pub fn class_list(&self, dataset: &DatasetName) -> Result<Vec<Class>, Error> {
        self.engine.with(|c| {
            find_dataset(c, dataset)?;
            class_records(c, dataset)
        })
    }

    /// Where these boxes are, in no order; numbers that no box has are left out.
    ///
    /// # Errors
    /// When the dataset does not exist or the working set cannot be read.
    pub fn places_of(&self, dataset: &DatasetName, boxes: &[BoxId]) -> Result<Vec<BoxPlace>, Error> {
        let query = queries::SELECT_BOX_PLACES;
        let numbers = serde_json::json!(boxes).to_string();
        self.engine.with(|c| {
            let mut statement = c.prepare(&query.of(dataset)).map_err(query.failed())?;
            let rows = statement.query_map([numbers], |row| {
                Ok(BoxPlace {
                    box_id: row.get("box_id")?,
                    image_id: row.get("image_id")?,
                    rect: PixelBox { x: row.get("x")?, y: row.get("y")?, w: row.get("w")?, h: row.get("h")? },
                    width: row.get("width")?,
                    height: row.get("height")?,
                })
            });
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }
}

/// A row with `box_id, image_id, class_id, x, y, w, h`.
pub(crate) fn class_sample(row: &duckdb::Row<'_>) -> Result<ClassSample, duckdb::Error> {
    Ok(ClassSample {
        box_id: row.get("box_id")?,
        image_id: row.get("image_id")?,
        class_id: row.get("class_id")?,
        rect: PixelBox { x: row.get("x")?, y: row.get("y")?, w: row.get("w")?, h: row.get("h")? },
    })
}
