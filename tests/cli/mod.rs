//! The command line as it is promised: exit codes, what stands on stdout, the same answers with a server and without.

mod answers;
mod refusals;
mod serving;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A 1×1 PNG.
pub const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 0x0c, b'I', b'D', b'A', b'T', 8, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0,
    3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Three pictures: one with two boxes, one confirmed empty, one without a label file.
pub fn small_yolo(at: &Path) -> PathBuf {
    fs::create_dir_all(at.join("images")).unwrap();
    fs::create_dir_all(at.join("labels")).unwrap();
    for name in ["a", "b", "c"] {
        fs::write(at.join(format!("images/{name}.png")), PIXEL).unwrap();
    }
    fs::write(at.join("labels/a.txt"), "0 0.5 0.5 0.5 0.5\n1 0.25 0.25 0.5 0.5\n").unwrap();
    fs::write(at.join("labels/b.txt"), "").unwrap();
    fs::write(at.join("data.yaml"), "path: .\ntrain: images\nnames: [coin, note]\n").unwrap();
    at.to_owned()
}

/// The files under a folder by relative path, with their bytes.
pub fn tree(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.strip_prefix(root).unwrap().display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Writes a stored (uncompressed) zip.
pub fn zip_of(folder: &Path, to: &Path) {
    let mut body = Vec::new();
    let mut directory = Vec::new();
    let files = tree(folder);
    for (name, bytes) in &files {
        let offset = u32::try_from(body.len()).unwrap();
        let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let crc = crc32(bytes).to_le_bytes();
        let length = u16::try_from(name.len()).unwrap().to_le_bytes();
        let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x58][..], &crc, &size, &size, &length, &[0, 0]].concat();
        body.extend([&[b'P', b'K', 3, 4][..], &common, name.as_bytes(), bytes].concat());
        directory.extend(
            [&[b'P', b'K', 1, 2, 20, 0][..], &common, &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let n = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (size, start) = (u32::try_from(directory.len()).unwrap(), u32::try_from(body.len()).unwrap());
    let end =
        [&[b'P', b'K', 5, 6, 0, 0, 0, 0][..], &n, &n, &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat();
    let mut file = fs::File::create(to).unwrap();
    for part in [body, directory, end] {
        file.write_all(&part).unwrap();
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}
