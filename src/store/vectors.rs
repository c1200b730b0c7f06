//! Embeddings in memory: the current rows of a table as one matrix, kept under a byte budget.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float32Type, Int64Type};
use tator_domain::{BoxId, DatasetName, ImageId};

use crate::embeddings::{EmbeddingMeta, EmbeddingOf, EmbeddingTable, Keys, read_meta, table_path, wanted};
use crate::engine::lock;
use crate::lance_tables::Lance;
use crate::reader::{Reader, find_dataset};
use crate::vector_functions::{NearestSearch, nothing_embedded};
use crate::{Error, Timestamp};

/// Bytes of vectors that stay in memory; the matrix that was asked for last stays in any case.
const BUDGET: usize = 3 << 30;
/// While a job writes, a search looks at rows of so long ago rather than reading everything again.
const LATELY: Duration = Duration::from_secs(15);

/// The current vectors of a table: row after row, each of length 1, by image and box.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// The encoder's name.
    pub encoder: String,
    /// Which bytes it is made of.
    pub fingerprint: String,
    /// Of what they are.
    pub of: EmbeddingOf,
    /// How pictures were cut out.
    pub recipe: String,
    /// Numbers in a vector.
    pub dims: usize,
    /// The image of each row.
    pub image_ids: Vec<ImageId>,
    /// The box of each row; empty for images.
    pub box_ids: Vec<BoxId>,
    /// From what each row was made.
    pub keys: Vec<i64>,
    /// All vectors, one after the other.
    pub data: Vec<f32>,
}

impl Vectors {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.image_ids.len()
    }

    /// One of them.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.dims..][..self.dims]
    }

    /// The number of a row: its box's, or its image's.
    #[must_use]
    pub fn id(&self, row: usize) -> i64 {
        self.box_ids.get(row).copied().unwrap_or(self.image_ids[row])
    }

    /// The row of an image, or of a box on it.
    #[must_use]
    pub fn find(&self, image_id: ImageId, box_id: Option<BoxId>) -> Option<usize> {
        let Some(box_id) = box_id else { return self.image_ids.binary_search(&image_id).ok() };
        let start = self.image_ids.partition_point(|id| *id < image_id);
        let of_image = self.image_ids[start..].partition_point(|id| *id == image_id);
        let boxes = self.box_ids.get(start..start + of_image)?;
        boxes.binary_search(&box_id).ok().map(|at| start + at)
    }

    /// How the table was made.
    #[must_use]
    pub fn meta(&self) -> EmbeddingMeta {
        EmbeddingMeta {
            encoder: self.encoder.clone(),
            fingerprint: self.fingerprint.clone(),
            of: self.of,
            recipe: self.recipe.clone(),
            dims: self.dims,
        }
    }

    fn bytes(&self) -> usize {
        self.data.len() * 4 + self.image_ids.len() * 24
    }
}

/// A row of a table without its vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HeldRow {
    pub image_id: ImageId,
    pub box_id: BoxId,
    pub key: i64,
}

impl HeldRow {
    pub fn id(&self, of: EmbeddingOf) -> i64 {
        if of == EmbeddingOf::Boxes { self.box_id } else { self.image_id }
    }
}

/// A table without its vectors, in the order of the file.
#[derive(Debug)]
pub(crate) struct HeldRows {
    version: u64,
    pub meta: EmbeddingMeta,
    pub rows: Vec<HeldRow>,
}

/// Which table: dataset (and when it was made: names come again), encoder, of what.
type Place = (DatasetName, Timestamp, String, EmbeddingOf);

struct Kept {
    /// Version of the table, and of the working set it was compared with.
    versions: (u64, u64),
    loaded: Instant,
    vectors: Arc<Vectors>,
}

/// What is in memory. One at a time reads from disk: others want the same.
#[derive(Default)]
pub(crate) struct Shelf {
    lance: Mutex<Option<Arc<Lance>>>,
    loading: Mutex<()>,
    kept: Mutex<Vec<(Place, Kept)>>,
    rows: Mutex<HashMap<Place, Arc<HeldRows>>>,
    /// Versions of tables as they are known: nobody else writes while the workspace is held.
    versions: Mutex<HashMap<PathBuf, u64>>,
    /// The search that statements use.
    pub search: OnceLock<Arc<dyn NearestSearch>>,
}

