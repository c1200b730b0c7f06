//! What stages read of many images at once: the few columns they need, and the boxes that are truth.

use arrow::array::{BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch};
use tator_domain::{BoxId, ClassId, DatasetName, ImageId, PixelBox, RunName};

use crate::columns::{column, number, owned, texts};
use crate::reader::{Reader, batches, records};
use crate::{Error, ImageFilter, RunKind, queries};

/// What a stage needs of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRow {
    /// The image.
    pub image_id: ImageId,
    /// Its path below the dataset's pictures.
    pub path: String,
    /// BLAKE3 of its bytes as they were imported; may be empty.
    pub content_hash: String,
    /// Its number in the file it was imported from.
    pub source_id: Option<String>,
    /// Width of the upright picture in pixels.
    pub width: u32,
    /// Height of the upright picture in pixels.
    pub height: u32,
}

/// A box that is truth, without its outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrueBox {
    /// The box.
    pub box_id: BoxId,
    /// The image it is on.
    pub image_id: ImageId,
    /// Its living class.
    pub class_id: ClassId,
    /// Where.
    pub rect: PixelBox,
    /// Area given by the source.
    pub area: Option<f64>,
    /// Stands for any number of objects.
    pub is_crowd: bool,
}

impl Reader {
    /// The images that a filter means, by number.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn image_rows(&self, d: &DatasetName, filter: &ImageFilter) -> Result<Vec<ImageRow>, Error> {
        self.filtered(d, filter, |c, predicate| {
            let query = queries::SELECT_IMAGE_ROWS;
            records(&batches(c, &query, &query.of_where(d, predicate), [])?, image_rows)
        })
    }

    /// The trusted boxes of the images that a filter means, by image and number.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn true_boxes(&self, d: &DatasetName, filter: &ImageFilter) -> Result<Vec<TrueBox>, Error> {
        self.filtered(d, filter, |c, predicate| {
            let query = queries::SELECT_TRUTHS;
            records(&batches(c, &query, &query.of_where(d, predicate), [])?, true_boxes)
        })
    }

    /// How many images of a run have another truth than after a change: labelled since, no longer labelled, or labelled with
    /// other boxes. Drafts are no truth, and what was taken back has changed nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for dataset or run.
    pub fn truth_changes(&self, d: &DatasetName, run: &RunName, since: i64) -> Result<u64, Error> {
        self.run_entry(d, RunKind::Prepass, run)?;
        if self.data_version(d)? <= since {
            return Ok(0);
        }
        let query = queries::COUNT_TRUTH_CHANGES;
        self.engine.with(|c| c.query_row(&query.of_run(d, run), [since], |row| row.get("n")).map_err(query.failed()))
    }
}

fn image_rows(batch: &RecordBatch) -> Result<Vec<ImageRow>, Error> {
    let ids = column::<Int64Array>(batch, "image_id")?;
    let (paths, hashes, sources) = (texts(batch, "path")?, texts(batch, "content_hash")?, texts(batch, "source_id")?);
    let (widths, heights) = (column::<Int32Array>(batch, "width")?, column::<Int32Array>(batch, "height")?);
    let row = |row| ImageRow {
        image_id: ids.value(row),
        path: paths.value(row).to_owned(),
        content_hash: hashes.value(row).to_owned(),
        source_id: owned(&sources, row),
        width: widths.value(row).unsigned_abs(),
        height: heights.value(row).unsigned_abs(),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

fn true_boxes(batch: &RecordBatch) -> Result<Vec<TrueBox>, Error> {
    let (ids, images) = (column::<Int64Array>(batch, "box_id")?, column::<Int64Array>(batch, "image_id")?);
    let (classes, crowds) = (column::<Int32Array>(batch, "class_id")?, column::<BooleanArray>(batch, "is_crowd")?);
    let side = |name| column::<Float64Array>(batch, name);
    let ([x, y], [w, h], areas) = ([side("x")?, side("y")?], [side("w")?, side("h")?], side("area")?);
    let row = |row| TrueBox {
        box_id: ids.value(row),
        image_id: images.value(row),
        class_id: classes.value(row),
        rect: PixelBox { x: x.value(row), y: y.value(row), w: w.value(row), h: h.value(row) },
        area: number(areas, row),
        is_crowd: crowds.value(row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}
