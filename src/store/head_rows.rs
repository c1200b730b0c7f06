//! What class heads learn from, and which images are still to be labelled.

use serde::{Deserialize, Serialize};
use tator_domain::{ClassId, DatasetName, ImageId, Timestamp};

use crate::places::class_sample;
use crate::reader::{Reader, find_dataset};
use crate::{ClassSample, Error, queries};

/// A class with the boxes of it that people stand behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthCount {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// Its boxes on labelled images.
    pub boxes: u64,
    /// Images with at least one.
    pub images: u64,
}

/// An image on which every object is labelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImage {
    /// The image.
    pub image_id: ImageId,
    /// Hash of its bytes.
    pub content_hash: String,
    /// Width of the upright image in pixels.
    pub width: u32,
    /// Height of the upright image in pixels.
    pub height: u32,
}

/// An image among which the next ones to label are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolImage {
    /// The image.
    pub image_id: ImageId,
    /// It is worked on, done or skipped, or waits in an open package.
    pub taken: bool,
}

impl Reader {
    /// Boxes whose class people stand behind, by image and number: trusted ones on labelled or reviewed images.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn truth_samples(&self, d: &DatasetName) -> Result<Vec<ClassSample>, Error> {
        self.rows(d, queries::SELECT_HEAD_TRUTH, class_sample)
    }

    /// How many such boxes every living class has.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn truth_counts(&self, d: &DatasetName) -> Result<Vec<TruthCount>, Error> {
        self.rows(d, queries::COUNT_HEAD_TRUTH, |row| {
            let (boxes, images): (i64, i64) = (row.get("n_boxes")?, row.get("n_images")?);
            Ok(TruthCount {
                class_id: row.get("class_id")?,
                name: row.get("name")?,
                boxes: boxes.unsigned_abs(),
                images: images.unsigned_abs(),
            })
        })
    }

    /// Labelled and reviewed images, by number.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn labelled_images(&self, d: &DatasetName) -> Result<Vec<LabelledImage>, Error> {
        self.rows(d, queries::SELECT_HEAD_LABELLED, |row| {
            Ok(LabelledImage {
                image_id: row.get("image_id")?,
                content_hash: row.get("content_hash")?,
                width: row.get::<_, i32>("width")?.unsigned_abs(),
                height: row.get::<_, i32>("height")?.unsigned_abs(),
            })
        })
    }

    /// Every image by number, and whether it is spoken for.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn pool(&self, d: &DatasetName) -> Result<Vec<PoolImage>, Error> {
        self.rows(d, queries::SELECT_POOL, |row| {
            Ok(PoolImage { image_id: row.get("image_id")?, taken: row.get("taken")? })
        })
    }

    /// The paths of some images; numbers that no image has are left out.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn image_paths(&self, d: &DatasetName, images: &[ImageId]) -> Result<Vec<(ImageId, String)>, Error> {
        let (query, numbers) = (queries::SELECT_PATHS, serde_json::json!(images).to_string());
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map([numbers], |row| Ok((row.get("image_id")?, row.get("path")?)));
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })
    }

    /// When a dataset was made, without counting anything: another one of the same name is another one.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn made_at(&self, d: &DatasetName) -> Result<Timestamp, Error> {
        self.engine.with(|c| Ok(find_dataset(c, d)?.created_at))
    }

    fn rows<T>(
        &self,
        d: &DatasetName,
        query: queries::Query,
        read: impl FnMut(&duckdb::Row<'_>) -> Result<T, duckdb::Error>,
    ) -> Result<Vec<T>, Error> {
        self.engine.with(|c| {
            find_dataset(c, d)?;
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map([], read).map_err(query.failed())?;
            rows.collect::<Result<_, _>>().map_err(query.failed())
        })
    }
}
