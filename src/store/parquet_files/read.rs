//! Reads the layout back into domain rows; columns are found by name.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _, Write as _};
use std::str::FromStr;

use arrow::array::{Array, ArrayRef, AsArray as _, BooleanArray, ListArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tator_domain::{BoxState, Class, Image, ImageBox, ImageState, Origin, PixelBox, Polygon, Split};

use super::columns::polygon_type;
use super::manifest::damaged;
use crate::Error;

/// Rows that become domain values at once.
const BATCH_ROWS: usize = 8192;

/// A file of the layout that can be read in any order, with its size and hash.
#[derive(Debug)]
pub struct Received {
    name: String,
    file: File,
    bytes: u64,
    blake3: String,
}

impl Received {
    /// Takes a stream into a temporary file.
    ///
    /// # Errors
    /// When it breaks, or the temporary folder is full.
    pub fn copy(name: &str, from: &mut dyn Read) -> Result<Self, Error> {
        let mut file = tempfile::tempfile().map_err(Error::io("making a temporary file"))?;
        std::io::copy(from, &mut file).map_err(Error::io(format!("reading {name}")))?;
        file.flush().map_err(Error::io("writing a temporary file"))?;
        Self::open(name, file)
    }

    /// Takes a file that lies on disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(name: &str, mut file: File) -> Result<Self, Error> {
        let failed = || Error::io(format!("reading {name}"));
        file.rewind().map_err(failed())?;
        let mut hasher = blake3::Hasher::new();
        let bytes = std::io::copy(&mut BufReader::with_capacity(1 << 18, &file), &mut hasher).map_err(failed())?;
        file.rewind().map_err(failed())?;
        Ok(Self { name: name.to_owned(), file, bytes, blake3: hasher.finalize().to_hex().to_string() })
    }

    /// Size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// BLAKE3 of the content, 64 hex digits.
    #[must_use]
    pub fn blake3(&self) -> &str {
        &self.blake3
    }

    /// Calls `each` for every row.
    fn rows<T, E: From<Error>>(
        &self,
        columns: fn(&Batch<'_>) -> Result<Vec<T>, Error>,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let broken = |e: &dyn std::fmt::Display| damaged(&self.name, e.to_string());
        let file = self.file.try_clone().map_err(Error::io(format!("reading {}", self.name)))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| broken(&e))?;
        let reader = reader.with_batch_size(BATCH_ROWS).build().map_err(|e| broken(&e))?;
        let mut before = 0;
        for batch in reader {
            let batch = batch.map_err(|e| broken(&e))?;
            for row in columns(&Batch { name: &self.name, batch: &batch, before })? {
                each(row)?;
            }
            before += batch.num_rows();
        }
        Ok(())
    }
}

/// Calls `each` for every class.
///
/// # Errors
/// [`Error::Damaged`] when the file is no such table; what `each` returns.
pub fn read_classes<E: From<Error>>(file: &Received, each: impl FnMut(Class) -> Result<(), E>) -> Result<(), E> {
    file.rows(classes, each)
}

/// Calls `each` for every image.
///
/// # Errors
/// [`Error::Damaged`] when the file is no such table; what `each` returns.
pub fn read_images<E: From<Error>>(file: &Received, each: impl FnMut(Image) -> Result<(), E>) -> Result<(), E> {
    file.rows(images, each)
}

/// Calls `each` for every box.
///
/// # Errors
/// [`Error::Damaged`] when the file is no such table; what `each` returns.
pub fn read_boxes<E: From<Error>>(file: &Received, each: impl FnMut(ImageBox) -> Result<(), E>) -> Result<(), E> {
    file.rows(boxes, each)
}

fn classes(batch: &Batch<'_>) -> Result<Vec<Class>, Error> {
    let (ids, names) = (batch.int("class_id")?, batch.text("name")?);
    let (groups, colours, sources) = (batch.text("supercategory")?, batch.text("colour")?, batch.text("source_id")?);
    let row = |i| {
        Ok(Class {
            class_id: ids.required(i)?,
            name: names.required(i)?,
            supercategory: groups.get(i),
            colour: colours.get(i).unwrap_or_default(),
            source_id: sources.get(i),
            retired: false,
            retired_into: None,
        })
    };
    (0..batch.batch.num_rows()).map(row).collect()
}

fn images(batch: &Batch<'_>) -> Result<Vec<Image>, Error> {
    let (ids, paths, hashes) = (batch.big("image_id")?, batch.text("path")?, batch.text("content_hash")?);
    let (widths, heights, turns) = (batch.big("width")?, batch.big("height")?, batch.int("orientation")?);
    let (bytes, splits, states) = (batch.big("bytes")?, batch.text("split")?, batch.text("state")?);
    let (revisions, counts) = (batch.big("revision")?, batch.big("n_boxes")?);
    let (sources, attributes) = (batch.text("source_id")?, batch.text("attributes")?);
    let side = |column: &Column<'_, i64>, i| {
        let value = column.required(i)?;
        u32::try_from(value).map_err(|_| batch.bad(i, format!("{} {value} is no size", column.name)))
    };
    let row = |i| {
        Ok(Image {
            image_id: ids.required(i)?,
            path: paths.required(i)?,
            content_hash: hashes.get(i).unwrap_or_default(),
            width: side(&widths, i)?,
            height: side(&heights, i)?,
            orientation: turns.get(i).and_then(|o| u8::try_from(o).ok()).filter(|o| (1..=8).contains(o)).unwrap_or(1),
            bytes: bytes.get(i).and_then(|b| u64::try_from(b).ok()).unwrap_or(0),
            split: splits.parsed(i, Split::None)?,
            state: states.parsed(i, ImageState::Labelled)?,
            revision: revisions.get(i).unwrap_or(0),
            n_boxes: counts.get(i).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            source_id: sources.get(i),
            attributes: attributes.get(i),
        })
    };
    (0..batch.batch.num_rows()).map(row).collect()
}

