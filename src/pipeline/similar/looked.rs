//! Pictures that somebody asked about: kept for a while, so that an address can name them.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use tator_store::Folders;

use crate::error::Error;

/// Pictures that are kept; the one nobody has asked about for longest goes first.
const KEPT: usize = 64;
/// Bytes of a picture.
const MOST_BYTES: usize = 64 << 20;
/// Digits of a number.
const DIGITS: usize = 32;

fn folder(folders: &Folders) -> PathBuf {
    folders.root().join("cache").join("looked")
}

/// Keeps a picture; gives its number, which is of its content.
pub(super) fn keep(folders: &Folders, bytes: &[u8]) -> Result<String, Error> {
    if bytes.len() > MOST_BYTES {
        return Err(Error::invalid("picture", format!("at most {} MB", MOST_BYTES >> 20)));
    }
    tator_vision::probe_bytes(bytes).map_err(|e| Error::invalid("picture", e.to_string()))?;
    let folder = folder(folders);
    fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
    let number = blake3::hash(bytes).to_hex()[..DIGITS].to_owned();
    tator_store::write_whole(&folder.join(&number), bytes)?;
    forget_old(&folder);
    Ok(number)
}

/// The bytes of a picture.
pub(super) fn read(folders: &Folders, number: &str) -> Result<Vec<u8>, Error> {
    let gone = || Error::NotFound("the picture you asked about".to_owned());
    if number.len() != DIGITS || !number.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(gone());
    }
    let path = folder(folders).join(number);
    let bytes = fs::read(&path).map_err(|_| gone())?;
    // The time of the last question decides who goes first.
    let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
    Ok(bytes)
}

fn forget_old(folder: &std::path::Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut kept: Vec<_> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    kept.sort();
    let too_many = kept.len().saturating_sub(KEPT);
    kept.into_iter().take(too_many).for_each(|(_, path)| {
        let _ = fs::remove_file(path);
    });
}
