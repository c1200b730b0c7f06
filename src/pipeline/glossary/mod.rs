//! Glossaries: other words for the classes of a dataset, by which detectors that understand words look for them.
//!
//! Plain TOML files: `glossaries/<name>.toml` in the workspace is the library that all datasets share, and
//! `datasets/<dataset>/glossary.toml` is what a dataset uses. A term is a person's (`terms`) or a language model's
//! (`expanded`); the two are never mixed, so that a run can tell what each found.

mod endpoint;
mod expand;
mod files;
mod spellings;
mod terms;

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tator_domain::{Class, ClassId, DatasetName};
use tator_store::Reader;

pub use endpoint::{LanguageChange, LanguageSettings};
pub use expand::{ExpandRequest, Expanded};
pub use terms::{Prompt, PromptKind, clean, prompts};

use self::files::{checked_name, read_file, write_file};
use crate::error::Error;
use crate::workbench::Workbench;

/// Terms of a class that are used beside its name, unless a recipe says otherwise.
pub const BUDGET: usize = 10;
/// Name of the glossary that comes with Tator.
pub const COMMON: &str = "common";
const COMMON_WORDS: &str = include_str!("common.toml");
/// The file in a dataset's folder.
const FILE: &str = "glossary.toml";

/// Words for classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Glossary {
    /// One entry a class, in the order in which they were written.
    #[serde(default)]
    pub class: Vec<Entry>,
}

/// Words for one class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The class; compared by its letters and digits alone.
    pub name: String,
    /// A person's words.
    #[serde(default)]
    pub terms: Vec<String>,
    /// A language model's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expanded: Vec<String>,
}

/// A glossary of the library, without its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shelved {
    /// Its name.
    pub name: String,
    /// Classes it has words for.
    pub classes: usize,
    /// Words in all.
    pub terms: usize,
    /// It comes with Tator and cannot be changed.
    pub built_in: bool,
}

/// A class of a dataset with its words and prompts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassWords {
    /// The class.
    pub class_id: ClassId,
    /// Its name.
    pub name: String,
    /// A person's words.
    pub terms: Vec<String>,
    /// A language model's.
    pub expanded: Vec<String>,
    /// What detectors are asked for.
    pub prompts: Vec<Prompt>,
}

/// What a dataset's glossary comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetWords {
    /// Every living class.
    pub classes: Vec<ClassWords>,
    /// Entries for classes that the dataset does not have: kept, not used.
    pub unknown: Vec<String>,
}

/// Names are the same that have the same letters and digits.
pub(crate) fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Glossary {
    /// Reads one in any of the ways in which people write them.
    ///
    /// # Errors
    /// [`Error::Invalid`] when nothing in the text is an entry.
    pub fn read(text: &str) -> Result<Self, Error> {
        spellings::read(text)
    }

    /// The words for a class.
    #[must_use]
    pub fn entry(&self, class: &str) -> Option<&Entry> {
        let wanted = key(class);
        self.class.iter().find(|entry| key(&entry.name) == wanted)
    }

    /// Adds words to the entry of their class; words it has already are not said twice.
    pub fn add(&mut self, new: Entry) {
        let wanted = key(&new.name);
        if wanted.is_empty() {
            return;
        }
        let at = self.class.iter().position(|entry| key(&entry.name) == wanted);
        let at = at.unwrap_or_else(|| {
            self.class.push(Entry { name: new.name, ..Entry::default() });
            self.class.len() - 1
        });
        let entry = &mut self.class[at];
        for term in new.terms {
            entry.expanded.retain(|other| key(other) != key(&term));
            if entry.terms.iter().all(|other| key(other) != key(&term)) {
                entry.terms.push(term);
            }
        }
        for term in new.expanded {
            let is_new = entry.terms.iter().chain(&entry.expanded).all(|other| key(other) != key(&term));
            if is_new && key(&term) != wanted {
                entry.expanded.push(term);
            }
        }
    }

    /// Words in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.class.iter().map(|entry| entry.terms.len() + entry.expanded.len()).sum()
    }

    /// Whether it has no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn to_text(&self) -> Result<String, Error> {
        toml::to_string_pretty(self).map_err(|e| Error::invalid("glossary", e.to_string()))
    }

    /// For the classes of a dataset, with at most `budget` words each beside its name.
    #[must_use]
    pub fn for_classes(&self, classes: &[Class], budget: Option<usize>) -> DatasetWords {
        let living = || classes.iter().filter(|class| !class.retired);
        let words = |class: &Class| {
            let entry = self.entry(&class.name);
            let prompts = prompts(&class.name, entry, budget);
            let Entry { terms, expanded, .. } = entry.cloned().unwrap_or_default();
            ClassWords { class_id: class.class_id, name: class.name.clone(), terms, expanded, prompts }
        };
        let known: Vec<String> = living().map(|class| key(&class.name)).collect();
        let foreign = self.class.iter().filter(|entry| !known.contains(&key(&entry.name)));
        DatasetWords {
            classes: living().map(words).collect(),
            unknown: foreign.map(|entry| entry.name.clone()).collect(),
        }
    }
}

