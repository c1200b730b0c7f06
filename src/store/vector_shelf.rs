//! What of embeddings is in memory, and when it has to be read again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use tator_domain::{BoxId, DatasetName, ImageId};

use crate::embeddings::{EmbeddingMeta, EmbeddingOf, read_meta, table_path};
use crate::engine::lock;
use crate::lance_tables::Lance;
use crate::reader::Reader;
use crate::standing::Standing;
use crate::vector_functions::NearestSearch;
use crate::vectors::Vectors;
use crate::{Error, Timestamp};

/// Bytes of vectors that stay in memory; the matrix that was asked for last stays in any case.
const BUDGET: usize = 3 << 30;
/// While a job writes, a search looks at rows of so long ago rather than reading everything again.
const LATELY: Duration = Duration::from_secs(15);

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
    /// Which of the states that the table has had in this process.
    pub state: u64,
    /// Version of the table.
    pub version: u64,
    pub meta: EmbeddingMeta,
    pub rows: Vec<HeldRow>,
}

/// Which table: dataset (and when it was made: names come again), encoder, of what.
pub(crate) type Place = (DatasetName, Timestamp, String, EmbeddingOf);

/// Vectors in memory.
#[derive(Clone)]
pub(crate) struct Kept {
    /// State of the table, and version of the working set it was compared with.
    pub versions: (u64, u64),
    /// When it was read; `None` once its table is another for good.
    pub loaded: Option<Instant>,
    pub vectors: Arc<Vectors>,
    /// Rows of the table that were not current. An undo may make them so again.
    pub left_out: Arc<Vec<HeldRow>>,
    /// Version of the working set at which they were still not.
    pub checked: u64,
}

impl Kept {
    /// It was read a moment ago.
    pub fn is_fresh(&self) -> bool {
        self.loaded.is_some_and(|at| at.elapsed() < LATELY)
    }
}

/// A table as this process knows it: nobody else writes while the workspace is held.
#[derive(Default)]
struct Known {
    /// Counts writes; never the same again, which cannot be said of versions: a table may be deleted and made anew.
    state: u64,
    version: Option<u64>,
}

/// What is in memory. One at a time reads from disk: others want the same.
#[derive(Default)]
pub(crate) struct Shelf {
    lance: Mutex<Option<Arc<Lance>>>,
    pub loading: Mutex<()>,
    kept: Mutex<Vec<(Place, Kept)>>,
    rows: Mutex<HashMap<Place, Arc<HeldRows>>>,
    known: Mutex<HashMap<PathBuf, Known>>,
    /// What was counted of tables beside the working set.
    pub standing: Mutex<HashMap<Place, Standing>>,
    /// How often something was forgotten.
    forgotten: AtomicU64,
    /// The search that statements use.
    pub search: OnceLock<Arc<dyn NearestSearch>>,
}

impl Shelf {
    pub fn lance(&self) -> Result<Arc<Lance>, Error> {
        let mut lance = lock(&self.lance);
        if let Some(open) = &*lance {
            return Ok(Arc::clone(open));
        }
        let opened = Arc::new(Lance::new()?);
        *lance = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// The state of a table and its version in that state.
    pub fn version(&self, path: &Path) -> Result<(u64, u64), Error> {
        self.version_by(path, || self.lance()?.version(path))
    }

    fn version_by(&self, path: &Path, read: impl FnOnce() -> Result<u64, Error>) -> Result<(u64, u64), Error> {
        let state = {
            let mut known = lock(&self.known);
            let known = known.entry(path.to_owned()).or_default();
            if let Some(version) = known.version {
                return Ok((known.state, version));
            }
            known.state
        };
        let version = read()?;
        let mut known = lock(&self.known);
        let known = known.entry(path.to_owned()).or_default();
        // Written meanwhile: what was read is of before, and the next one looks again.
        if known.state == state {
            known.version = Some(version);
        }
        Ok((state, version))
    }

    /// A table was written, or is gone.
    pub fn changed(&self, path: &Path) {
        let mut known = lock(&self.known);
        let known = known.entry(path.to_owned()).or_default();
        *known = Known { state: known.state + 1, version: None };
    }

    /// A table is complete: a search is not content any more with what was in memory before.
    pub fn outdate(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) {
        let mut kept = lock(&self.kept);
        let places = kept.iter_mut().filter(|((name, _, by, what), _)| name == d && by == encoder && *what == of);
        places.for_each(|(_, held)| held.loaded = None);
    }

    /// Nothing of a dataset stays. To be called once its tables are gone: before, somebody may read them again.
    pub fn forget(&self, d: &DatasetName) {
        let is_of_it = |path: &Path| path.parent().is_some_and(|folder| folder.ends_with(d.as_str()));
        for (_, known) in lock(&self.known).iter_mut().filter(|(path, _)| is_of_it(path)) {
            *known = Known { state: known.state + 1, version: None };
        }
        let mut kept = lock(&self.kept);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        kept.retain(|((name, ..), _)| name != d);
        lock(&self.rows).retain(|(name, ..), _| name != d);
        lock(&self.standing).retain(|(name, ..), _| name != d);
    }

    /// Takes a table of a dataset away, and then what was in memory of it, also what was read meanwhile.
    pub fn remove<T>(&self, d: &DatasetName, remove: impl FnOnce() -> T) -> T {
        let removed = remove();
        self.forget(d);
        removed
    }

    /// How often something was forgotten; what was read before and is kept after may be of a table that is gone.
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// What is in memory of a table, if it fits.
    pub fn get(&self, place: &Place, fits: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let mut kept = lock(&self.kept);
        let at = kept.iter().position(|(other, held)| other == place && fits(held))?;
        let found = kept.remove(at);
        let held = found.1.clone();
        kept.push(found);
        Some(held)
    }

    /// Rows that were left out are still not current.
    pub fn still_out(&self, place: &Place, (state, checked): (u64, u64)) {
        let mut kept = lock(&self.kept);
        let held = kept.iter_mut().find(|(other, held)| other == place && held.versions.0 == state);
        held.into_iter().for_each(|(_, held)| held.checked = held.checked.max(checked));
    }

    /// Keeps vectors, unless newer ones are there or something was forgotten since they were read.
    pub fn keep(&self, place: Place, held: Kept, forgotten: u64) {
        let mut kept = lock(&self.kept);
        let is_newer = |(other, there): &(Place, Kept)| *other == place && there.versions > held.versions;
        if self.forgotten() != forgotten || kept.iter().any(is_newer) {
            return;
        }
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

    pub fn rows_at(&self, place: &Place, path: &Path) -> Result<Arc<HeldRows>, Error> {
        let lance = self.lance()?;
        let (state, version) = self.version(path)?;
        let held = lock(&self.rows).get(place).filter(|rows| rows.state == state).cloned();
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
        let rows = Arc::new(HeldRows { state, version, meta, rows });
        let mut held = lock(&self.rows);
        if held.get(place).is_none_or(|there| there.state <= state) {
            held.insert(place.clone(), Arc::clone(&rows));
        }
        Ok(rows)
    }
}

#[cfg(test)]
#[path = "vector_shelf_tests.rs"]
mod tests;
