//! Writes the layout into temporary files, which are then copied to where they belong.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek as _, Write};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tator_domain::{Class, Image, ImageBox};

use super::columns::{self, boxes_batch, classes_batch, images_batch};
use super::manifest::{Manifest, ManifestFile};
use super::{BOXES_FILE, CLASSES_FILE, IMAGES_FILE, MANIFEST_FILE, SCHEMA_VERSION};
use crate::Error;

/// Rows of a row group: DuckDB's own size.
const GROUP_ROWS: usize = 122_880;
/// Rows that are collected before they become columns.
const BATCH_ROWS: usize = 8192;

/// Takes images with their boxes, sorted by `image_id`, and makes the four files of the layout.
#[derive(Debug)]
pub struct LayoutWriter {
    images: Table,
    boxes: Table,
    image_rows: Vec<Image>,
    box_rows: Vec<ImageBox>,
}

/// A finished file, still in a temporary place.
#[derive(Debug)]
pub struct WrittenFile {
    /// Name in the layout.
    pub name: &'static str,
    /// Rows in it; 0 for the manifest.
    pub rows: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    File(File),
    Text(String),
}

impl WrittenFile {
    /// Copies the file to its place.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn copy_to(&mut self, to: &mut dyn Write) -> std::io::Result<()> {
        match &mut self.content {
            Content::Text(text) => to.write_all(text.as_bytes()),
            Content::File(file) => {
                file.rewind()?;
                std::io::copy(&mut BufReader::with_capacity(1 << 18, file), to).map(drop)
            }
        }
    }
}

impl LayoutWriter {
    /// Begins the files.
    ///
    /// # Errors
    /// When the temporary folder cannot be written to.
    pub fn new() -> Result<Self, Error> {
        let (images, boxes) = (Table::new(&columns::IMAGES)?, Table::new(&columns::BOXES)?);
        Ok(Self { images, boxes, image_rows: Vec::new(), box_rows: Vec::new() })
    }

    /// Takes one image with its boxes.
    ///
    /// # Errors
    /// When the temporary folder is full.
    pub fn add(&mut self, image: &Image, boxes: &[ImageBox]) -> Result<(), Error> {
        self.image_rows.push(image.clone());
        self.box_rows.extend_from_slice(boxes);
        if self.image_rows.len() >= BATCH_ROWS || self.box_rows.len() >= BATCH_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.images.write(&images_batch(&self.image_rows)?)?;
        self.boxes.write(&boxes_batch(&self.box_rows)?)?;
        self.image_rows.clear();
        self.box_rows.clear();
        Ok(())
    }

    /// Ends the files; the manifest is the last.
    ///
    /// # Errors
    /// When the temporary folder is full.
    pub fn finish(mut self, dataset: &str, classes: &[Class]) -> Result<Vec<WrittenFile>, Error> {
        self.flush()?;
        let mut class_table = Table::new(&columns::CLASSES)?;
        class_table.write(&classes_batch(classes)?)?;
        let tables = [(CLASSES_FILE, class_table), (IMAGES_FILE, self.images), (BOXES_FILE, self.boxes)];
        let (mut files, mut listed) = (Vec::new(), Vec::new());
        for (name, table) in tables {
            let (content, about) = table.finish(name)?;
            files.push(WrittenFile { name, rows: about.rows, content: Content::File(content) });
            listed.push(about);
        }
        let layout = "tator-detection".to_owned();
        let manifest = Manifest { layout, schema_version: SCHEMA_VERSION, dataset: dataset.to_owned(), files: listed };
        let text = serde_json::to_string_pretty(&manifest).map_err(|e| Error::Invalid(e.to_string()))? + "\n";
        files.push(WrittenFile { name: MANIFEST_FILE, rows: 0, content: Content::Text(text) });
        Ok(files)
    }
}

/// One Parquet file in the making.
#[derive(Debug)]
struct Table {
    writer: ArrowWriter<Hashed>,
    rows: u64,
}

impl Table {
    fn new(schema: &SchemaRef) -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(Error::io("making a temporary file"))?;
        let to = Hashed { inner: BufWriter::new(file), hasher: blake3::Hasher::new(), bytes: 0 };
        let writer = ArrowWriter::try_new_with_options(to, Arc::clone(schema), options())?;
        Ok(Self { writer, rows: 0 })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        if batch.num_rows() > 0 {
            self.writer.write(batch)?;
        }
        Ok(())
    }

    fn finish(self, name: &str) -> Result<(File, ManifestFile), Error> {
        let written = self.writer.into_inner()?;
        let blake3 = written.hasher.finalize().to_hex().to_string();
        let about = ManifestFile { name: name.to_owned(), rows: self.rows, bytes: written.bytes, blake3 };
        let file = written.inner.into_inner();
        let file = file.map_err(|e| Error::io("writing a temporary file")(e.into_error()))?;
        Ok((file, about))
    }
}

/// How every Parquet file of ours is written: the same rows give the same bytes.
pub(crate) fn options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        // The default names the version of a library, and the bytes must not change with it.
        .set_created_by("tator".to_owned())
        .build();
    ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true)
}

/// Counts and hashes what goes through.
#[derive(Debug)]
struct Hashed {
    inner: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