/// The glossary of a dataset; an empty one before somebody wrote it.
pub(crate) fn of_dataset(reader: &Reader, d: &DatasetName) -> Result<Glossary, Error> {
    reader.dataset(d)?;
    read_file(&reader.folders().dataset(d).join(FILE)).map(Option::unwrap_or_default)
}

impl Workbench {
    /// The glossary of a dataset; an empty one before somebody wrote it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; [`Error::Invalid`] for a file that is no glossary.
    pub fn glossary(&self, d: &DatasetName) -> Result<Glossary, Error> {
        of_dataset(self.reader(), d)
    }

    /// The classes of a dataset with their words and prompts.
    ///
    /// # Errors
    /// As [`glossary`](Self::glossary).
    pub fn dataset_words(&self, d: &DatasetName, budget: Option<usize>) -> Result<DatasetWords, Error> {
        Ok(self.glossary(d)?.for_classes(&self.reader().class_list(d)?, budget))
    }

    /// Gives a dataset its glossary.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the dataset; when the disk refuses, and then the old one stands.
    pub fn set_glossary(&self, d: &DatasetName, glossary: &Glossary) -> Result<(), Error> {
        self.reader().dataset(d)?;
        write_file(&self.glossary_of(d), glossary)
    }

    /// Takes words of the library over into the glossary of a dataset, for its classes alone; gives how many were new.
    ///
    /// # Errors
    /// As [`glossary`](Self::glossary) and [`shelved_glossary`](Self::shelved_glossary).
    pub fn take_over_glossary(&self, d: &DatasetName, name: &str) -> Result<usize, Error> {
        let (mut own, other) = (self.glossary(d)?, self.shelved_glossary(name)?);
        let before = own.len();
        for class in self.reader().class_list(d)?.iter().filter(|class| !class.retired) {
            if let Some(entry) = other.entry(&class.name) {
                own.add(Entry { name: class.name.clone(), ..entry.clone() });
            }
        }
        let new = own.len().saturating_sub(before);
        if new > 0 {
            self.set_glossary(d, &own)?;
        }
        Ok(new)
    }

