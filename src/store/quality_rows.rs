//! Rows that a look at a dataset's quality reads and leaves: pictures, boxes and pairs with their figures.

use arrow::array::{BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, UInt64Array};
use duckdb::{Connection, params};
use tator_domain::{BoxId, ClassId, DatasetName, ImageId, PixelBox, Split};

use crate::columns::{column, number, owned, texts};
use crate::quality::Finding;
use crate::reader::{Reader, batches, find_dataset, records};
use crate::writer::Writer;
use crate::{Error, queries};

/// Figures of a picture; `problem` says why there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PictureFigures {
    /// Variance of the Laplacian.
    pub sharpness: f64,
    /// Mean grey, 0 to 1.
    pub brightness: f64,
    /// Deviation of the grey.
    pub contrast: f64,
    /// Share of nearly black pixels.
    pub black: f64,
    /// Share of nearly white pixels.
    pub white: f64,
    /// How colourful it is.
    pub colourfulness: f64,
    /// Perceptual fingerprint.
    pub fingerprint: u64,
}

/// An image as a look at the quality sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenPicture {
    /// The image.
    pub image_id: ImageId,
    /// Hash of its bytes; may be empty.
    pub content_hash: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// The part of the dataset.
    pub split: Split,
    /// Its figures, or why there are none; `None` when it has no file.
    pub figures: Option<Result<PictureFigures, String>>,
}

/// A box with the size of its image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacedBox {
    /// The box.
    pub box_id: BoxId,
    /// The image it is on.
    pub image_id: ImageId,
    /// Its class.
    pub class_id: ClassId,
    /// Where it is.
    pub rect: PixelBox,
    /// A crowd region.
    pub is_crowd: bool,
    /// It is turned: `rect` is the box before the turn.
    pub is_turned: bool,
    /// Width and height of the image.
    pub size: (u32, u32),
    /// Its image is labelled or reviewed.
    pub is_truth: bool,
}

/// Figures of a box; what could not be told is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BoxFigures {
    /// How suspicious its class is, 0 to 1.
    pub suspicion: Option<f32>,
    /// The class that fits better.
    pub suggested: Option<ClassId>,
    /// Whether it is confidently another class.
    pub confident: Option<bool>,
    /// Cosine distance to the others of its class.
    pub class_distance: Option<f32>,
    /// The same in usual deviations of its class.
    pub outlier: Option<f64>,
    /// Size relative to its image, in usual deviations of its class.
    pub size_deviation: Option<f64>,
    /// Aspect in usual deviations of its class.
    pub aspect_deviation: Option<f64>,
    /// Largest overlap with another box.
    pub overlap: Option<(f64, BoxId)>,
}

/// Two images that are almost or exactly the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DuplicatePair {
    /// The lower number.
    pub first: ImageId,
    /// The higher number.
    pub second: ImageId,
    /// Byte by byte the same.
    pub is_exact: bool,
    /// Cosine of their embeddings, when there are any.
    pub cosine: Option<f32>,
    /// Bits in which their fingerprints differ.
    pub bits: Option<u32>,
    /// How well they fit when they are laid on each other, a correlation.
    pub overlay: Option<f32>,
    /// They are in different parts of the dataset.
    pub is_leak: bool,
}

/// Everything that a look found.
#[derive(Debug, Default)]
pub struct Look {
    /// Every box with its figures.
    pub boxes: Vec<(PlacedBox, BoxFigures)>,
    /// Every pair.
    pub duplicates: Vec<DuplicatePair>,
    /// What a person should see.
    pub findings: Vec<Finding>,
}

