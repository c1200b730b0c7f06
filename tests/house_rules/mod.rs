//! The architecture, tested: who may open which door, how large a file may be, what must be written down.

mod addresses;
mod docs;
mod doors;
mod forgotten_files;
mod queries;
mod sizes;

use std::path::{Path, PathBuf};

use crate::harness::trees;

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` of the repository with that ending, by path from the root.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let found = trees::files(&root().join(folder)).into_iter();
    let below = found.map(|path| path.strip_prefix(root()).unwrap().to_path_buf());
    below.filter(|path| path.extension().is_some_and(|e| e == ending)).collect()
}

fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
