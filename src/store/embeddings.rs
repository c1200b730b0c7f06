//! Embeddings on disk: a Lance table per encoder, of images or of boxes, whose rows say from what they were made.
//!
//! A row carries the key of what was embedded: the picture's content, the model, the recipe by which it was cut out, and
//! the box. When one of them changes, the key of the working set is another and the row is *stale*: nobody is given it,
//! and the next job makes it anew. So nothing has to be told to this table when a box is edited.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use tator_domain::{BoxId, DatasetName, ImageId, PixelBox};

use crate::engine::lock;
use crate::lance_tables::Lance;
use crate::reader::{Reader, find_dataset};
use crate::workspace::Folders;
use crate::writer::Writer;
use crate::{Error, columns, queries, reader};

/// Rows whose numbers stand in one condition when they are taken out.
const REMOVED_TOGETHER: usize = 4_000;

/// What a table of embeddings is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingOf {
    /// Whole images.
    Images,
    /// Boxes, cut out.
    Boxes,
}

impl EmbeddingOf {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Images, Self::Boxes];

    /// The word in names of tables, addresses and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Boxes => "boxes",
        }
    }
}

impl std::fmt::Display for EmbeddingOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for EmbeddingOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|of| of.as_str() == text).ok_or_else(|| "use images or boxes".into())
    }
}

/// How a table of embeddings was made; stands in the table's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingMeta {
    /// Name of the encoder.
    pub encoder: String,
    /// Which bytes the encoder is made of.
    pub fingerprint: String,
    /// Of what.
    pub of: EmbeddingOf,
    /// How pictures were cut out, in words that change when the cut does.
    pub recipe: String,
    /// Length of the vectors.
    pub dims: usize,
}

/// A table of embeddings as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmbeddingTable {
    /// How it was made.
    #[serde(flatten)]
    pub meta: EmbeddingMeta,
    /// Rows that are current.
    pub rows: u64,
    /// Rows of what has changed or gone since.
    pub stale: u64,
    /// What could be embedded and has no current row.
    pub missing: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Something to embed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToEmbed {
    /// The image.
    pub image_id: ImageId,
    /// The box on it; `None` for the whole image.
    pub boxed: Option<(BoxId, PixelBox)>,
    /// The key its row will have.
    pub key: i64,
    /// There is a row to replace.
    pub replaces: bool,
}

impl ToEmbed {
    /// The number of its row: the box's, or the image's.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.boxed.map_or(self.image_id, |(box_id, _)| box_id)
    }
}

/// What a job has to do to bring a table up to date.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EmbeddingPlan {
    /// What is missing or stale, by image and box.
    pub todo: Vec<ToEmbed>,
    /// Numbers of rows whose image or box is gone.
    pub gone: Vec<i64>,
    /// Rows that are as they should be.
    pub current: u64,
    /// The table is of another model or recipe: its rows go when the first new ones come.
    pub anew: bool,
}

/// New rows of a table, one vector each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewEmbeddings {
    /// What was embedded.
    pub items: Vec<ToEmbed>,
    /// Their vectors, one after the other.
    pub data: Vec<f32>,
}

