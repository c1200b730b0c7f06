//! The models that can be fetched: `catalogue.toml`, built in. It names licences and addresses; nothing is fetched before
//! somebody asks for it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use tator_vision::{Manifest, ModelFile, Task};

use crate::error::Error;

/// A model that can be fetched.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name, and that of its folder.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is for.
    pub task: Task,
    /// Its adapter.
    pub family: String,
    /// Licence of the weights.
    pub licence: String,
    /// Where the licence can be read.
    pub licence_url: String,
    /// Where the files come from.
    pub source: String,
    /// What the licence wants said.
    pub credit: Option<String>,
    /// What people should know.
    pub notes: Option<String>,
    /// The licence has to be accepted first.
    #[serde(default)]
    pub accept: bool,
    /// See [`Manifest::input_size`].
    pub input_size: Option<[u32; 2]>,
    /// See [`Manifest::prefer`].
    pub prefer: Option<i64>,
    /// See [`Manifest::dimensions`].
    pub dimensions: Option<usize>,
    /// A package that all files are in.
    pub archive: Option<Archive>,
    /// Its files.
    pub files: Vec<EntryFile>,
}

/// A `.tgz` with the files in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Its address.
    pub url: String,
    /// SHA-256 of the package.
    pub sha256: String,
    /// Bytes, more or less.
    pub about: u64,
}

/// One file of an [`Entry`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryFile {
    /// What it is in the model.
    pub part: String,
    /// Name on disk; weights beside a graph have to keep theirs.
    pub path: String,
    /// Its address, when it is no member of a package.
    pub url: Option<String>,
    /// Its place in the package.
    pub member: Option<String>,
    /// SHA-256; not known before the first download where it is missing.
    pub sha256: Option<String>,
    /// Exact length.
    pub size: Option<u64>,
    /// Bytes, more or less.
    pub about: Option<u64>,
}

#[derive(Deserialize)]
struct Listed {
    model: Vec<Entry>,
}

static CATALOGUE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let parsed: Result<Listed, _> = toml::from_str(include_str!("catalogue.toml"));
    parsed.map(|listed| listed.model).unwrap_or_else(|error| {
        tracing::error!(%error, "the built-in catalogue of models cannot be read");
        Vec::new()
    })
});

/// Every model that can be fetched.
#[must_use]
pub fn catalogue() -> &'static [Entry] {
    &CATALOGUE
}

/// The entry of that name.
///
/// # Errors
/// [`Error::NotFound`] with the names there are.
pub(super) fn entry(name: &str) -> Result<&'static Entry, Error> {
    catalogue().iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<_> = catalogue().iter().map(|entry| entry.name.as_str()).collect();
        Error::NotFound(format!(
            "model {name} (the catalogue has {}; `tator models add` takes files)",
            known.join(", ")
        ))
    })
}

impl Entry {
    /// What its files take, more or less.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.size.or(file.about)).sum()
    }

    /// Every file has a hash that is known beforehand.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.files.iter().all(|file| file.sha256.is_some())
    }

    /// The manifest for files that are there now.
    pub(super) fn manifest(&self, files: BTreeMap<String, ModelFile>) -> Manifest {
        Manifest {
            name: self.name.clone(),
            title: Some(self.title.clone()),
            task: self.task,
            family: self.family.clone(),
            licence: self.licence.clone(),
            source: self.source.clone(),
            credit: self.credit.clone(),
            input_size: self.input_size,
            prefer: self.prefer,
            dimensions: self.dimensions,
            mean: None,
            std: None,
            classes: Vec::new(),
            notes: self.notes.clone(),
            files,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_can_be_fetched_and_opened() {
        assert!(catalogue().len() >= 10, "the catalogue is read");
        for entry in catalogue() {
            let family =
                tator_vision::family(&entry.family).unwrap_or_else(|| panic!("{}: {}", entry.name, entry.family));
            assert_eq!(family.task(), entry.task, "{}", entry.name);
            for part in family.parts.iter().filter(|part| !part.starts_with('?')) {
                assert!(entry.files.iter().any(|file| file.part == *part), "{} needs {part}", entry.name);
            }
            for file in &entry.files {
                let address = file.url.as_ref().or(entry.archive.as_ref().map(|archive| &archive.url));
                assert!(address.is_some_and(|url| url.starts_with("https://")), "{}/{}", entry.name, file.path);
                assert!(file.url.is_some() != file.member.is_some(), "{}/{}", entry.name, file.path);
                assert!(tator_vision::is_plain_name(&file.path), "{}/{}", entry.name, file.path);
            }
        }
    }

    #[test]
    fn what_a_custom_licence_covers_has_to_be_accepted() {
        for entry in catalogue() {
            let free = matches!(entry.licence.as_str(), "MIT" | "Apache-2.0" | "BSD-3-Clause");
            assert_eq!(entry.accept, !free, "{}", entry.name);
        }
    }

    #[test]
    fn the_demos_segmenter_is_the_one_that_setup_fetches() {
        let setup = Manifest::parse(include_str!("../../../scripts/models/mobilesam.toml")).expect("a sound manifest");
        let entry = entry("mobilesam").expect("it is listed");
        for file in &entry.files {
            let same = &setup.files[&file.part];
            assert_eq!((file.sha256.as_deref(), file.size), (Some(same.sha256.as_str()), Some(same.size)));
        }
    }
}
