//! How tables of embeddings stand beside the working set: what has a vector and what has none. Counted image by image and
//! kept, so that an edit costs the boxes of its image and not a look at all there are.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tator_domain::{DatasetName, ImageId};

use crate::embeddings::{EmbeddingOf, EmbeddingTable, Keys, read_meta, table_path, wanted};
use crate::engine::lock;
use crate::reader::{Reader, find_dataset};
use crate::vector_shelf::{HeldRow, HeldRows, Place};
use crate::vectors::LOOKED_AT_BY_NAME;
use crate::{Error, queries};

/// What was counted of a table.
pub(crate) struct Standing {
    /// The state of the table.
    state: u64,
    /// The latest change of the dataset that is counted.
    change_id: i64,
    images: HashMap<ImageId, Counts>,
}

/// Of one image.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// Rows that are current.
    current: u64,
    /// Rows of what has changed or gone since.
    stale: u64,
    /// What could have a row and has no current one.
    missing: u64,
}

impl Reader {
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
            let table = self.standing(place, &entry.path())?;
            tables.push(EmbeddingTable { bytes: bytes_below(&entry.path()), ..table });
        }
        tables.sort_by(|a, b| (&a.meta.encoder, a.meta.of).cmp(&(&b.meta.encoder, b.meta.of)));
        Ok(tables)
    }

    /// Images or boxes that could have a vector by an encoder and have none, or one of what they were before.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Lance`] when the table cannot be read.
    pub fn without_vector(&self, d: &DatasetName, encoder: &str, of: EmbeddingOf) -> Result<u64, Error> {
        let path = table_path(&self.folders, d, encoder, of);
        Ok(self.standing(self.place(d, encoder, of)?, &path)?.missing)
    }

    /// How a table stands; how large its files are is asked by whoever wants to know.
    fn standing(&self, place: Place, path: &Path) -> Result<EmbeddingTable, Error> {
        let (d, held) = (&place.0, self.shelf.rows_at(&place, path)?);
        let kept = lock(&self.shelf.standing).remove(&place).filter(|kept| kept.state == held.state);
        let known = kept.is_some();
        let mut now = kept.unwrap_or(Standing { state: held.state, change_id: -1, images: HashMap::new() });
        // What changes while it is counted is counted again the next time.
        let (touched, change_id) = self.changed_since(d, now.change_id)?;
        match touched.filter(|_| known) {
            None => now.images = self.counts(d, &held, None)?,
            Some(images) if images.is_empty() => {}
            Some(images) => {
                let counts = self.counts(d, &held, Some(&images))?;
                now.images.retain(|id, _| !images.contains(id));
                now.images.extend(counts);
            }
        }
        now.change_id = change_id;
        let sum = |of: fn(&Counts) -> u64| now.images.values().map(of).sum();
        let table = EmbeddingTable {
            meta: held.meta.clone(),
            rows: sum(|counts| counts.current),
            stale: sum(|counts| counts.stale),
            missing: sum(|counts| counts.missing),
            bytes: 0,
        };
        lock(&self.shelf.standing).insert(place, now);
        Ok(table)
    }

    /// The images that were changed after a change, `None` when all may have been; and the latest change.
    fn changed_since(&self, d: &DatasetName, change_id: i64) -> Result<(Option<HashSet<ImageId>>, i64), Error> {
        let query = queries::SELECT_CHANGES_SINCE;
        let changes: Vec<(Option<ImageId>, i64)> = self.engine.with(|c| {
            let mut statement = c.prepare(&query.of(d)).map_err(query.failed())?;
            let rows = statement.query_map([change_id], |row| Ok((row.get("image_id")?, row.get("change_id")?)));
            rows.map_err(query.failed())?.collect::<Result<_, _>>().map_err(query.failed())
        })?;
        let latest = changes.iter().map(|(_, id)| *id).fold(change_id, i64::max);
        let images: Option<HashSet<ImageId>> = changes.into_iter().map(|(image, _)| image).collect();
        Ok((images.filter(|images| images.len() <= LOOKED_AT_BY_NAME), latest))
    }

    /// Counts of these images, or of all.
    fn counts(
        &self,
        d: &DatasetName,
        held: &HeldRows,
        images: Option<&HashSet<ImageId>>,
    ) -> Result<HashMap<ImageId, Counts>, Error> {
        let (of, keys) = (held.meta.of, Keys::new(&held.meta.fingerprint, &held.meta.recipe));
        let predicate = images.map_or("true".to_owned(), |images| {
            let numbers: Vec<String> = images.iter().map(ToString::to_string).collect();
            format!("image_id IN ({})", numbers.join(","))
        });
        let now = self.engine.with(|c| wanted(c, d, (of, &keys), &predicate))?;
        let is_asked = |row: &&HeldRow| images.is_none_or(|images| images.contains(&row.image_id));
        let mut rows: HashMap<i64, &HeldRow> = held.rows.iter().filter(is_asked).map(|row| (row.id(of), row)).collect();
        let mut counts = HashMap::<ImageId, Counts>::new();
        for item in now {
            let count = counts.entry(item.image_id).or_default();
            match rows.remove(&item.id()) {
                Some(row) if row.key == item.key => count.current += 1,
                found => {
                    count.missing += 1;
                    count.stale += u64::from(found.is_some());
                }
            }
        }
        rows.values().for_each(|gone| counts.entry(gone.image_id).or_default().stale += 1);
        Ok(counts)
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
