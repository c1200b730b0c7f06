//! `manifest.json`: what belongs to an export and how to tell that it is whole.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Received, SCHEMA_VERSION};
use crate::Error;

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `tator-detection`.
    pub layout: String,
    /// Version of the columns.
    pub schema_version: u32,
    /// Name of the dataset.
    pub dataset: String,
    /// The tables.
    pub files: Vec<ManifestFile>,
}

/// One table in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// File name.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of the file, 64 hex digits.
    pub blake3: String,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is none, [`Error::TooNew`] when this program is older than the export.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let found: Self = serde_json::from_str(text).map_err(|e| damaged(super::MANIFEST_FILE, e.to_string()))?;
        if found.schema_version > SCHEMA_VERSION {
            let what = format!("the Parquet export of {}", found.dataset);
            return Err(Error::TooNew { what, found: found.schema_version, known: SCHEMA_VERSION });
        }
        Ok(found)
    }

    /// Compares a file with what the manifest says about it.
    ///
    /// # Errors
    /// [`Error::Damaged`] when size or hash differ, or the manifest does not know the file.
    pub fn check(&self, name: &str, received: &Received) -> Result<(), Error> {
        let Some(file) = self.files.iter().find(|f| f.name == name) else {
            return Err(damaged(name, "the manifest does not name it".to_owned()));
        };
        if file.bytes != received.bytes() {
            let why = format!("it has {} bytes, the manifest says {}", received.bytes(), file.bytes);
            return Err(damaged(name, why));
        }
        if file.blake3 != received.blake3() {
            return Err(damaged(name, "its content is not the one the manifest was written for".to_owned()));
        }
        Ok(())
    }
}

pub(super) fn damaged(name: &str, why: String) -> Error {
    let hint = "export or copy it again. Files that were changed on purpose need their manifest.json removed";
    Error::Damaged { path: PathBuf::from(name), why, hint: hint.to_owned() }
}