    /// What the library holds, by name; the glossary that comes with Tator first.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn glossary_library(&self) -> Result<Vec<Shelved>, Error> {
        let told = |name: &str, glossary: &Glossary, built_in| Shelved {
            name: name.to_owned(),
            classes: glossary.class.len(),
            terms: glossary.len(),
            built_in,
        };
        let mut list = vec![told(COMMON, &Glossary::read(COMMON_WORDS)?, true)];
        let folder = self.library();
        let reading = || Error::io(format!("reading {}", folder.display()));
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(list),
            other => other.map_err(reading())?,
        };
        for entry in entries {
            let path = entry.map_err(reading())?.path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).filter(|name| checked_name(name).is_ok());
            let Some(name) = name.filter(|_| path.extension().is_some_and(|ending| ending == "toml")) else { continue };
            if let Some(glossary) = read_file(&path)? {
                list.push(told(name, &glossary, false));
            }
        }
        list[1..].sort_by_key(|shelved| shelved.name.to_lowercase());
        Ok(list)
    }

    /// A glossary of the library.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a file that is no glossary.
    pub fn shelved_glossary(&self, name: &str) -> Result<Glossary, Error> {
        if name == COMMON {
            return Glossary::read(COMMON_WORDS);
        }
        let found = read_file(&self.shelf_file(name)?)?;
        found.ok_or_else(|| Error::NotFound(format!("the glossary {name:?}")))
    }

    /// Puts a glossary into the library; one of the same name is replaced.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is no file name everywhere or is taken by Tator's own.
    pub fn shelve_glossary(&self, name: &str, glossary: &Glossary) -> Result<(), Error> {
        write_file(&self.shelf_file(name)?, glossary)
    }

    /// Takes a glossary out of the library and gives it back, so that it can be put in again.
    ///
    /// # Errors
    /// [`Error::NotFound`]; when the disk refuses.
    pub fn remove_glossary(&self, name: &str) -> Result<Glossary, Error> {
        let path = self.shelf_file(name)?;
        let glossary = self.shelved_glossary(name)?;
        fs::remove_file(&path).map_err(Error::io(format!("deleting {}", path.display())))?;
        Ok(glossary)
    }

    fn glossary_of(&self, d: &DatasetName) -> PathBuf {
        self.reader().folders().dataset(d).join(FILE)
    }

    fn library(&self) -> PathBuf {
        self.reader().folders().root().join("glossaries")
    }

    fn shelf_file(&self, name: &str) -> Result<PathBuf, Error> {
        checked_name(name)?;
        if name == COMMON {
            return Err(Error::invalid("name", format!("{COMMON} comes with Tator; choose another name")));
        }
        Ok(self.library().join(format!("{name}.toml")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_word_is_never_a_models() {
        let mut glossary = Glossary::read("car: sedan").expect("a line");
        let more = Entry {
            name: "Car".into(),
            terms: vec!["Auto".into()],
            expanded: vec!["SEDAN".into(), "coupé".into(), "car".into()],
        };
        glossary.add(more);
        glossary.add(Entry { name: "car".into(), terms: vec!["coupé".into()], expanded: Vec::new() });
        let entry = glossary.entry("CAR").expect("it is there");
        assert_eq!(entry.terms, ["sedan", "Auto", "coupé"]);
        assert!(entry.expanded.is_empty());
    }

    #[test]
    fn the_common_words_are_sound_and_read_back() {
        let glossary = Glossary::read(COMMON_WORDS).expect("it comes with Tator");
        assert!(glossary.class.len() > 60 && glossary.entry("motorcycle").is_some());
        let text = glossary.to_text().expect("plain text");
        assert_eq!(toml::from_str::<Glossary>(&text).ok(), Some(glossary.clone()));
        for entry in &glossary.class {
            assert!((1..=BUDGET).contains(&entry.terms.len()), "{}", entry.name);
        }
    }

    #[test]
    fn words_for_other_classes_are_kept_and_named() {
        let glossary = Glossary::read("car: sedan\nzebra: striped horse").expect("lines");
        let class = |class_id, name: &str, retired| Class {
            class_id,
            name: name.into(),
            supercategory: None,
            colour: "#000000".into(),
            source_id: None,
            retired,
            retired_into: None,
        };
        let words = glossary
            .for_classes(&[class(1, "Car", false), class(2, "zebra", true), class(3, "van", false)], Some(BUDGET));
        assert_eq!(words.unknown, ["zebra"]);
        assert_eq!(words.classes.iter().map(|c| c.prompts.len()).collect::<Vec<_>>(), [2, 1]);
    }
}
