//! Embeddings in memory: the current rows of a table as one matrix, kept under a byte budget.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float32Type;
use tator_domain::{BoxId, DatasetName, ImageId};

use crate::Error;
use crate::embeddings::{EmbeddingMeta, EmbeddingOf, Keys, table_path, wanted};
use crate::engine::lock;
use crate::reader::{Reader, find_dataset};
use crate::vector_functions::nothing_embedded;
use crate::vector_shelf::{HeldRow, HeldRows, Kept, Place};

/// Rows whose images stand in one condition when they are looked at again; beyond, all are looked at.
pub(crate) const LOOKED_AT_BY_NAME: usize = 4_000;

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

    pub(crate) fn bytes(&self) -> usize {
        self.data.len() * 4 + self.image_ids.len() * 24
    }
}

/// Places of rows, rows of places, rows without a place.
type Order = (Vec<Option<usize>>, Vec<usize>, Vec<HeldRow>);

impl Reader {
    pub(crate) fn place(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<Place, Error> {
        let row = self.engine.with(|c| find_dataset(c, d))?;
        Ok((row.name, row.created_at, encoder.to_owned(), of))
    }

    /// The current vectors of a dataset by an encoder: those of rows whose image and box are as they were embedded.
    ///
    /// # Errors
    /// [`Error::NotEmbedded`] when nothing was embedded by that encoder.
    pub fn vectors(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<Arc<Vectors>, Error> {
        self.load_vectors(d, encoder, of, &|place, now| {
            Ok(self.shelf.get(place, |held| held.versions == now).map(|held| held.vectors))
        })
    }

    /// As [`Reader::vectors`], but perhaps with rows that are not current any more, and while a job writes those of a
    /// moment ago: for searches, which look at the rows they found with [`Reader::current_rows`] anyway. An edit then
    /// costs them next to nothing, and a job that writes little.
    ///
    /// # Errors
    /// As [`Reader::vectors`].
    pub fn vectors_lately(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<Arc<Vectors>, Error> {
        self.load_vectors(d, encoder, of, &|place, now| self.lately(d, place, now))
    }

    /// What is in memory, when no row is missing in it that is current now, or its table is just being written.
    fn lately(&self, d: &DatasetName, place: &Place, now: (u64, u64)) -> Result<Option<Arc<Vectors>>, Error> {
        let Some(held) = self.shelf.get(place, |held| held.versions.0 == now.0 || held.is_fresh()) else {
            return Ok(None);
        };
        if held.versions.0 != now.0 || held.checked == now.1 || held.left_out.is_empty() {
            return Ok(Some(held.vectors));
        }
        let of = held.vectors.of;
        let left_out: Vec<_> = held.left_out.iter().map(|row| (row.image_id, row.id(of), row.key)).collect();
        let back = if left_out.len() <= LOOKED_AT_BY_NAME {
            self.current_rows(d, &held.vectors.meta(), &left_out)?.contains(&true)
        } else {
            let keys = self.keys_now(d, &held.vectors.meta())?;
            left_out.iter().any(|(_, id, key)| keys.get(id) == Some(key))
        };
        if back {
            return Ok(None);
        }
        self.shelf.still_out(place, now);
        Ok(Some(held.vectors))
    }

    fn load_vectors(
        &self,
        d: &DatasetName,
        encoder: &str,
        of: EmbeddingOf,
        held: &dyn Fn(&Place, (u64, u64)) -> Result<Option<Arc<Vectors>>, Error>,
    ) -> Result<Arc<Vectors>, Error> {
        let place = self.place(d, encoder, of)?;
        let path = table_path(&self.folders, d, encoder, of);
        if !path.exists() {
            return Err(nothing_embedded(d, of));
        }
        let now = || Ok::<_, Error>((self.shelf.version(&path)?.0, self.engine.version()));
        if let Some(vectors) = held(&place, now()?)? {
            return Ok(vectors);
        }
        let _one_at_a_time = lock(&self.shelf.loading);
        // Somebody may have read it meanwhile.
        let versions = now()?;
        if let Some(vectors) = held(&place, versions)? {
            return Ok(vectors);
        }
        let forgotten = self.shelf.forgotten();
        let rows = self.shelf.rows_at(&place, &path)?;
        let (vectors, left_out) = self.read_vectors(d, &path, &rows)?;
        let vectors = Arc::new(vectors);
        let held = Kept {
            versions: (rows.state, versions.1),
            loaded: Some(Instant::now()),
            vectors: Arc::clone(&vectors),
            left_out: Arc::new(left_out),
            checked: versions.1,
        };
        self.shelf.keep(place, held, forgotten);
        Ok(vectors)
    }

    /// Reads the vectors of current rows straight to their places; gives the rows that are not current, too.
    fn read_vectors(&self, d: &DatasetName, path: &Path, held: &HeldRows) -> Result<(Vectors, Vec<HeldRow>), Error> {
        let (places, order, left_out) = self.places_of_rows(d, held)?;
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
        let vectors = Vectors {
            encoder: held.meta.encoder.clone(),
            fingerprint: held.meta.fingerprint.clone(),
            of: held.meta.of,
            recipe: held.meta.recipe.clone(),
            dims,
            image_ids: pick(&|row| row.image_id),
            box_ids: if boxes { pick(&|row| row.box_id) } else { Vec::new() },
            keys: pick(&|row| row.key),
            data,
        };
        Ok((vectors, left_out))
    }

    /// Where each row of a table comes in the matrix, `None` for stale ones; the row of each place; and the stale rows.
    fn places_of_rows(&self, d: &DatasetName, held: &HeldRows) -> Result<Order, Error> {
        let of = held.meta.of;
        let now = self.keys_now(d, &held.meta)?;
        let is_current = |at: &usize| now.get(&held.rows[*at].id(of)) == Some(&held.rows[*at].key);
        let (mut order, stale): (Vec<usize>, Vec<usize>) = (0..held.rows.len()).partition(is_current);
        order.sort_by_key(|at| (held.rows[*at].image_id, held.rows[*at].box_id));
        order.dedup_by_key(|at| held.rows[*at].id(of));
        let mut places = vec![None; held.rows.len()];
        order.iter().enumerate().for_each(|(place, at)| places[*at] = Some(place));
        Ok((places, order, stale.into_iter().map(|at| held.rows[at]).collect()))
    }

    /// The key that each image or box would have in a table now.
    fn keys_now(&self, d: &DatasetName, meta: &EmbeddingMeta) -> Result<HashMap<i64, i64>, Error> {
        let keys = Keys::new(&meta.fingerprint, &meta.recipe);
        let now = self.engine.with(|c| wanted(c, d, (meta.of, &keys), "true"))?;
        Ok(now.iter().map(|item| (item.id(), item.key)).collect())
    }
}

#[cfg(test)]
#[path = "vectors_tests.rs"]
mod tests;
