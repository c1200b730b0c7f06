//! A folder on disk, or one file of it. Links are not followed.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{Entry, Listing, Tree};
use crate::error::Error;

/// A root folder; entries lie below it under their own names.
#[derive(Debug)]
struct Folder {
    root: PathBuf,
}

/// Everything below a folder.
pub(super) fn list(root: &Path) -> Result<Listing, Error> {
    let root = root.canonicalize().map_err(Error::io(format!("opening {}", root.display())))?;
    let (mut entries, mut left_out) = (Vec::new(), Vec::new());
    let walk = WalkDir::new(&root).follow_links(false).into_iter();
    for found in walk.filter_entry(|e| e.depth() == 0 || !is_clutter(e)) {
        let found = found.map_err(|e| Error::Io { what: format!("reading {}", root.display()), source: e.into() })?;
        let kind = found.file_type();
        if kind.is_dir() {
            continue;
        }
        match relative(&root, found.path()) {
            Err(path) => left_out.push((path, "the name is not UTF-8".to_owned())),
            Ok(path) if kind.is_symlink() => left_out.push((path, "links are not followed".to_owned())),
            Ok(path) if !kind.is_file() => left_out.push((path, "not a regular file".to_owned())),
            Ok(path) => entries.push(Entry { bytes: size(&found)?, path }),
        }
    }
    Ok(Listing { tree: Box::new(Folder { root }), entries, left_out })
}

/// One file, named by its last component.
pub(super) fn list_file(path: &Path, bytes: u64) -> Result<Listing, Error> {
    let name = path.file_name().and_then(|n| n.to_str());
    let name = name.ok_or_else(|| Error::invalid(path.display().to_string(), "the name is not UTF-8"))?;
    let root = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let entries = vec![Entry { path: name.to_owned(), bytes }];
    Ok(Listing { tree: Box::new(Folder { root }), entries, left_out: Vec::new() })
}

/// Files that systems and version control leave behind; they are no part of a dataset.
pub(super) fn is_clutter_name(name: &str, is_folder: bool) -> bool {
    let known = matches!(name, "__MACOSX" | ".DS_Store" | "Thumbs.db" | "desktop.ini");
    known || name.starts_with("._") || (is_folder && name.starts_with('.'))
}

fn is_clutter(entry: &DirEntry) -> bool {
    entry.file_name().to_str().is_some_and(|name| is_clutter_name(name, entry.file_type().is_dir()))
}

fn size(entry: &DirEntry) -> Result<u64, Error> {
    let about = entry.metadata();
    about
        .map(|m| m.len())
        .map_err(|e| Error::Io { what: format!("reading {}", entry.path().display()), source: e.into() })
}

fn relative(root: &Path, path: &Path) -> Result<String, String> {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = below.components().map(|c| c.as_os_str().to_str()).collect();
    parts.map(|p| p.join("/")).ok_or_else(|| below.to_string_lossy().into_owned())
}

impl Tree for Folder {
    fn open(&self, _number: usize, entry: &Entry) -> Result<Box<dyn Read + Send + '_>, Error> {
        let file = File::open(self.root.join(&entry.path)).map_err(Error::io(format!("opening {}", entry.path)))?;
        Ok(Box::new(file))
    }

    fn disk_path(&self, _number: usize, entry: &Entry) -> Option<PathBuf> {
        Some(self.root.join(&entry.path))
    }
}
