//! Glossaries on disk: plain TOML, read whole and written whole.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Glossary;
use crate::error::Error;

/// A larger file is no glossary.
const LONGEST: u64 = 1 << 20;
/// Longest name of a glossary in the library.
const LONGEST_NAME: usize = 60;
/// One writes at a time.
static WRITING: Mutex<()> = Mutex::new(());

pub(super) fn checked_name(name: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let sound = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits) && !name.starts_with('.');
    if sound { Ok(()) } else { Err(Error::invalid("name", "letters, digits, '.', '_' and '-', at most 60")) }
}

/// A glossary of the disk; `None` when there is no file.
pub(super) fn read_file(path: &Path) -> Result<Option<Glossary>, Error> {
    let reading = || Error::io(format!("reading {}", path.display()));
    let text = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(reading()(error)),
        Ok(meta) if meta.len() > LONGEST => {
            return Err(Error::invalid("glossary", format!("{} is larger than 1 MiB", path.display())));
        }
        Ok(_) => fs::read_to_string(path).map_err(reading())?,
    };
    let wrong = |error: toml::de::Error| Error::invalid("glossary", format!("{}: {error}", path.display()));
    toml::from_str(&text).map(Some).map_err(wrong)
}

pub(super) fn write_file(path: &Path, glossary: &Glossary) -> Result<(), Error> {
    let text = glossary.to_text()?;
    if text.len() as u64 > LONGEST {
        return Err(Error::invalid("glossary", "it is larger than 1 MiB"));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io(format!("making {}", folder.display())))?;
    }
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(tator_store::write_whole(path, text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_file_names_everywhere() {
        for name in ["", "../x", "a/b", ".hidden", "a b", "ä"] {
            assert!(checked_name(name).is_err(), "{name:?}");
        }
        assert!(checked_name("street-2026.v1").is_ok());
    }
}
