//! Grown trees on disk, by what they were grown on; the oldest go when there are too many.

use std::fs;
use std::path::PathBuf;
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
        let Ok(listing) = fs::read_dir(&self.folder) else { return };
        let about = |entry: fs::DirEntry| {
            let about = entry.metadata().ok()?;
            Some((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), about.len(), entry.path()))
        };
        let mut files: Vec<_> = listing.flatten().filter_map(about).collect();
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if bytes <= MOST_BYTES {
                return;
            }
            if fs::remove_file(path).is_ok() {
                bytes -= len;
            }
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