impl Shelf {
    fn lance(&self) -> Result<Arc<Lance>, Error> {
        let mut lance = lock(&self.lance);
        if let Some(open) = &*lance {
            return Ok(Arc::clone(open));
        }
        let opened = Arc::new(Lance::new()?);
        *lance = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn version(&self, path: &Path) -> Result<u64, Error> {
        if let Some(known) = lock(&self.versions).get(path) {
            return Ok(*known);
        }
        let version = self.lance()?.version(path)?;
        lock(&self.versions).insert(path.to_owned(), version);
        Ok(version)
    }

    /// A table was written, or is gone.
    pub fn changed(&self, path: &Path) {
        lock(&self.versions).remove(path);
    }

    /// Nothing of a dataset stays.
    pub fn forget(&self, d: &DatasetName) {
        lock(&self.versions).clear();
        lock(&self.kept).retain(|((name, ..), _)| name != d);
        lock(&self.rows).retain(|(name, ..), _| name != d);
    }

    /// What is in memory of a table, if it was compared with this working set or is of a moment ago.
    fn get(&self, place: &Place, fits: impl Fn(&Kept) -> bool) -> Option<Arc<Vectors>> {
        let mut kept = lock(&self.kept);
        let at = kept.iter().position(|(other, held)| other == place && fits(held))?;
        let found = kept.remove(at);
        let vectors = Arc::clone(&found.1.vectors);
        kept.push(found);
        Some(vectors)
    }

    fn keep(&self, place: Place, held: Kept) {
        let mut kept = lock(&self.kept);
        kept.retain(|(other, _)| *other != place);
        kept.push((place, held));
        while kept.len() > 1 && kept.iter().map(|(_, held)| held.vectors.bytes()).sum::<usize>() > BUDGET {
            kept.remove(0);
        }
    }

    /// The rows of a table without their vectors; `None` when there is no such table.
    pub fn rows(
        &self,
        reader: &Reader,
        d: &DatasetName,
        encoder: &str,
        of: EmbeddingOf,
    ) -> Result<Option<Arc<HeldRows>>, Error> {
        let path = table_path(&reader.folders, d, encoder, of);
        if !path.exists() {
            return Ok(None);
        }
        let place = reader.place(d, encoder, of)?;
        self.rows_at(&place, &path).map(Some)
    }

    fn rows_at(&self, place: &Place, path: &Path) -> Result<Arc<HeldRows>, Error> {
        let lance = self.lance()?;
        let version = self.version(path)?;
        let held = lock(&self.rows).get(place).filter(|rows| rows.version == version).cloned();
        if let Some(rows) = held {
            return Ok(rows);
        }
        let meta = read_meta(&lance.metadata(path)?).ok_or_else(|| Error::Damaged {
            path: path.to_owned(),
            why: "it does not say by which encoder it was made".into(),
            hint: "delete this folder and embed again".into(),
        })?;
        let boxes = meta.of == EmbeddingOf::Boxes;
        let columns: &[&str] = if boxes { &["image_id", "key", "box_id"] } else { &["image_id", "key"] };
        let mut rows = Vec::new();
        lance.scan_columns(path, version, columns, &mut |batch| {
            let number = |at: usize| batch.column(at).as_primitive::<Int64Type>();
            let (images, keys) = (number(0), number(1));
            let ids = if boxes { number(2) } else { images };
            let row = |at| HeldRow { image_id: images.value(at), box_id: ids.value(at), key: keys.value(at) };
            rows.extend((0..batch.num_rows()).map(row));
            Ok(())
        })?;
        let rows = Arc::new(HeldRows { version, meta, rows });
        lock(&self.rows).insert(place.clone(), Arc::clone(&rows));
        Ok(rows)
    }
}

impl Reader {
    fn place(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<Place, Error> {
        let row = self.engine.with(|c| find_dataset(c, d))?;
        Ok((row.name, row.created_at, encoder.to_owned(), of))
    }

    /// The current vectors of a dataset by an encoder: those of rows whose image and box are as they were embedded.
    ///
    /// # Errors
    /// [`Error::NotEmbedded`] when nothing was embedded by that encoder.
    pub fn vectors(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<Arc<Vectors>, Error> {
        self.load_vectors(d, encoder, of, &|now, held| held.versions == now)
    }

    /// As [`Reader::vectors`], but perhaps of a moment ago: for searches, which look at the rows they found with
    /// [`Reader::current_rows`] anyway. An edit then costs them nothing, and a job that writes little.
    ///
    /// # Errors
    /// As [`Reader::vectors`].
    pub fn vectors_lately(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<Arc<Vectors>, Error> {
        self.load_vectors(d, encoder, of, &|now, held| held.versions.0 == now.0 || held.loaded.elapsed() < LATELY)
    }

    fn load_vectors(
        &self,
        d: &DatasetName,
        encoder: &str,
        of: EmbeddingOf,
        fits: &dyn Fn((u64, u64), &Kept) -> bool,
    ) -> Result<Arc<Vectors>, Error> {
        let place = self.place(d, encoder, of)?;
        let path = table_path(&self.folders, d, encoder, of);
        if !path.exists() {
            return Err(nothing_embedded(d, of));
        }
        let now = || Ok::<_, Error>((self.shelf.version(&path)?, self.engine.version()));
        let versions = now()?;
        if let Some(vectors) = self.shelf.get(&place, |held| fits(versions, held)) {
            return Ok(vectors);
        }
        let _one_at_a_time = lock(&self.shelf.loading);
        // Somebody may have read it meanwhile.
        let versions = now()?;
        if let Some(vectors) = self.shelf.get(&place, |held| fits(versions, held)) {
            return Ok(vectors);
        }
        let rows = self.shelf.rows_at(&place, &path)?;
        let vectors = Arc::new(self.read_vectors(d, &path, &rows)?);
        let held = Kept { versions: (rows.version, versions.1), loaded: Instant::now(), vectors: Arc::clone(&vectors) };
        self.shelf.keep(place, held);
        Ok(vectors)
    }

    /// Reads the vectors of current rows straight to their places.
    fn read_vectors(&self, d: &DatasetName, path: &Path, held: &HeldRows) -> Result<Vectors, Error> {
        let (places, order) = self.places_of_rows(d, held)?;
        let dims = held.meta.dims;
        let mut data = vec![0.0; order.len() * dims];
        let mut row = 0;
        self.shelf.lance()?.scan_columns(path, held.version, &["vector"], &mut |batch| {
            let lists = batch.column(0).as_fixed_size_list();
            let values = lists.values().as_primitive::<Float32Type>().values();
            for vector in values[lists.offset() * dims..].chunks_exact(dims).take(lists.len()) {
                if let Some(Some(place)) = places.get(row) {
                    data[place * dims..][..dims].copy_from_slice(vector);
                }
                row += 1;
            }
            Ok(())
        })?;
        let pick = |of: &dyn Fn(&HeldRow) -> i64| order.iter().map(|at| of(&held.rows[*at])).collect::<Vec<_>>();
        let boxes = held.meta.of == EmbeddingOf::Boxes;
        Ok(Vectors {
            encoder: held.meta.encoder.clone(),
            fingerprint: held.meta.fingerprint.clone(),
            of: held.meta.of,
            recipe: held.meta.recipe.clone(),
            dims,
            image_ids: pick(&|row| row.image_id),
            box_ids: if boxes { pick(&|row| row.box_id) } else { Vec::new() },
            keys: pick(&|row| row.key),
            data,
        })
    }

    /// Where each row of a table comes in the matrix, `None` for stale ones; and the row of each place.
    fn places_of_rows(&self, d: &DatasetName, held: &HeldRows) -> Result<(Vec<Option<usize>>, Vec<usize>), Error> {
        let of = held.meta.of;
        let keys = Keys::new(&held.meta.fingerprint, &held.meta.recipe);
        let now = self.engine.with(|c| wanted(c, d, (of, &keys), "true"))?;
        let now: HashMap<i64, i64> = now.iter().map(|item| (item.id(), item.key)).collect();
        let current = |at: &usize| now.get(&held.rows[*at].id(of)) == Some(&held.rows[*at].key);
        let mut order: Vec<usize> = (0..held.rows.len()).filter(current).collect();
        order.sort_by_key(|at| (held.rows[*at].image_id, held.rows[*at].box_id));
        order.dedup_by_key(|at| held.rows[*at].id(of));
        let mut places = vec![None; held.rows.len()];
        order.iter().enumerate().for_each(|(place, at)| places[*at] = Some(place));
        Ok((places, order))
    }

    /// The tables of embeddings of a dataset, by encoder.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Lance`] when a table cannot be read.
    pub fn embedding_tables(&self, d: &DatasetName) -> Result<Vec<EmbeddingTable>, Error> {
        let row = self.engine.with(|c| find_dataset(c, d))?;
        let folder = self.folders.tables_of(d);
        let mut tables = Vec::new();
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with("embeddings_") || !name.ends_with(".lance") {
                continue;
            }
            let Some(meta) = read_meta(&self.shelf.lance()?.metadata(&entry.path())?) else { continue };
            let place = (row.name.clone(), row.created_at, meta.encoder.clone(), meta.of);
            let held = self.shelf.rows_at(&place, &entry.path())?;
            tables.push(self.standing(d, &held, &entry.path())?);
        }
        tables.sort_by(|a, b| (&a.meta.encoder, a.meta.of).cmp(&(&b.meta.encoder, b.meta.of)));
        Ok(tables)
    }

    fn standing(&self, d: &DatasetName, held: &HeldRows, path: &Path) -> Result<EmbeddingTable, Error> {
        let plan = self.embedding_plan(d, &held.meta)?;
        let stale = plan.todo.iter().filter(|item| item.replaces).count() + plan.gone.len();
        Ok(EmbeddingTable {
            meta: held.meta.clone(),
            rows: plan.current,
            stale: stale as u64,
            missing: plan.todo.len() as u64,
            bytes: bytes_below(path),
        })
    }
}

/// Bytes of all files in a folder and below.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => bytes_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

#[cfg(test)]
#[path = "vectors_tests.rs"]
mod tests;
