//! What a pass found on an image, kept on disk by the image's bytes and everything that decides the answer, so that a run
//! that was cut off goes on and the next one asks no model twice.
//!
//! `cache/prepass/<key>.log` holds one record after another: length, CRC, and a body with hash, milliseconds and what was
//! found. Records are only ever added; a last one that a kill cut off is overwritten. A failure is never kept: the
//! image is asked about again. The folder may be deleted at any time.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tator_domain::PixelBox;

use super::looks::Found;
use crate::error::Error;

const MAGIC: &[u8; 8] = b"tatorpp1";
/// Bytes before the body: its length and its CRC.
const HEAD: usize = 8;
/// A record longer than this is none: 30,000 boxes have a third of it.
const MOST_BYTES: u32 = 8 << 20;

/// BLAKE3 of an image's bytes.
pub(super) type Hash = [u8; 32];

/// What is kept of one image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub found: Vec<Found>,
    pub ms: f64,
}

/// The records of one pass.
pub(super) struct PassCache {
    path: PathBuf,
    file: File,
    /// Where the body of each image's record begins, and its length.
    places: HashMap<Hash, (u64, u32)>,
    end: u64,
}

impl PassCache {
    /// Opens the records of a key below a folder.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(folder: &Path, key: &str) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::io(format!("making {}", folder.display())))?;
        let path = folder.join(format!("{key}.log"));
        let failed = |path: &Path| Error::io(format!("opening {}", path.display()));
        let open = |path: &Path| OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open(&path).map_err(failed(&path))?;
        let (places, end) = scan(&mut file).map_err(failed(&path))?;
        file.set_len(end).map_err(failed(&path))?;
        let mut cache = Self { path, file, places, end };
        if end == 0 {
            cache.write(MAGIC)?;
        }
        Ok(cache)
    }

    /// Whether an image was looked at.
    pub fn has(&self, hash: &Hash) -> bool {
        self.places.contains_key(hash)
    }

    /// The images that were looked at.
    pub fn hashes(&self) -> impl Iterator<Item = &Hash> {
        self.places.keys()
    }

    /// What was found on an image; `None` when it was not looked at.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn get(&mut self, hash: &Hash) -> Result<Option<Kept>, Error> {
        let Some((start, length)) = self.places.get(hash).copied() else { return Ok(None) };
        let mut body = vec![0; length as usize];
        let read = self.file.seek(SeekFrom::Start(start)).and_then(|_| self.file.read_exact(&mut body));
        read.map_err(Error::io(format!("reading {}", self.path.display())))?;
        Ok(decode(&body[32..]))
    }

    /// Keeps what was found on an image, once.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&mut self, hash: &Hash, kept: &Kept) -> Result<(), Error> {
        if self.has(hash) {
            return Ok(());
        }
        let mut body = hash.to_vec();
        encode(kept, &mut body);
        let length = body.len() as u32;
        let mut record = length.to_le_bytes().to_vec();
        record.extend(crc32fast::hash(&body).to_le_bytes());
        record.extend(body);
        let start = self.end + HEAD as u64;
        self.write(&record)?;
        self.places.insert(*hash, (start, length));
        Ok(())
    }

    /// Makes what was kept outlive a loss of power.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::io(format!("writing {}", self.path.display())))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.file.seek(SeekFrom::Start(self.end)).and_then(|_| self.file.write_all(bytes));
        written.map_err(Error::io(format!("writing {}", self.path.display())))?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

