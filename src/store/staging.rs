//! Rows of an import, gathered into columns before they go to the staging tables.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema};
use tator_domain::{NewBox, NewImage};

use crate::{Error, columns};

fn batch_of(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, Error> {
    let fields: Vec<Field> = columns.iter().map(|(name, c)| Field::new(*name, c.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, column)| column).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn int(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Images on their way into `staged_images`.
#[derive(Default)]
pub(crate) struct ImageColumns {
    pub rows: usize,
    key: Int32Builder,
    path: StringBuilder,
    file: StringBuilder,
    width: Int32Builder,
    height: Int32Builder,
    orientation: Int32Builder,
    bytes: Int64Builder,
    split: StringBuilder,
    state: StringBuilder,
    source_id: StringBuilder,
    attributes: StringBuilder,
}

impl ImageColumns {
    pub fn push(&mut self, key: u32, new: &NewImage, file: &str) {
        self.rows += 1;
        self.key.append_value(int(key));
        self.path.append_value(&new.path);
        self.file.append_value(file);
        self.width.append_value(int(new.width));
        self.height.append_value(int(new.height));
        self.orientation.append_value(i32::from(new.orientation));
        self.bytes.append_value(i64::try_from(new.bytes).unwrap_or(i64::MAX));
        self.split.append_value(new.split.as_str());
        self.state.append_value(new.state.as_str());
        self.source_id.append_option(new.source_id.as_deref());
        self.attributes.append_option(new.attributes.as_deref());
    }

    pub fn finish(mut self) -> Result<RecordBatch, Error> {
        batch_of(vec![
            ("key", Arc::new(self.key.finish())),
            ("path", Arc::new(self.path.finish())),
            ("file", Arc::new(self.file.finish())),
            ("width", Arc::new(self.width.finish())),
            ("height", Arc::new(self.height.finish())),
            ("orientation", Arc::new(self.orientation.finish())),
            ("bytes", Arc::new(self.bytes.finish())),
            ("split", Arc::new(self.split.finish())),
            ("state", Arc::new(self.state.finish())),
            ("source_id", Arc::new(self.source_id.finish())),
            ("attributes", Arc::new(self.attributes.finish())),
        ])
    }
}

/// Boxes on their way into `staged_boxes`.
#[derive(Default)]
pub(crate) struct BoxColumns {
    pub rows: usize,
    seq: Int64Builder,
    image_key: Int32Builder,
    class_key: Int32Builder,
    rect: [Float64Builder; 4],
    polygon: ListBuilder<ListBuilder<Float64Builder>>,
    angle: Float64Builder,
    mask: StringBuilder,
    area: Float64Builder,
    is_crowd: BooleanBuilder,
    origin: StringBuilder,
    state: StringBuilder,
    score: Float64Builder,
    source_id: StringBuilder,
    attributes: StringBuilder,
}

impl BoxColumns {
    pub fn push(&mut self, seq: i64, image: u32, new: &NewBox) {
        self.rows += 1;
        self.seq.append_value(seq);
        self.image_key.append_value(int(image));
        self.class_key.append_value(new.class_id);
        for (column, value) in self.rect.iter_mut().zip([new.rect.x, new.rect.y, new.rect.w, new.rect.h]) {
            column.append_value(value);
        }
        match &new.polygon {
            None => self.polygon.append_null(),
            Some(polygon) => {
                for ring in columns::flat_rings(polygon) {
                    self.polygon.values().values().append_slice(&ring);
                    self.polygon.values().append(true);
                }
                self.polygon.append(true);
            }
        }
        self.angle.append_option(new.angle);
        self.mask.append_option(new.mask.as_deref());
        self.area.append_option(new.area);
        self.is_crowd.append_value(new.is_crowd);
        self.origin.append_value(new.origin.to_string());
        self.state.append_value(new.state.as_str());
        self.score.append_option(new.score);
        self.source_id.append_option(new.source_id.as_deref());
        self.attributes.append_option(new.attributes.as_deref());
    }

    pub fn finish(mut self) -> Result<RecordBatch, Error> {
        let polygon = self.polygon.finish();
        debug_assert!(matches!(polygon.value_type(), DataType::List(_)));
        let [mut x, mut y, mut w, mut h] = self.rect;
        batch_of(vec![
            ("seq", Arc::new(self.seq.finish())),
            ("image_key", Arc::new(self.image_key.finish())),
            ("class_key", Arc::new(self.class_key.finish())),
            ("x", Arc::new(x.finish())),
            ("y", Arc::new(y.finish())),
            ("w", Arc::new(w.finish())),
            ("h", Arc::new(h.finish())),
            ("polygon", Arc::new(polygon)),
            ("angle", Arc::new(self.angle.finish())),
            ("mask", Arc::new(self.mask.finish())),
            ("area", Arc::new(self.area.finish())),
            ("is_crowd", Arc::new(self.is_crowd.finish())),
            ("origin", Arc::new(self.origin.finish())),
            ("state", Arc::new(self.state.finish())),
            ("score", Arc::new(self.score.finish())),
            ("source_id", Arc::new(self.source_id.finish())),
            ("attributes", Arc::new(self.attributes.finish())),
        ])
    }
}
