//! One Parquet file of a run, written column by column without anybody above having to know Arrow.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, ListBuilder, RecordBatch, StringBuilder,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;

use crate::Error;
use crate::parquet_files::write::options;

/// Values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// `INTEGER`
    Int(Vec<Option<i32>>),
    /// `BIGINT`
    Big(Vec<Option<i64>>),
    /// `DOUBLE`
    Double(Vec<Option<f64>>),
    /// `FLOAT`
    Float(Vec<Option<f32>>),
    /// `BOOLEAN`
    Flag(Vec<Option<bool>>),
    /// `VARCHAR`
    Text(Vec<Option<Arc<str>>>),
    /// `VARCHAR[]`
    Texts(Vec<Vec<Arc<str>>>),
}

impl Column {
    fn into_array(self) -> ArrayRef {
        match self {
            Self::Int(values) => Arc::new(Int32Array::from(values)),
            Self::Big(values) => Arc::new(Int64Array::from(values)),
            Self::Double(values) => Arc::new(Float64Array::from(values)),
            Self::Float(values) => Arc::new(Float32Array::from(values)),
            Self::Flag(values) => Arc::new(BooleanArray::from(values)),
            Self::Text(values) => {
                let mut column = StringBuilder::new();
                values.iter().for_each(|value| column.append_option(value.as_deref()));
                Arc::new(column.finish())
            }
            Self::Texts(lists) => {
                let mut column = ListBuilder::new(StringBuilder::new());
                for list in lists {
                    list.iter().for_each(|text| column.values().append_value(text));
                    column.append(true);
                }
                Arc::new(column.finish())
            }
        }
    }
}

/// A Parquet file in the making; rows come sorted by image.
pub struct RunTable {
    path: PathBuf,
    file: Option<File>,
    writer: Option<(SchemaRef, ArrowWriter<BufWriter<File>>)>,
    rows: u64,
}

impl RunTable {
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(Error::io(format!("making {}", path.display())))?;
        Ok(Self { path: path.to_owned(), file: Some(file), writer: None, rows: 0 })
    }

    /// Adds rows. The first call says what the columns are, so a table without rows needs one with empty columns.
    ///
    /// # Errors
    /// When columns differ in length or from those of the first call, or the disk refuses.
    pub fn write(&mut self, columns: Vec<(&str, Column)>) -> Result<(), Error> {
        let named: Vec<(&str, ArrayRef)> = columns.into_iter().map(|(name, c)| (name, c.into_array())).collect();
        if let Some(file) = self.file.take() {
            let fields = named.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
            let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            let writer = ArrowWriter::try_new_with_options(BufWriter::new(file), Arc::clone(&schema), options())?;
            self.writer = Some((schema, writer));
        }
        let Some((schema, writer)) = &mut self.writer else { return Ok(()) };
        let batch = RecordBatch::try_new(Arc::clone(schema), named.into_iter().map(|(_, array)| array).collect())?;
        self.rows += batch.num_rows() as u64;
        if batch.num_rows() > 0 {
            writer.write(&batch)?;
        }
        Ok(())
    }

    /// Ends the file and gives how many rows it has.
    ///
    /// # Errors
    /// When nothing was ever written, so that nobody knows the columns; when the disk refuses.
    pub fn finish(self) -> Result<u64, Error> {
        let writing = || Error::io(format!("writing {}", self.path.display()));
        let Some((_, writer)) = self.writer else {
            return Err(Error::Invalid(format!("{} was given no columns", self.path.display())));
        };
        let file = writer.into_inner()?.into_inner().map_err(|e| writing()(e.into_error()))?;
        file.sync_all().map_err(writing())?;
        Ok(self.rows)
    }
}
