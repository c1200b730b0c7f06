//! Folders and archives, harmless and not.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::formats::collect::picture;

/// An archive of stored or deflated entries, written entry by entry.
fn archive(dir: &TempDir, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = dir.path().join("a.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

/// An archive written by hand, byte for byte, as no decent packer would: name, bytes, attributes.
fn raw_archive(entries: &[(&[u8], &[u8], u32)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, attributes) in entries {
        let (offset, crc) = (out.len() as u32, crc32fast::hash(bytes));
        out.extend(b"PK\x03\x04\x14\0\0\x08\0\0\0\0\x21\0");
        let about = |to: &mut Vec<u8>| {
            to.extend(crc.to_le_bytes());
            to.extend((bytes.len() as u32).to_le_bytes());
            to.extend((bytes.len() as u32).to_le_bytes());
            to.extend((name.len() as u16).to_le_bytes());
        };
        about(&mut out);
        out.extend([0, 0]);
        out.extend(*name);
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\x03\x14\0\0\x08\0\0\0\0\x21\0");
        about(&mut directory);
        directory.extend([0; 8]);
        directory.extend(attributes.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(*name);
    }
    end_archive(out, &directory, entries.len() as u16)
}

fn end_archive(mut out: Vec<u8>, directory: &[u8], count: u16) -> Vec<u8> {
    let start = out.len() as u32;
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn open_raw(bytes: &[u8]) -> Result<Source, Error> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("raw.zip");
    fs::write(&path, bytes).unwrap();
    Source::at(&path)
}

fn refusal(entries: &[(&[u8], &[u8], u32)]) -> String {
    open_raw(&raw_archive(entries)).unwrap_err().to_string()
}

#[test]
fn a_folder_lists_its_files_sorted_and_without_clutter() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["b/x.txt", "a.JPG", "b/.git/config", "__MACOSX/a.jpg", ".DS_Store", "b/._x.txt", "b/.hidden.png"] {
        fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
        fs::write(dir.path().join(path), path).unwrap();
    }
    let source = Source::at(dir.path()).unwrap();
    let paths: Vec<_> = source.entries().iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["a.JPG", "b/.hidden.png", "b/x.txt"]);
    assert_eq!(source.images().count(), 2);
    assert_eq!(source.read_text("b/x.txt", 100).unwrap(), "b/x.txt");
    assert!(source.read("b/x.txt", 3).is_err());
    assert!(source.open("../x").is_err());
    assert!(source.disk_path("a.JPG").unwrap().exists());
}

#[cfg(unix)]
#[test]
fn links_in_a_folder_are_not_followed_but_named() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(other.path().join("secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink(other.path(), dir.path().join("folder")).unwrap();
    std::os::unix::fs::symlink(other.path().join("secret.txt"), dir.path().join("a.txt")).unwrap();
    let source = Source::at(dir.path()).unwrap();
    assert!(source.entries().is_empty());
    let named: Vec<_> = source.left_out().iter().map(|(item, _)| item.as_str()).collect();
    assert_eq!(named.len(), 2);
    assert!(named.contains(&"folder") && named.contains(&"a.txt"));
}

#[test]
fn pictures_and_labels_may_lie_apart() {
    let (labels, images) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(labels.path().join("a.txt"), "labels").unwrap();
    fs::write(labels.path().join("a.jpg"), "thumbnail").unwrap();
    fs::write(images.path().join("a.jpg"), picture(7, 5)).unwrap();
    fs::write(images.path().join("notes.txt"), "notes").unwrap();
    let source = Source::with_images(labels.path(), images.path()).unwrap();
    let paths: Vec<_> = source.entries().iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["a.jpg", "a.txt"]);
    assert_eq!(source.probe("a.jpg").unwrap().width, 7);
    let json = labels.path().join("a.txt");
    assert_eq!(Source::with_images(&json, images.path()).unwrap().entries(), source.entries());
}

#[test]
fn an_archive_reads_like_a_folder_from_many_threads() {
    let dir = tempfile::tempdir().unwrap();
    let long = "0 0.5 0.5 0.1 0.1\n".repeat(5000);
    let path = archive(
        &dir,
        &[("labels/é 写真.txt", long.as_bytes()), ("images/a.png", &picture(30, 20)), ("empty.txt", b"")],
    );
    let source = Source::at(&path).unwrap();
    assert!(source.is_archive());
    let wanted: Vec<&str> = ["labels/é 写真.txt", "images/a.png", "empty.txt"].repeat(50);
    let mut total = 0;
    in_order(
        &wanted,
        |path| source.read(path, 1 << 20).unwrap().len(),
        |_, n| {
            total += n;
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(total, 50 * (long.len() + 54));
    let picture = source.probe("images/a.png").unwrap();
    assert_eq!((picture.width, picture.height, picture.bytes), (30, 20, 54));
    assert!(source.disk_path("images/a.png").is_none());
}

#[test]
fn t13_names_that_leave_the_folder_are_refused_by_name() {
    for name in ["../evil.txt", "/etc/passwd", "a/../../b", "C:\\x", "a\\..\\b", "NUL", "a\0b.txt", "x/aux.jpg"] {
        let message = refusal(&[(b"fine.txt", b"x", 0), (name.as_bytes(), b"x", 0)]);
        assert!(message.starts_with(name), "{message}");
    }
    let long = "n".repeat(256);
    assert!(refusal(&[(long.as_bytes(), b"x", 0)]).contains("255"));
}

#[test]
fn t13_links_and_devices_are_refused() {
    for mode in [0o120_777_u32, 0o060_644, 0o010_644] {
        let message = refusal(&[(b"images/a.jpg", b"/etc/passwd", mode << 16)]);
        assert!(message.contains("images/a.jpg") && message.contains("link or a device"), "{message}");
    }
    assert!(open_raw(&raw_archive(&[(b"a/", b"", 0o040_755 << 16), (b"a/b", b"x", 0o100_644 << 16)])).is_ok());
}

#[test]
fn t13_names_that_collide_are_refused() {
    assert!(refusal(&[(b"a.jpg", b"1", 0), (b"A.JPG", b"2", 0)]).contains("A.JPG"));
    assert!(refusal(&[("é".as_bytes(), b"1", 0), ("e\u{301}".as_bytes(), b"2", 0)]).contains("same file"));
    assert!(refusal(&[(b"a.jpg", b"1", 0), (b"a.jpg", b"2", 0)]).contains("twice"));
    assert!(refusal(&[(b"a", b"1", 0), (b"a/b", b"2", 0)]).contains("is a file"));
}

#[test]
fn t13_a_bomb_is_refused_before_it_is_inflated() {
    let dir = tempfile::tempdir().unwrap();
    let path = archive(&dir, &[("labels/zeros.txt", &vec![0; 11_000_000])]);
    let message = Source::at(&path).unwrap_err().to_string();
    assert!(message.contains("labels/zeros.txt") && message.contains("20 times"), "{message}");
    let tight = Limits { total_bytes: 1000, ..Limits::default() };
    let small = archive(&dir, &[("a", &[7; 900]), ("b", &[8; 900])]);
    assert!(Source::at_with_limits(&small, &tight).unwrap_err().to_string().starts_with("b:"));
    let few = Limits { entries: 1, ..Limits::default() };
    assert!(Source::at_with_limits(&small, &few).unwrap_err().to_string().contains("2 entries"));
}

#[test]
fn t13_a_size_that_lies_is_found_while_inflating() {
    let dir = tempfile::tempdir().unwrap();
    let path = archive(&dir, &[("a.txt", &[b'x'; 50_000])]);
    let honest = fs::read(&path).unwrap();
    for (claim, told) in [(100_u32, "more bytes"), (60_000, "ends before")] {
        let lie = patch_sizes(&honest, 50_000, claim);
        fs::write(&path, lie).unwrap();
        let message = Source::at(&path).unwrap().read("a.txt", 1 << 20).unwrap_err().to_string();
        assert!(message.contains(told), "{message}");
    }
}

/// Replaces every little-endian occurrence of a size.
fn patch_sizes(bytes: &[u8], honest: u32, claim: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, w)| *w == honest.to_le_bytes()).map(|(i, _)| i).collect();
    assert!(at.len() >= 2, "the size stands in both headers");
    at.into_iter().for_each(|i| bytes[i..i + 4].copy_from_slice(&claim.to_le_bytes()));
    bytes
}

#[test]
fn t13_a_wrong_checksum_is_an_error() {
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file("a.txt", SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(b"0 0.5 0.5 0.1 0.1\n").unwrap();
        zip.finish().unwrap();
        let crc = crc32fast::hash(b"0 0.5 0.5 0.1 0.1\n");
        let damaged = patch_sizes(&fs::read(&path).unwrap(), crc, crc ^ 1);
        fs::write(&path, damaged).unwrap();
        let message = Source::at(&path).unwrap().read("a.txt", 1000).unwrap_err().to_string();
        assert!(message.contains("a.txt") && message.contains("checksum"), "{message}");
    }
}

#[test]
fn t13_entries_that_share_bytes_are_refused() {
    let honest = raw_archive(&[(b"a.txt", b"kernel", 0), (b"b.txt", b"kernel", 0)]);
    let end = honest.len() - 22;
    let start = u32::from_le_bytes(honest[end + 16..end + 20].try_into().unwrap()) as usize;
    let mut directory = honest[start..end].to_vec();
    // The second entry's local header is said to lie where the first one's is.
    let second = 46 + 5;
    directory[second + 42..second + 46].copy_from_slice(&0_u32.to_le_bytes());
    let overlapping = end_archive(honest[..start].to_vec(), &directory, 2);
    let message = open_raw(&overlapping).unwrap_err().to_string();
    assert!(message.contains("shares bytes"), "{message}");
}

#[test]
fn t13_nested_archives_stay_closed_and_broken_ones_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let inner = raw_archive(&[(b"../evil.txt", b"x", 0)]);
    let source = Source::at(&archive(&dir, &[("inner.zip", &inner)])).unwrap();
    assert_eq!(source.entries().len(), 1);
    for broken in [&b""[..], b"PK", b"not a zip at all", &inner[..40]] {
        assert!(open_raw(broken).unwrap_err().to_string().contains("sound zip"));
    }
}

#[test]
fn t13_more_entries_than_sixteen_bits_count_are_all_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("many.zip");
    let mut zip = ZipWriter::new(std::io::BufWriter::new(File::create(&path).unwrap()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for number in 0..65_540 {
        zip.start_file(format!("labels/{number:05}.txt"), stored).unwrap();
    }
    zip.finish().unwrap();
    let source = Source::at(&path).unwrap();
    assert_eq!(source.entries().len(), 65_540);
    assert_eq!(source.read("labels/65539.txt", 10).unwrap(), b"");
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let message = Source::at(Path::new("/nowhere/at all")).unwrap_err().to_string();
    assert!(message.contains("/nowhere/at all"), "{message}");
}
