//! Between columns and records: Arrow batches in, domain records out, and back.

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, SchemaRef};
use duckdb::Connection;
use tator_domain::{BoxId, Class, Image, ImageBox, ImageId, PixelBox, Polygon};

use crate::Error;
use crate::queries::Query;

/// The columns a query gives, without running it to the end.
pub(crate) fn schema_of(connection: &Connection, query: &Query, sql: &str) -> Result<SchemaRef, Error> {
    let mut statement = connection.prepare(&format!("SELECT * FROM ({sql}) LIMIT 0")).map_err(query.failed())?;
    let none = statement.query_arrow([]).map_err(query.failed())?;
    Ok(none.get_schema())
}

/// A column by name, as the array type the caller expects.
pub(crate) fn column<'a, A: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a A, Error> {
    batch
        .column_by_name(name)
        .and_then(|c| c.as_any().downcast_ref::<A>())
        .ok_or_else(|| Error::Invalid(format!("column {name} is missing or has another type")))
}

/// A column of texts, whatever their encoding.
pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Result<StringArray, Error> {
    let found = batch.column_by_name(name).ok_or_else(|| Error::Invalid(format!("column {name} is missing")))?;
    let plain = arrow::compute::cast(found, &DataType::Utf8)?;
    Ok(downcast::<StringArray>(&plain, name)?.clone())
}

pub(crate) fn downcast<'a, A: 'static>(array: &'a ArrayRef, name: &str) -> Result<&'a A, Error> {
    array.as_any().downcast_ref::<A>().ok_or_else(|| Error::Invalid(format!("column {name} has another type")))
}

pub(crate) fn owned(texts: &StringArray, row: usize) -> Option<String> {
    texts.is_valid(row).then(|| texts.value(row).to_owned())
}

pub(crate) fn number(column: &Float64Array, row: usize) -> Option<f64> {
    column.is_valid(row).then(|| column.value(row))
}

fn named<T: std::str::FromStr<Err = tator_domain::BadName>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|e: tator_domain::BadName| Error::Invalid(e.to_string()))
}

/// Tells the rows of `embeddings/select_images.sql` and `select_boxes.sql`: image, content hash, and the box if there is one.
pub(crate) fn to_embed(
    batch: &RecordBatch,
    mut tell: impl FnMut(ImageId, &str, Option<(BoxId, PixelBox)>),
) -> Result<(), Error> {
    let (images, hashes) = (column::<Int64Array>(batch, "image_id")?, texts(batch, "content_hash")?);
    if batch.column_by_name("box_id").is_none() {
        (0..batch.num_rows()).for_each(|row| tell(images.value(row), hashes.value(row), None));
        return Ok(());
    }
    let ids = column::<Int64Array>(batch, "box_id")?;
    let [x, y, w, h] = ["x", "y", "w", "h"].map(|name| column::<Float64Array>(batch, name));
    let (x, y, w, h) = (x?, y?, w?, h?);
    for row in 0..batch.num_rows() {
        let rect = PixelBox { x: x.value(row), y: y.value(row), w: w.value(row), h: h.value(row) };
        tell(images.value(row), hashes.value(row), Some((ids.value(row), rect)));
    }
    Ok(())
}

/// The images of a batch that has the columns of `images/select_image.sql`.
pub(crate) fn images(batch: &RecordBatch) -> Result<Vec<Image>, Error> {
    let ids = column::<Int64Array>(batch, "image_id")?;
    let (paths, hashes) = (texts(batch, "path")?, texts(batch, "content_hash")?);
    let (widths, heights) = (column::<Int32Array>(batch, "width")?, column::<Int32Array>(batch, "height")?);
    let (turns, bytes) = (column::<Int32Array>(batch, "orientation")?, column::<Int64Array>(batch, "bytes")?);
    let (splits, states) = (texts(batch, "split")?, texts(batch, "state")?);
    let (revisions, counts) = (column::<Int64Array>(batch, "revision")?, column::<Int32Array>(batch, "n_boxes")?);
    let (sources, attributes) = (texts(batch, "source_id")?, texts(batch, "attributes")?);
    (0..batch.num_rows())
        .map(|row| {
            Ok(Image {
                image_id: ids.value(row),
                path: paths.value(row).to_owned(),
                content_hash: hashes.value(row).to_owned(),
                width: widths.value(row).unsigned_abs(),
                height: heights.value(row).unsigned_abs(),
                orientation: turns.value(row).try_into().unwrap_or(1),
                bytes: bytes.value(row).unsigned_abs(),
                split: named(splits.value(row))?,
                state: named(states.value(row))?,
                revision: revisions.value(row),
                n_boxes: counts.value(row).unsigned_abs(),
                source_id: owned(&sources, row),
                attributes: owned(&attributes, row),
            })
        })
        .collect()
}

