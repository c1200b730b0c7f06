//! The columns of the layout, and domain rows as Arrow batches.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use tator_domain::{Class, Image, ImageBox, Polygon};

use crate::Error;

/// Name of the values inside a list, as the Parquet specification has it.
const ELEMENT: &str = "element";

fn element(of: DataType) -> Arc<Field> {
    Arc::new(Field::new(ELEMENT, of, false))
}

/// `DOUBLE[]`, a point.
fn point_type() -> DataType {
    DataType::List(element(DataType::Float64))
}

/// `DOUBLE[][]`, a ring.
fn ring_type() -> DataType {
    DataType::List(element(point_type()))
}

/// `DOUBLE[][][]`, an outline.
pub(super) fn polygon_type() -> DataType {
    DataType::List(element(ring_type()))
}

fn schema(fields: Vec<(&'static str, DataType, bool)>) -> SchemaRef {
    Arc::new(Schema::new(fields.into_iter().map(|(name, of, null)| Field::new(name, of, null)).collect::<Vec<_>>()))
}

/// Columns of `classes.parquet`.
pub(super) static CLASSES: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        ("class_id", DataType::Int32, false),
        ("name", DataType::Utf8, false),
        ("supercategory", DataType::Utf8, true),
        ("colour", DataType::Utf8, false),
        ("source_id", DataType::Utf8, true),
    ])
});

/// Columns of `images.parquet`.
pub(super) static IMAGES: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        ("image_id", DataType::Int64, false),
        ("path", DataType::Utf8, false),
        ("content_hash", DataType::Utf8, false),
        ("width", DataType::Int32, false),
        ("height", DataType::Int32, false),
        ("orientation", DataType::Int32, false),
        ("bytes", DataType::Int64, false),
        ("split", DataType::Utf8, false),
        ("state", DataType::Utf8, false),
        ("revision", DataType::Int64, false),
        ("n_boxes", DataType::Int32, false),
        ("source_id", DataType::Utf8, true),
        ("attributes", DataType::Utf8, true),
    ])
});

/// Columns of `boxes.parquet`.
pub(super) static BOXES: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        ("box_id", DataType::Int64, false),
        ("image_id", DataType::Int64, false),
        ("class_id", DataType::Int32, false),
        ("x", DataType::Float64, false),
        ("y", DataType::Float64, false),
        ("w", DataType::Float64, false),
        ("h", DataType::Float64, false),
        ("polygon", polygon_type(), true),
        ("angle", DataType::Float64, true),
        ("mask", DataType::Utf8, true),
        ("area", DataType::Float64, true),
        ("is_crowd", DataType::Boolean, false),
        ("origin", DataType::Utf8, false),
        ("state", DataType::Utf8, false),
        ("score", DataType::Float64, true),
        ("source_id", DataType::Utf8, true),
        ("attributes", DataType::Utf8, true),
    ])
});

/// A column of whole numbers.
fn big(values: impl Iterator<Item = i64>) -> ArrayRef {
    let mut column = Int64Builder::new();
    values.for_each(|v| column.append_value(v));
    Arc::new(column.finish())
}

fn int(values: impl Iterator<Item = i32>) -> ArrayRef {
    let mut column = Int32Builder::new();
    values.for_each(|v| column.append_value(v));
    Arc::new(column.finish())
}

fn double(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    let mut column = Float64Builder::new();
    values.for_each(|v| column.append_option(v));
    Arc::new(column.finish())
}

fn text<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    let mut column = StringBuilder::new();
    values.for_each(|v| column.append_option(v));
    Arc::new(column.finish())
}

fn flag(values: impl Iterator<Item = bool>) -> ArrayRef {
    let mut column = BooleanBuilder::new();
    values.for_each(|v| column.append_value(v));
    Arc::new(column.finish())
}

fn outline<'a>(values: impl Iterator<Item = Option<&'a Polygon>>) -> ArrayRef {
    let points = ListBuilder::new(Float64Builder::new()).with_field(element(DataType::Float64));
    let rings = ListBuilder::new(points).with_field(element(point_type()));
    let mut column = ListBuilder::new(rings).with_field(element(ring_type()));
    for value in values {
        for ring in value.iter().flat_map(|p| &p.rings) {
            for point in ring {
                column.values().values().values().append_slice(point);
                column.values().values().append(true);
            }
            column.values().append(true);
        }
        column.append(value.is_some());
    }
    Arc::new(column.finish())
}

fn as_int(value: u32, what: &str) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| Error::Invalid(format!("{what} {value} does not fit the INTEGER of the layout")))
}

/// Classes as a batch.
pub(super) fn classes_batch(rows: &[Class]) -> Result<RecordBatch, Error> {
    let columns = vec![
        int(rows.iter().map(|c| c.class_id)),
        text(rows.iter().map(|c| Some(&c.name))),
        text(rows.iter().map(|c| c.supercategory.as_ref())),
        text(rows.iter().map(|c| Some(&c.colour))),
        text(rows.iter().map(|c| c.source_id.as_ref())),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&CLASSES), columns)?)
}

/// Images as a batch.
pub(super) fn images_batch(rows: &[Image]) -> Result<RecordBatch, Error> {
    let sides = |of: fn(&Image) -> u32| rows.iter().map(|i| as_int(of(i), &i.path)).collect::<Result<Vec<_>, _>>();
    let bytes = |i: &Image| i64::try_from(i.bytes).unwrap_or(i64::MAX);
    let columns = vec![
        big(rows.iter().map(|i| i.image_id)),
        text(rows.iter().map(|i| Some(&i.path))),
        text(rows.iter().map(|i| Some(&i.content_hash))),
        int(sides(|i| i.width)?.into_iter()),
        int(sides(|i| i.height)?.into_iter()),
        int(rows.iter().map(|i| i32::from(i.orientation))),
        big(rows.iter().map(bytes)),
        text(rows.iter().map(|i| Some(i.split.as_str()))),
        text(rows.iter().map(|i| Some(i.state.as_str()))),
        big(rows.iter().map(|i| i.revision)),
        int(sides(|i| i.n_boxes)?.into_iter()),
        text(rows.iter().map(|i| i.source_id.as_ref())),
        text(rows.iter().map(|i| i.attributes.as_ref())),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&IMAGES), columns)?)
}

/// Boxes as a batch.
pub(super) fn boxes_batch(rows: &[ImageBox]) -> Result<RecordBatch, Error> {
    let columns = vec![
        big(rows.iter().map(|b| b.box_id)),
        big(rows.iter().map(|b| b.image_id)),
        int(rows.iter().map(|b| b.class_id)),
        double(rows.iter().map(|b| Some(b.rect.x))),
        double(rows.iter().map(|b| Some(b.rect.y))),
        double(rows.iter().map(|b| Some(b.rect.w))),
        double(rows.iter().map(|b| Some(b.rect.h))),
        outline(rows.iter().map(|b| b.polygon.as_ref())),
        double(rows.iter().map(|b| b.angle)),
        text(rows.iter().map(|b| b.mask.as_ref())),
        double(rows.iter().map(|b| b.area)),
        flag(rows.iter().map(|b| b.is_crowd)),
        text(rows.iter().map(|b| Some(b.origin.to_string()))),
        text(rows.iter().map(|b| Some(b.state.as_str()))),
        double(rows.iter().map(|b| b.score)),
        text(rows.iter().map(|b| b.source_id.as_ref())),
        text(rows.iter().map(|b| b.attributes.as_ref())),
    ];
    Ok(RecordBatch::try_new(Arc::clone(&BOXES), columns)?)
}
