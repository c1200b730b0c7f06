//! Encodings kept on disk, by the content of the picture and the model, so that a picture is encoded once: reading
//! 4 MB takes milliseconds where making them takes most of a second. A cache: it may be deleted at any time.
//!
//! A file is the length of a JSON head (4 bytes, little endian), the head (placement, names and shapes), and the floats.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tator_store::Folders;
use tator_vision::{Data, Encoding, Placement, Tensor};

/// All files together take at most this much; the longest unused go first.
const BUDGET: u64 = 4 << 30;

#[derive(Serialize, Deserialize)]
struct Head {
    size: [u32; 2],
    scale: [f64; 2],
    tensors: Vec<(String, Vec<usize>)>,
}

/// Where they lie.
pub(super) struct Folder {
    path: PathBuf,
}

/// The name of a picture's encoding by a model.
pub(super) fn key(picture: &[u8], model: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(model.as_bytes()).update(&[0]).update(picture);
    hasher.finalize().to_hex()[..40].to_owned()
}

impl Folder {
    pub fn new(folders: &Folders) -> Self {
        Self { path: folders.root().join("cache").join("encodings") }
    }

    fn file(&self, key: &str) -> PathBuf {
        self.path.join(format!("{key}.enc"))
    }

    /// The encoding, if it is there and whole.
    pub fn read(&self, key: &str) -> Option<Encoding> {
        let path = self.file(key);
        let bytes = fs::read(&path).ok()?;
        let encoding = parse(&bytes);
        if encoding.is_some() {
            // The time of the last use decides who goes first.
            let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        }
        encoding
    }

    /// Keeps an encoding; a disk that is full or slow costs time later, nothing else.
    pub fn write(&self, key: &str, encoding: &Encoding) {
        let Some(bytes) = to_bytes(encoding) else { return };
        let path = self.file(key);
        let aside = path.with_extension("part");
        let write = || {
            fs::create_dir_all(&self.path)?;
            fs::File::create(&aside)?.write_all(&bytes)?;
            fs::rename(&aside, &path)
        };
        if let Err(error) = write() {
            tracing::debug!(%error, "an encoding was not kept on disk");
        }
        make_room(&self.path, BUDGET);
    }
}

fn to_bytes(encoding: &Encoding) -> Option<Vec<u8>> {
    let Placement { width, height, scale_x, scale_y } = encoding.placement;
    let tensors = encoding.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone())).collect();
    let head = serde_json::to_vec(&Head { size: [width, height], scale: [scale_x, scale_y], tensors }).ok()?;
    let mut bytes = u32::try_from(head.len()).ok()?.to_le_bytes().to_vec();
    bytes.reserve(head.len() + encoding.bytes());
    bytes.extend(head);
    for (_, tensor) in &encoding.tensors {
        let Data::F32(values) = &tensor.data else { return None };
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    Some(bytes)
}

fn parse(bytes: &[u8]) -> Option<Encoding> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (head, mut rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let [width, height] = head.size;
    let placement = Placement { width, height, scale_x: head.scale[0], scale_y: head.scale[1] };
    let mut tensors = Vec::with_capacity(head.tensors.len());
    for (name, shape) in head.tensors {
        let count = shape.iter().try_fold(4usize, |count, n| count.checked_mul(*n))?;
        let (values, left) = rest.split_at_checked(count)?;
        rest = left;
        let values = values.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        tensors.push((name, Tensor::f32(&shape, values)));
    }
    rest.is_empty().then_some(Encoding { placement, tensors })
}

/// Deletes the longest unused files until the rest takes at most `budget` bytes.
fn make_room(folder: &Path, budget: u64) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            Some((meta.modified().ok()?, meta.len(), entry.path()))
        })
        .collect();
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    files.sort();
    for (_, length, path) in files {
        if total <= budget {
            break;
        }
        if fs::remove_file(path).is_ok() {
            total -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(value: f32) -> Encoding {
        let placement = Placement { width: 640, height: 427, scale_x: 1.6, scale_y: 1.6018 };
        let tensors = vec![("image_embeddings".to_owned(), Tensor::f32(&[1, 2, 2], vec![value, -1.5, f32::MIN, 0.1]))];
        Encoding { placement, tensors }
    }

    #[test]
    fn an_encoding_reads_back_exactly() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Folder { path: folder.path().join("encodings") };
        kept.write("a", &sample(0.3));
        let read = kept.read("a").expect("it is there");
        assert_eq!((read.placement, read.tensors), (sample(0.3).placement, sample(0.3).tensors));
        assert!(kept.read("b").is_none());
    }

    #[test]
    fn half_a_file_is_none() {
        let bytes = to_bytes(&sample(1.0)).expect("floats only");
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn room_is_made_by_the_longest_unused() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Folder { path: folder.path().to_owned() };
        for (age, key) in [(30, "old"), (20, "used"), (10, "new")] {
            kept.write(key, &sample(age as f32));
            let file = fs::File::options().append(true).open(kept.file(key)).expect("it was written");
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).expect("a time");
        }
        assert!(kept.read("old").is_some(), "reading counts as a use");
        let one = fs::metadata(kept.file("new")).expect("it is there").len();
        make_room(&kept.path, 2 * one);
        let left = ["old", "used", "new"].map(|key| kept.file(key).exists());
        assert_eq!(left, [true, false, true]);
    }
}
