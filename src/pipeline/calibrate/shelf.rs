//! Grown trees on disk, by what they were grown on; the oldest go when there are too many.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tator_learning::calibrator::Shelf;
use tator_store::{Reader, write_whole};

/// Bytes that may lie there after a calibration.
const MOST_BYTES: u64 = 512 << 20;

/// `cache/calibrate/`; may be deleted at any time.
pub(super) struct TreeShelf {
    folder: PathBuf,
}

impl TreeShelf {
    pub fn open(reader: &Reader) -> Self {
        Self { folder: reader.folders().root().join("cache").join("calibrate") }
    }

    fn place(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.trees"))
    }

    /// Lets the oldest go until the rest is small enough.
    pub fn tidy(&self) {
        trim(&self.folder, MOST_BYTES);
    }
}

/// Deletes the oldest files of a folder and those below until the rest takes no more than `most` bytes.
pub(super) fn trim(folder: &Path, most: u64) {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(about) = entry.metadata() else { continue };
            match about.is_dir() {
                true => folders.push(entry.path()),
                false => files.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len(), entry.path())),
            }
        }
    }
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
    for (_, len, path) in files {
        if bytes <= most {
            return;
        }
        // Whoever reads it at this moment has it open; a file that stays is tried again the next time.
        if fs::remove_file(&path).is_ok() {
            bytes -= len;
        }
    }
}

impl Shelf for TreeShelf {
    fn get(&self, key: &str) -> Option<Vec<u8>> {
        fs::read(self.place(key)).ok()
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let kept = fs::create_dir_all(&self.folder).is_ok() && write_whole(&self.place(key), bytes).is_ok();
        if !kept {
            tracing::warn!(folder = %self.folder.display(), "grown trees could not be kept; the next calibration grows them again");
        }
    }
}
