//! Putting a model into the workspace: gathered beside, named last.

use std::fs;
use std::path::{Path, PathBuf};

use tator_vision::Manifest;

use super::Shelves;
use crate::error::Error;

/// Models on their way lie here; it holds no manifest itself, so that nothing in it counts as a model.
const ASIDE: &str = ".coming";

/// Where a model of this name is gathered; what an earlier try left there is kept.
pub(super) fn aside(shelves: &Shelves, name: &str) -> Result<PathBuf, Error> {
    let folder = shelves.own().join(ASIDE).join(name);
    fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
    Ok(folder)
}

/// Writes the manifest and gives the folder its place; what stood there goes.
pub(super) fn put_in_place(manifest: &Manifest, gathered: &Path, target: &Path) -> Result<(), Error> {
    tator_store::write_whole(&gathered.join("model.toml"), manifest.to_text()?.as_bytes())?;
    let old = PathBuf::from(format!("{}.old", gathered.display()));
    let naming = || Error::io(format!("naming {}", target.display()));
    if target.exists() {
        let _ = fs::remove_dir_all(&old);
        fs::rename(target, &old).map_err(naming())?;
    }
    fs::rename(gathered, target).map_err(naming())?;
    let _ = fs::remove_dir_all(old);
    Ok(())
}