/// Where a table of embeddings lies; names of encoders have letters that no SQL name has.
pub(crate) fn table_path(folders: &Folders, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> PathBuf {
    let plain: String =
        encoder.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    folders.tables_of(d).join(format!("embeddings_{plain}_{of}.lance"))
}

/// Makes the keys of one table: the part that all rows share is hashed once.
pub(crate) struct Keys([u8; 32]);

impl Keys {
    pub fn new(fingerprint: &str, recipe: &str) -> Self {
        Self(*blake3::hash(format!("{fingerprint}\n{recipe}").as_bytes()).as_bytes())
    }

    /// 63 bits that say from what a row was made; two states of one row collide once in 10^19.
    pub fn key(&self, content_hash: &str, rect: Option<&PixelBox>) -> i64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(content_hash.as_bytes());
        for side in rect.iter().flat_map(|r| [r.x, r.y, r.w, r.h]) {
            hasher.update(&side.to_le_bytes());
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        i64::from_le_bytes(bytes) & i64::MAX
    }
}

/// The columns of a table.
pub(crate) fn schema_of(meta: &EmbeddingMeta) -> SchemaRef {
    let number = |name: &str| Field::new(name, DataType::Int64, false);
    let mut fields = vec![number("image_id")];
    if meta.of == EmbeddingOf::Boxes {
        fields.push(number("box_id"));
    }
    fields.push(number("key"));
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let dims = i32::try_from(meta.dims).unwrap_or(i32::MAX);
    fields.push(Field::new("vector", DataType::FixedSizeList(item, dims), false));
    let told = [
        ("tator.schema_version", crate::datasets::SCHEMA_VERSION.to_string()),
        ("tator.encoder", meta.encoder.clone()),
        ("tator.fingerprint", meta.fingerprint.clone()),
        ("tator.of", meta.of.to_string()),
        ("tator.recipe", meta.recipe.clone()),
        ("tator.dims", meta.dims.to_string()),
    ];
    let told = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Arc::new(Schema::new(fields).with_metadata(told))
}

/// What a table says about itself; `None` when it is not one of embeddings.
pub(crate) fn read_meta(told: &HashMap<String, String>) -> Option<EmbeddingMeta> {
    let text = |name: &str| told.get(&format!("tator.{name}")).cloned();
    Some(EmbeddingMeta {
        encoder: text("encoder")?,
        fingerprint: text("fingerprint")?,
        of: text("of")?.parse().ok()?,
        recipe: text("recipe")?,
        dims: text("dims")?.parse().ok()?,
    })
}

fn batch_of(meta: &EmbeddingMeta, new: &NewEmbeddings) -> Result<RecordBatch, Error> {
    let schema = schema_of(meta);
    let numbers = |of: &dyn Fn(&ToEmbed) -> i64| Arc::new(Int64Array::from_iter_values(new.items.iter().map(of)));
    let mut columns: Vec<ArrayRef> = vec![numbers(&|item| item.image_id)];
    if meta.of == EmbeddingOf::Boxes {
        columns.push(numbers(&ToEmbed::id));
    }
    columns.push(numbers(&|item| item.key));
    let DataType::FixedSizeList(item, dims) = schema.field(schema.fields().len() - 1).data_type() else {
        return Err(Error::Invalid("a table of embeddings has a column of vectors".into()));
    };
    let values = Arc::new(Float32Array::from(new.data.clone()));
    columns.push(Arc::new(FixedSizeListArray::try_new(Arc::clone(item), *dims, values, None)?));
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// What the working set has to embed, with the keys that rows should have: by image and box.
pub(crate) fn wanted(
    connection: &duckdb::Connection,
    d: &DatasetName,
    (of, keys): (EmbeddingOf, &Keys),
    predicate: &str,
) -> Result<Vec<ToEmbed>, Error> {
    let query = match of {
        EmbeddingOf::Images => queries::SELECT_IMAGES_TO_EMBED,
        EmbeddingOf::Boxes => queries::SELECT_BOXES_TO_EMBED,
    };
    let found = reader::batches(connection, &query, &query.of_where(d, predicate), [])?;
    let mut all = Vec::new();
    for batch in &found {
        columns::to_embed(batch, |image_id, content_hash, boxed| {
            let key = keys.key(content_hash, boxed.as_ref().map(|(_, rect)| rect));
            all.push(ToEmbed { image_id, boxed, key, replaces: false });
        })?;
    }
    Ok(all)
}

impl Reader {
    /// How a table was made; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Lance`] when the table cannot be read.
    pub fn embedding_meta(
        &self,
        d: &DatasetName,
        encoder: &str,
        of: EmbeddingOf,
    ) -> Result<Option<EmbeddingMeta>, Error> {
        Ok(self.shelf.rows(self, d, encoder, of)?.map(|held| held.meta.clone()))
    }

    /// What a job has to do so that a table is as `meta` says and up to date; `dims` in it does not matter.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Lance`] when the table cannot be read.
    pub fn embedding_plan(&self, d: &DatasetName, meta: &EmbeddingMeta) -> Result<EmbeddingPlan, Error> {
        let keys = Keys::new(&meta.fingerprint, &meta.recipe);
        let mut todo = self.engine.with(|c| {
            find_dataset(c, d)?;
            wanted(c, d, (meta.of, &keys), "true")
        })?;
        let Some(held) = self.shelf.rows(self, d, &meta.encoder, meta.of)? else {
            return Ok(EmbeddingPlan { todo, ..EmbeddingPlan::default() });
        };
        if held.meta.fingerprint != meta.fingerprint || held.meta.recipe != meta.recipe {
            return Ok(EmbeddingPlan { todo, anew: true, ..EmbeddingPlan::default() });
        }
        let mut known: HashMap<i64, i64> = held.rows.iter().map(|row| (row.id(meta.of), row.key)).collect();
        let all = todo.len();
        todo.retain_mut(|item| match known.remove(&item.id()) {
            Some(key) if key == item.key => false,
            found => {
                item.replaces = found.is_some();
                true
            }
        });
        let mut gone: Vec<i64> = known.into_keys().collect();
        gone.sort_unstable();
        Ok(EmbeddingPlan { current: (all - todo.len()) as u64, todo, gone, anew: false })
    }

    /// Whether a row was made of what is there now: the check of a few rows that a search has found.
    ///
    /// # Errors
    /// When the working set cannot be read.
    pub fn current_rows(
        &self,
        d: &DatasetName,
        meta: &EmbeddingMeta,
        rows: &[(ImageId, i64, i64)],
    ) -> Result<Vec<bool>, Error> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let keys = Keys::new(&meta.fingerprint, &meta.recipe);
        let images: Vec<String> = rows.iter().map(|(image_id, ..)| image_id.to_string()).collect();
        let predicate = format!("image_id IN ({})", images.join(","));
        let now = self.engine.with(|c| wanted(c, d, (meta.of, &keys), &predicate))?;
        let now: HashMap<i64, i64> = now.iter().map(|item| (item.id(), item.key)).collect();
        Ok(rows.iter().map(|(_, id, key)| now.get(id) == Some(key)).collect())
    }
}

impl Writer {
    /// Adds rows to a table in one commit, in place of those they replace; makes the table when it is not there, or
    /// when it is to be made anew.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Lance`] when the table cannot be written, and then it is as it was.
    pub fn add_embeddings(
        &self,
        d: &DatasetName,
        meta: &EmbeddingMeta,
        new: &NewEmbeddings,
        anew: bool,
    ) -> Result<(), Error> {
        self.reader.engine.with(|c| find_dataset(c, d))?;
        let path = table_path(&self.reader.folders, d, &meta.encoder, meta.of);
        let batch = batch_of(meta, new)?;
        if anew || !path.exists() {
            let folder = self.reader.folders.tables_of(d);
            std::fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
            return self.write_embeddings(&path, |lance| {
                lance.replace(&path, batch.schema(), Box::new(std::iter::once(Ok(batch)))).map(|_| ())
            });
        }
        let replaced: Vec<i64> = new.items.iter().filter(|item| item.replaces).map(ToEmbed::id).collect();
        let mut conditions = conditions(meta.of, &replaced);
        // All but the last condition only take out rows that are stale anyway.
        let last = conditions.pop().unwrap_or_else(|| "false".into());
        self.write_embeddings(&path, |lance| {
            for condition in conditions {
                lance.replace_rows(&path, &condition, Vec::new())?;
            }
            lance.replace_rows(&path, &last, vec![batch]).map(|_| ())
        })
    }

    /// Whoever holds vectors of the table is told that it is another, also when the writing failed half-way.
    fn write_embeddings<T>(&self, path: &Path, write: impl FnOnce(&Lance) -> Result<T, Error>) -> Result<T, Error> {
        let written = write(&lock(&self.lance));
        self.reader.shelf.changed(path);
        written
    }

    /// Takes out the rows of images or boxes that are gone.
    ///
    /// # Errors
    /// [`Error::Lance`] when the table cannot be written.
    pub fn remove_embeddings(&self, d: &DatasetName, meta: &EmbeddingMeta, gone: &[i64]) -> Result<(), Error> {
        let path = table_path(&self.reader.folders, d, &meta.encoder, meta.of);
        self.write_embeddings(&path, |lance| {
            let mut conditions = conditions(meta.of, gone).into_iter();
            conditions.try_for_each(|condition| lance.replace_rows(&path, &condition, Vec::new()).map(|_| ()))
        })
    }

    /// Joins the many small pieces that a job writes, cheap when there are few; searches see all rows from here on.
    ///
    /// # Errors
    /// [`Error::Lance`] when the table cannot be written.
    pub fn tidy_embeddings(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<bool, Error> {
        let path = table_path(&self.reader.folders, d, encoder, of);
        if !path.exists() {
            return Ok(false);
        }
        let joined = self.write_embeddings(&path, |lance| lance.tidy(&path));
        self.reader.shelf.outdate(d, encoder, of);
        joined
    }

    /// Deletes a table of embeddings; it can be made again.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; [`Error::Io`].
    pub fn delete_embeddings(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<(), Error> {
        let path = table_path(&self.reader.folders, d, encoder, of);
        if !path.exists() {
            return Err(Error::NotFound(format!("a table of {of} by {encoder} in {d}")));
        }
        let failed = Error::io(format!("deleting {}", path.display()));
        let remove = |_: &Lance| std::fs::remove_dir_all(&path).map_err(failed);
        self.reader.shelf.remove(d, || self.write_embeddings(&path, remove))
    }
}

fn conditions(of: EmbeddingOf, numbers: &[i64]) -> Vec<String> {
    let column = if of == EmbeddingOf::Boxes { "box_id" } else { "image_id" };
    let listed = numbers.chunks(REMOVED_TOGETHER).map(|some| {
        let some: Vec<String> = some.iter().map(ToString::to_string).collect();
        format!("{column} IN ({})", some.join(","))
    });
    listed.collect()
}

#[cfg(test)]
#[path = "embeddings_tests.rs"]
mod tests;