fn boxes(batch: &Batch<'_>) -> Result<Vec<ImageBox>, Error> {
    let (ids, image_ids, class_ids) = (batch.big("box_id")?, batch.big("image_id")?, batch.int("class_id")?);
    let (xs, ys, ws, hs) = (batch.double("x")?, batch.double("y")?, batch.double("w")?, batch.double("h")?);
    let (polygons, angles, masks) = (batch.polygons()?, batch.double("angle")?, batch.text("mask")?);
    let (areas, crowds, origins) = (batch.double("area")?, batch.flag("is_crowd")?, batch.text("origin")?);
    let (states, scores) = (batch.text("state")?, batch.double("score")?);
    let (sources, attributes) = (batch.text("source_id")?, batch.text("attributes")?);
    let row = |i| {
        let rect = PixelBox { x: xs.required(i)?, y: ys.required(i)?, w: ws.required(i)?, h: hs.required(i)? };
        Ok(ImageBox {
            box_id: ids.get(i).unwrap_or(0),
            image_id: image_ids.required(i)?,
            class_id: class_ids.required(i)?,
            rect,
            polygon: polygons.get(i),
            angle: angles.get(i),
            mask: masks.get(i),
            area: areas.get(i),
            is_crowd: crowds.get(i).unwrap_or(false),
            origin: origins.parsed(i, Origin::Import)?,
            state: states.parsed(i, BoxState::Trusted)?,
            score: scores.get(i),
            source_id: sources.get(i),
            attributes: attributes.get(i),
        })
    };
    (0..batch.batch.num_rows()).map(row).collect()
}

/// Some rows of a file.
struct Batch<'a> {
    name: &'a str,
    batch: &'a RecordBatch,
    before: usize,
}

/// One column, as the type we want, or nothing when the file has no such column.
struct Column<'a, T> {
    name: &'static str,
    batch: &'a Batch<'a>,
    array: Option<ArrayRef>,
    value: fn(&ArrayRef, usize) -> T,
}

impl<'a> Batch<'a> {
    #[expect(clippy::needless_pass_by_value, reason = "callers make the text for this error")]
    fn bad(&self, row: usize, why: String) -> Error {
        damaged(self.name, format!("row {}: {why}", self.before + row + 1))
    }

    fn column<T>(
        &'a self,
        name: &'static str,
        of: &DataType,
        value: fn(&ArrayRef, usize) -> T,
    ) -> Result<Column<'a, T>, Error> {
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let cast = |array: &ArrayRef| {
            let same = array.data_type() == of;
            if same { Ok(array.clone()) } else { cast_with_options(array, of, &strict) }
        };
        let array = self.batch.column_by_name(name).map(cast).transpose();
        let array = array.map_err(|e| damaged(self.name, format!("column {name}: {e}")))?;
        Ok(Column { name, batch: self, array, value })
    }

    fn big(&'a self, name: &'static str) -> Result<Column<'a, i64>, Error> {
        self.column(name, &DataType::Int64, |a, i| a.as_primitive::<Int64Type>().value(i))
    }

    fn int(&'a self, name: &'static str) -> Result<Column<'a, i32>, Error> {
        self.column(name, &DataType::Int32, |a, i| a.as_primitive::<Int32Type>().value(i))
    }

    fn double(&'a self, name: &'static str) -> Result<Column<'a, f64>, Error> {
        self.column(name, &DataType::Float64, |a, i| a.as_primitive::<Float64Type>().value(i))
    }

    fn text(&'a self, name: &'static str) -> Result<Column<'a, String>, Error> {
        self.column(name, &DataType::Utf8, |a, i| a.as_string::<i32>().value(i).to_owned())
    }

    fn flag(&'a self, name: &'static str) -> Result<Column<'a, bool>, Error> {
        self.column(name, &DataType::Boolean, |a, i| BooleanArray::value(a.as_boolean(), i))
    }

    fn polygons(&'a self) -> Result<Column<'a, Polygon>, Error> {
        self.column("polygon", &polygon_type(), |a, i| polygon(a.as_list::<i32>(), i))
    }
}

/// The rings of one row; the point lists lie one behind the other, so only offsets are followed.
fn polygon(outlines: &ListArray, row: usize) -> Polygon {
    let rings = outlines.values().as_list::<i32>();
    let points = rings.values().as_list::<i32>();
    let numbers = points.values().as_primitive::<Float64Type>().values();
    let range = |list: &ListArray, i: usize| list.value_offsets()[i] as usize..list.value_offsets()[i + 1] as usize;
    let point = |p: usize| match numbers[range(points, p)] {
        [x, y, ..] => [x, y],
        _ => [f64::NAN; 2],
    };
    Polygon { rings: range(outlines, row).map(|r| range(rings, r).map(point).collect()).collect() }
}

impl<T> Column<'_, T> {
    fn get(&self, row: usize) -> Option<T> {
        let array = self.array.as_ref()?;
        array.is_valid(row).then(|| (self.value)(array, row))
    }

    fn required(&self, row: usize) -> Result<T, Error> {
        self.get(row).ok_or_else(|| self.batch.bad(row, format!("{} is missing", self.name)))
    }
}

impl Column<'_, String> {
    fn parsed<V: FromStr<Err: std::fmt::Display>>(&self, row: usize, missing: V) -> Result<V, Error> {
        match self.get(row) {
            None => Ok(missing),
            Some(text) => text.parse().map_err(|e: V::Err| self.batch.bad(row, e.to_string())),
        }
    }
}