impl Writer {
    /// Keeps figures of pictures, or why there are none.
    ///
    /// # Errors
    /// When the working set cannot be written.
    pub fn put_picture_figures(
        &self,
        d: &DatasetName,
        rows: &[(ImageId, String, Result<PictureFigures, String>)],
    ) -> Result<(), Error> {
        let numbers = serde_json::json!(rows.iter().map(|row| row.0).collect::<Vec<_>>()).to_string();
        let query = queries::DELETE_PICTURE_FIGURES;
        self.change(|state| {
            state.connection.execute(&query.of(d), [numbers]).map_err(query.failed())?;
            let mut appender = state.connection.appender_to_db("quality_images", d.as_str())?;
            for (image_id, hash, measured) in rows {
                let of = |figure: fn(&PictureFigures) -> f64| measured.as_ref().ok().map(figure);
                let print = measured.as_ref().ok().map(|figures| figures.fingerprint);
                appender.append_row(params![
                    image_id,
                    hash,
                    of(|f| f.sharpness),
                    of(|f| f.brightness),
                    of(|f| f.contrast),
                    of(|f| f.black),
                    of(|f| f.white),
                    of(|f| f.colourfulness),
                    print,
                    measured.as_ref().err()
                ])?;
            }
            Ok(appender.flush()?)
        })
    }

    /// Replaces what the look before found; decisions stay.
    ///
    /// # Errors
    /// When the working set cannot be written.
    pub fn put_look(&self, d: &DatasetName, look: &Look) -> Result<(), Error> {
        self.reader.dataset(d)?;
        // A connection of its own: a million rows must not hold up the next edit.
        let connection = self.reader.engine.connect()?;
        connection.execute_batch("BEGIN TRANSACTION")?;
        let query = queries::CLEAR_QUALITY;
        connection.execute_batch(&query.of(d)).map_err(query.failed())?;
        append_boxes(&connection, d, &look.boxes)?;
        append_pairs(&connection, d, &look.duplicates)?;
        append_findings(&connection, d, &look.findings)?;
        connection.execute_batch("COMMIT")?;
        self.reader.engine.bump_version();
        Ok(())
    }
}

fn append_boxes(c: &Connection, d: &DatasetName, rows: &[(PlacedBox, BoxFigures)]) -> Result<(), Error> {
    let mut appender = c.appender_to_db("quality_boxes", d.as_str())?;
    for (placed, figures) in rows {
        appender.append_row(params![
            placed.box_id,
            placed.image_id,
            figures.suspicion.map(f64::from),
            figures.suggested,
            figures.confident,
            figures.class_distance.map(f64::from),
            figures.outlier,
            figures.size_deviation,
            figures.aspect_deviation,
            figures.overlap.map(|overlap| overlap.0),
            figures.overlap.map(|overlap| overlap.1)
        ])?;
    }
    Ok(appender.flush()?)
}

fn append_pairs(c: &Connection, d: &DatasetName, pairs: &[DuplicatePair]) -> Result<(), Error> {
    let mut appender = c.appender_to_db("duplicates", d.as_str())?;
    for pair in pairs {
        let kind = if pair.is_exact { "exact" } else { "near" };
        let (cosine, bits) = (pair.cosine.map(f64::from), pair.bits.map(u32::cast_signed));
        let overlay = pair.overlay.map(f64::from);
        appender.append_row(params![pair.first, pair.second, kind, cosine, bits, pair.is_leak, overlay])?;
    }
    Ok(appender.flush()?)
}

fn append_findings(c: &Connection, d: &DatasetName, findings: &[Finding]) -> Result<(), Error> {
    let mut appender = c.appender_to_db("quality_findings", d.as_str())?;
    for finding in findings {
        let Finding { key, kind, image_id, box_id, other_id, class_id, suggested_class_id, score, why, .. } = finding;
        let sides = |rect: &Option<PixelBox>| rect.map(|r| [r.x, r.y, r.w, r.h]);
        let (old, new) = (sides(&finding.rect), sides(&finding.suggested_rect));
        let side = |of: Option<[f64; 4]>, at: usize| of.map(|sides| sides[at]);
        appender.append_row(params![
            key,
            kind,
            image_id,
            box_id,
            other_id,
            class_id,
            suggested_class_id,
            side(old, 0),
            side(old, 1),
            side(old, 2),
            side(old, 3),
            side(new, 0),
            side(new, 1),
            side(new, 2),
            side(new, 3),
            score,
            why,
            finding.run
        ])?;
    }
    Ok(appender.flush()?)
}

