//! Vectors of crops that are no boxes, kept by content and model in `cache/`, where they may be deleted at any time.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;

use tator_domain::{DatasetName, PixelBox};
use tator_store::{Reader, write_whole};
use tator_vision::{Embedder, Picture, Stop};

use crate::embed::Recipe;
use crate::error::Error;

/// Crops that go through the encoder together.
const BATCH: usize = 32;
/// Bytes of a key.
const KEY: usize = 32;

/// What a vector is kept under.
pub(crate) type Key = [u8; KEY];

/// The encoder whose vectors of boxes are learnt from, and how it was given them.
#[derive(Clone, Copy)]
pub(crate) struct Eyes<'a> {
    pub fingerprint: &'a str,
    pub embedder: &'a dyn Embedder,
    pub dims: usize,
    pub recipe: Recipe,
}

impl Eyes<'_> {
    /// What decides a vector: model, content, cut, and what was done to it.
    pub fn key(&self, content: &str, rect: &PixelBox, done: &[u64]) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.fingerprint.as_bytes()).update(content.as_bytes());
        hasher.update(self.recipe.words().as_bytes());
        for side in [rect.x, rect.y, rect.w, rect.h] {
            hasher.update(&side.to_le_bytes());
        }
        done.iter().for_each(|number| {
            hasher.update(&number.to_le_bytes());
        });
        *hasher.finalize().as_bytes()
    }

    pub fn see(&self, crops: &[Picture]) -> Result<Vec<Vec<f32>>, Error> {
        let mut vectors = Vec::with_capacity(crops.len());
        for some in crops.chunks(BATCH) {
            vectors.extend(self.embedder.embed(some, &Stop::default())?);
        }
        Ok(vectors)
    }
}

/// Vectors of earlier times; a file that does not fit is not used.
pub(crate) struct Kept {
    path: PathBuf,
    dims: usize,
    kept: HashMap<Key, Vec<f32>>,
    /// What is used this time, in order: older vectors are forgotten.
    using: Vec<Key>,
    grown: bool,
}

impl Kept {
    /// `what` is the folder below `cache`.
    pub fn read(reader: &Reader, d: &DatasetName, what: &str, eyes: &Eyes<'_>) -> Self {
        let folder = reader.folders().root().join("cache").join(what);
        let name = blake3::hash(eyes.fingerprint.as_bytes()).to_hex();
        let path = folder.join(format!("{d}-{}.bin", &name[..16]));
        Self::of(path, eyes.dims)
    }

    /// What a file holds; nothing where there is none.
    pub fn of(path: PathBuf, dims: usize) -> Self {
        let bytes = fs::read(&path).unwrap_or_default();
        let row = KEY + 4 * dims;
        let rows = bytes.chunks_exact(row).filter(|_| bytes.len().is_multiple_of(row));
        let read = rows.map(|row| {
            let (key, numbers) = row.split_at(KEY);
            let (fours, _) = numbers.as_chunks::<4>();
            let mut own = Key::default();
            own.copy_from_slice(key);
            (own, fours.iter().map(|four| f32::from_le_bytes(*four)).collect())
        });
        Self { kept: read.collect(), path, dims, using: Vec::new(), grown: false }
    }

    pub fn has(&self, keys: &[Key]) -> bool {
        keys.iter().all(|key| self.kept.contains_key(key))
    }

    pub fn add(&mut self, rows: impl Iterator<Item = (Key, Vec<f32>)>) {
        self.kept.extend(rows.filter(|(_, vector)| vector.len() == self.dims));
        self.grown = true;
    }

    pub fn used(&mut self, key: &Key) -> &[f32] {
        self.using.push(*key);
        self.kept.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Keeps what is not used this time, too, as long as there are no more than `most` in all.
    pub fn keep_others(&mut self, most: usize) {
        let used: HashSet<Key> = self.using.iter().copied().collect();
        let mut others: Vec<Key> = self.kept.keys().filter(|key| !used.contains(*key)).copied().collect();
        others.sort_unstable();
        others.truncate(most.saturating_sub(self.using.len()));
        self.using.extend(others);
    }

    /// A cache that cannot be written costs time, nothing else.
    pub fn write(&self) {
        if !self.grown {
            return;
        }
        let row = |key: &Key| {
            let numbers = self.kept.get(key).into_iter().flatten().flat_map(|number| number.to_le_bytes());
            key.iter().copied().chain(numbers).collect::<Vec<u8>>()
        };
        let bytes: Vec<u8> = self.using.iter().flat_map(row).collect();
        let made = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        let written =
            made.map_err(|e| e.to_string()).and_then(|()| write_whole(&self.path, &bytes).map_err(|e| e.to_string()));
        if let Err(error) = written {
            tracing::warn!(error, path = %self.path.display(), "vectors are not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/x.bin");
        let mut kept = Kept::of(path.clone(), 2);
        kept.add([([1; KEY], vec![0.5, -1.0]), ([2; KEY], vec![9.0])].into_iter());
        assert_eq!(kept.used(&[1; KEY]), [0.5, -1.0]);
        kept.write();
        let mut again = Kept::of(path, 2);
        assert!(again.has(&[[1; KEY]]) && !again.has(&[[2; KEY]]));
        assert_eq!(again.used(&[1; KEY]), [0.5, -1.0]);
        again.add([([3; KEY], vec![1.0, 1.0]), ([4; KEY], vec![2.0, 2.0])].into_iter());
        again.keep_others(2);
        again.write();
        let last = Kept::of(again.path, 2);
        assert!(last.has(&[[1; KEY], [3; KEY]]) && !last.has(&[[4; KEY]]), "one place was left");
    }
}