/// The boxes of a batch that has the columns of `boxes/select_by_image.sql`.
pub(crate) fn boxes(batch: &RecordBatch) -> Result<Vec<ImageBox>, Error> {
    let (ids, images) = (column::<Int64Array>(batch, "box_id")?, column::<Int64Array>(batch, "image_id")?);
    let classes = column::<Int32Array>(batch, "class_id")?;
    let (x, y) = (column::<Float64Array>(batch, "x")?, column::<Float64Array>(batch, "y")?);
    let (w, h) = (column::<Float64Array>(batch, "w")?, column::<Float64Array>(batch, "h")?);
    let polygons = column::<ListArray>(batch, "polygon")?;
    let (angles, areas) = (column::<Float64Array>(batch, "angle")?, column::<Float64Array>(batch, "area")?);
    let (masks, crowds) = (texts(batch, "mask")?, column::<BooleanArray>(batch, "is_crowd")?);
    let (origins, states) = (texts(batch, "origin")?, texts(batch, "state")?);
    let scores = column::<Float64Array>(batch, "score")?;
    let (sources, attributes) = (texts(batch, "source_id")?, texts(batch, "attributes")?);
    (0..batch.num_rows())
        .map(|row| {
            Ok(ImageBox {
                box_id: ids.value(row),
                image_id: images.value(row),
                class_id: classes.value(row),
                rect: PixelBox { x: x.value(row), y: y.value(row), w: w.value(row), h: h.value(row) },
                polygon: polygon(polygons, row)?,
                angle: number(angles, row),
                mask: owned(&masks, row),
                area: number(areas, row),
                is_crowd: crowds.value(row),
                origin: named(origins.value(row))?,
                state: named(states.value(row))?,
                score: number(scores, row),
                source_id: owned(&sources, row),
                attributes: owned(&attributes, row),
            })
        })
        .collect()
}

/// Rings are kept flat: `[[x1, y1, x2, y2, …], …]`.
fn polygon(column: &ListArray, row: usize) -> Result<Option<Polygon>, Error> {
    if column.is_null(row) {
        return Ok(None);
    }
    let rings = column.value(row);
    let rings = downcast::<ListArray>(&rings, "polygon")?;
    let mut found = Polygon::default();
    for ring in 0..rings.len() {
        let flat = rings.value(ring);
        let flat = downcast::<Float64Array>(&flat, "polygon")?;
        found.rings.push(flat.values().chunks_exact(2).map(|p| [p[0], p[1]]).collect());
    }
    Ok(Some(found))
}

/// Rings as they are kept, for a JSON parameter.
pub(crate) fn flat_rings(polygon: &Polygon) -> Vec<Vec<f64>> {
    polygon.rings.iter().map(|ring| ring.iter().flatten().copied().collect()).collect()
}

/// The classes of a batch that has the columns of `classes/select_all.sql`.
pub(crate) fn classes(batch: &RecordBatch) -> Result<Vec<Class>, Error> {
    let ids = column::<Int32Array>(batch, "class_id")?;
    let (names, groups) = (texts(batch, "name")?, texts(batch, "supercategory")?);
    let (colours, sources) = (texts(batch, "colour")?, texts(batch, "source_id")?);
    let retired = column::<BooleanArray>(batch, "retired")?;
    let successors = column::<Int32Array>(batch, "retired_into")?;
    Ok((0..batch.num_rows())
        .map(|row| Class {
            class_id: ids.value(row),
            name: names.value(row).to_owned(),
            supercategory: owned(&groups, row),
            colour: colours.value(row).to_owned(),
            source_id: owned(&sources, row),
            retired: retired.value(row),
            retired_into: successors.is_valid(row).then(|| successors.value(row)),
        })
        .collect())
}