impl Reader {
    /// Images whose present content was not measured yet.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn unmeasured_images(&self, d: &DatasetName) -> Result<Vec<ImageId>, Error> {
        let query = queries::SELECT_UNMEASURED;
        let ids = |batch: &RecordBatch| Ok(column::<Int64Array>(batch, "image_id")?.values().to_vec());
        self.engine.with(|c| {
            find_dataset(c, d)?;
            records(&batches(c, &query, &query.of(d), [])?, ids)
        })
    }

    /// Every image with its figures.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn seen_pictures(&self, d: &DatasetName) -> Result<Vec<SeenPicture>, Error> {
        let query = queries::SELECT_PICTURE_FIGURES;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            records(&batches(c, &query, &query.of(d), [])?, seen)
        })
    }

    /// Every box with the size of its image, by image and number.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn placed_boxes(&self, d: &DatasetName) -> Result<Vec<PlacedBox>, Error> {
        let query = queries::SELECT_PLACED_BOXES;
        self.engine.with(|c| {
            find_dataset(c, d)?;
            records(&batches(c, &query, &query.of(d), [])?, placed)
        })
    }
}

fn seen(batch: &RecordBatch) -> Result<Vec<SeenPicture>, Error> {
    let (ids, hashes) = (column::<Int64Array>(batch, "image_id")?, texts(batch, "content_hash")?);
    let (widths, heights) = (column::<Int32Array>(batch, "width")?, column::<Int32Array>(batch, "height")?);
    let (splits, problems) = (texts(batch, "split")?, texts(batch, "problem")?);
    let figure = |name: &str| column::<Float64Array>(batch, name);
    let (sharpness, brightness, contrast) = (figure("sharpness")?, figure("brightness")?, figure("contrast")?);
    let (black, white, prints) = (figure("black")?, figure("white")?, column::<UInt64Array>(batch, "fingerprint")?);
    let row = |row: usize| {
        let problem = owned(&problems, row).map(Err);
        let measured = number(sharpness, row).map(|sharpness| {
            Ok(PictureFigures {
                sharpness,
                brightness: brightness.value(row),
                contrast: contrast.value(row),
                black: black.value(row),
                white: white.value(row),
                colourfulness: 0.0,
                fingerprint: prints.value(row),
            })
        });
        Ok(SeenPicture {
            image_id: ids.value(row),
            content_hash: hashes.value(row).to_owned(),
            size: (widths.value(row).unsigned_abs(), heights.value(row).unsigned_abs()),
            split: splits.value(row).parse().map_err(|e: tator_domain::BadName| Error::Invalid(e.to_string()))?,
            figures: problem.or(measured),
        })
    };
    (0..batch.num_rows()).map(row).collect()
}

fn placed(batch: &RecordBatch) -> Result<Vec<PlacedBox>, Error> {
    let (ids, images) = (column::<Int64Array>(batch, "box_id")?, column::<Int64Array>(batch, "image_id")?);
    let classes = column::<Int32Array>(batch, "class_id")?;
    let side = |name: &str| column::<Float64Array>(batch, name);
    let (x, y, w, h) = (side("x")?, side("y")?, side("w")?, side("h")?);
    let told = |name: &str| column::<BooleanArray>(batch, name);
    let (crowds, turned, truth) = (told("is_crowd")?, told("turned")?, told("truth")?);
    let (widths, heights) = (column::<Int32Array>(batch, "width")?, column::<Int32Array>(batch, "height")?);
    let row = |row: usize| PlacedBox {
        box_id: ids.value(row),
        image_id: images.value(row),
        class_id: classes.value(row),
        rect: PixelBox { x: x.value(row), y: y.value(row), w: w.value(row), h: h.value(row) },
        is_crowd: crowds.value(row),
        is_turned: turned.value(row),
        size: (widths.value(row).unsigned_abs(), heights.value(row).unsigned_abs()),
        is_truth: truth.value(row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}