/// The places of all whole records, and where the last of them ends; a file of another kind has none.
fn scan(file: &mut File) -> std::io::Result<(HashMap<Hash, (u64, u32)>, u64)> {
    let mut places = HashMap::new();
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut magic = [0; 8];
    if !filled(&mut reader, &mut magic)? || &magic != MAGIC {
        return Ok((places, 0));
    }
    let mut end = MAGIC.len() as u64;
    let (mut head, mut body) = ([0; HEAD], Vec::new());
    while filled(&mut reader, &mut head)? {
        let [a, b, c, d, crc @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if !(32..=MOST_BYTES).contains(&length) {
            break;
        }
        body.resize(length as usize, 0);
        if !filled(&mut reader, &mut body)? || crc32fast::hash(&body) != u32::from_le_bytes(crc) {
            break;
        }
        if let Ok(hash) = Hash::try_from(&body[..32]) {
            places.insert(hash, (end + HEAD as u64, length));
        }
        end += HEAD as u64 + u64::from(length);
    }
    Ok((places, end))
}

/// Whether there were bytes enough.
fn filled(reader: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn encode(kept: &Kept, to: &mut Vec<u8>) {
    to.extend(kept.ms.to_le_bytes());
    for found in &kept.found {
        let PixelBox { x, y, w, h } = found.rect;
        [x, y, w, h].iter().for_each(|side| to.extend(side.to_le_bytes()));
        to.extend(found.label.to_le_bytes());
        // No score is no number, no window and no example the largest there are.
        to.extend(found.score.unwrap_or(f32::NAN).to_le_bytes());
        to.extend(found.window.unwrap_or(u32::MAX).to_le_bytes());
        to.extend(found.exemplar.unwrap_or(i64::MAX).to_le_bytes());
    }
}

/// Bytes of one thing found.
const ITEM: usize = 4 * 8 + 3 * 4 + 8;

fn decode(bytes: &[u8]) -> Option<Kept> {
    let (ms, items) = bytes.split_first_chunk::<8>()?;
    let item = |item: &[u8]| {
        let double = |i: usize| item.get(i..i + 8)?.try_into().ok().map(f64::from_le_bytes);
        let int = |i: usize| item.get(i..i + 4)?.try_into().ok().map(u32::from_le_bytes);
        let rect = PixelBox { x: double(0)?, y: double(8)?, w: double(16)?, h: double(24)? };
        let exemplar = item.get(44..52)?.try_into().ok().map(i64::from_le_bytes);
        Some(Found {
            rect,
            label: int(32)?,
            score: int(36).map(f32::from_bits).filter(|score| !score.is_nan()),
            window: int(40).filter(|window| *window != u32::MAX),
            exemplar: exemplar.filter(|id| *id != i64::MAX),
        })
    };
    let found = items.chunks_exact(ITEM).map(item).collect::<Option<Vec<_>>>()?;
    Some(Kept { found, ms: f64::from_le_bytes(*ms) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(x: f64, score: Option<f32>) -> Found {
        let rect = PixelBox { x, y: 0.1, w: 1.0 / 3.0, h: 7.0 };
        Found { rect, label: 3, score, window: None, exemplar: Some(9) }
    }

    fn kept(n: usize) -> Kept {
        Kept { found: (0..n).map(|i| found(i as f64, Some(0.1))).collect(), ms: 1.5 }
    }

    #[test]
    fn what_was_kept_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = PassCache::open(folder.path(), "k").unwrap();
        cache.put(&[1; 32], &kept(2)).unwrap();
        cache.put(&[2; 32], &kept(0)).unwrap();
        cache.put(&[1; 32], &kept(5)).unwrap();
        drop(cache);
        let mut cache = PassCache::open(folder.path(), "k").unwrap();
        assert_eq!(cache.get(&[1; 32]).unwrap(), Some(kept(2)));
        assert_eq!(cache.get(&[2; 32]).unwrap(), Some(kept(0)), "nothing found is an answer");
        assert_eq!(cache.get(&[3; 32]).unwrap(), None);
    }

    #[test]
    fn a_record_that_was_cut_off_is_none_and_those_before_it_stay() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = PassCache::open(folder.path(), "k").unwrap();
        cache.put(&[1; 32], &kept(2)).unwrap();
        let whole = cache.end;
        cache.put(&[2; 32], &kept(3)).unwrap();
        drop(cache);
        let path = folder.path().join("k.log");
        let bytes = fs::read(&path).unwrap();
        for cut in whole as usize..bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let mut cache = PassCache::open(folder.path(), "k").unwrap();
            assert!(cache.has(&[1; 32]) && !cache.has(&[2; 32]), "{cut}");
            cache.put(&[2; 32], &kept(3)).unwrap();
            assert_eq!(cache.get(&[2; 32]).unwrap(), Some(kept(3)));
            drop(cache);
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn a_file_of_another_kind_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("k.log"), b"something else entirely").unwrap();
        let mut cache = PassCache::open(folder.path(), "k").unwrap();
        assert!(!cache.has(&[1; 32]));
        cache.put(&[1; 32], &kept(1)).unwrap();
        drop(cache);
        assert!(PassCache::open(folder.path(), "k").unwrap().has(&[1; 32]));
    }

    proptest! {
        #[test]
        fn numbers_come_back_to_the_last_bit(
            sides in prop::array::uniform4(prop::num::f64::NORMAL),
            label in any::<u32>(), score in prop::option::of(0.0_f32..1.0),
            window in prop::option::of(0_u32..1000), exemplar in prop::option::of(0_i64..1_000_000)
        ) {
            let [x, y, w, h] = sides;
            let one = Found { rect: PixelBox { x, y, w, h }, label, score, window, exemplar };
            let (kept, mut bytes) = (Kept { found: vec![one; 3], ms: 0.25 }, Vec::new());
            encode(&kept, &mut bytes);
            prop_assert_eq!(decode(&bytes), Some(kept));
        }
    }
}
