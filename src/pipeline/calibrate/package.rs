//! A calibration as one file that works elsewhere: trees, thresholds, usual shapes and the record in a zip, with the sha256
//! of every file in a manifest and a fingerprint over them. Whatever does not fit its hash, or the run it is used on, is
//! refused by name.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tator_domain::{Class, ClassId, DatasetName, ImageId, RunName, class_called, living_classes};
use tator_learning::calibration::Platt;
use tator_learning::calibrator::{Development, Ensemble, PRIOR_COLUMNS};
use tator_store::{ImageFilter, Reader, RunKind};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::appearance::AppearanceNote;
use super::record::Record;
use super::request::refused;
use crate::error::Error;
use crate::workbench::Workbench;

const FORMAT: &str = "tator-recipe";
const VERSION: u32 = 1;
const MANIFEST: &str = "manifest.json";
const RECIPE: &str = "recipe.json";
/// No honest recipe comes near.
const MOST_BYTES: u64 = 256 << 20;
const MOST_FILES: usize = 64;

/// What the zip holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageNote {
    /// `tator-recipe`.
    format: String,
    /// Version of the layout.
    version: u32,
    /// Sha256 over the names and hashes below: two recipes of one fingerprint are the same.
    pub fingerprint: String,
    /// Sha256 of each file.
    files: BTreeMap<String, String>,
}

/// The record, what its classes are called, and the pictures it was learnt from: no other machine may test it on them.
#[derive(Serialize, Deserialize)]
struct RecipeText {
    record: Record,
    classes: BTreeMap<ClassId, String>,
    /// Their content hashes.
    #[serde(default)]
    learnt_from: BTreeSet<String>,
}

/// A recipe out of a package, checked.
#[derive(Debug)]
pub struct ImportedRecipe {
    /// What was packed.
    pub note: PackageNote,
    record: Record,
    classes: BTreeMap<ClassId, String>,
    learnt_from: BTreeSet<String>,
    files: BTreeMap<String, Vec<u8>>,
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fingerprint(files: &BTreeMap<String, String>) -> String {
    sha256(files.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect::<String>().as_bytes())
}

impl Workbench {
    /// Packs a calibration so that it can be used on other datasets and machines; equal calibrations give equal bytes.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Io`].
    pub fn pack_calibration(&self, d: &DatasetName, name: &RunName) -> Result<Vec<u8>, Error> {
        let reader = self.reader();
        let record = Record::parse(&reader.run_entry(d, RunKind::Calibration, name)?.record)?;
        let folder = reader.run_folder(d, RunKind::Calibration, name);
        let mut files = BTreeMap::new();
        for file in record.files.keys() {
            let path = folder.join(file);
            files.insert(file.clone(), std::fs::read(&path).map_err(Error::io(format!("reading {}", path.display())))?);
        }
        let classes = reader.class_list(d)?.into_iter().map(|class| (class.class_id, class.name)).collect();
        let with_truth =
            format!("image_id IN (SELECT image_id FROM {d}.scores_{name} WHERE part NOT IN ('open', 'hidden'))");
        let learnt_from = pictures(reader, d, with_truth)?.into_iter().map(|(_, hash)| hash).collect();
        let text = serde_json::to_vec_pretty(&RecipeText { record, classes, learnt_from });
        files.insert(RECIPE.to_owned(), text.map_err(|e| Error::invalid("recipe", e.to_string()))?);
        let hashes: BTreeMap<String, String> =
            files.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
        let fingerprint = fingerprint(&hashes);
        let note = PackageNote { format: FORMAT.to_owned(), version: VERSION, fingerprint, files: hashes };
        let note = serde_json::to_vec_pretty(&note).map_err(|e| Error::invalid("recipe", e.to_string()))?;
        zipped(std::iter::once((MANIFEST.to_owned(), note)).chain(files))
            .map_err(|e| Error::invalid("recipe", format!("it cannot be packed: {e}")))
    }
}

/// The images of a condition with the hashes of their pictures, where these are known.
pub(super) fn pictures(reader: &Reader, d: &DatasetName, condition: String) -> Result<Vec<(ImageId, String)>, Error> {
    let rows = reader.image_rows(d, &ImageFilter { condition: Some(condition), ..ImageFilter::default() })?;
    Ok(rows.into_iter().map(|row| (row.image_id, row.content_hash)).filter(|(_, hash)| !hash.is_empty()).collect())
}

fn zipped(files: impl Iterator<Item = (String, Vec<u8>)>) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        // A time of its own would make other bytes of the same recipe.
        archive.start_file(name, SimpleFileOptions::default().last_modified_time(zip::DateTime::default()))?;
        archive.write_all(&bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

impl ImportedRecipe {
    /// Opens a package and checks every hash.
    ///
    /// # Errors
    /// [`Error::Invalid`] for anything that is not as the manifest says.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let bad = |why: String| Error::invalid("recipe", format!("{}: {why}", path.display()));
        let about = std::fs::metadata(path).map_err(Error::io(format!("reading {}", path.display())))?;
        if about.len() > MOST_BYTES {
            return Err(bad("it is too large for a recipe".into()));
        }
        let bytes = std::fs::read(path).map_err(Error::io(format!("reading {}", path.display())))?;
        Self::from_bytes(&bytes).map_err(bad)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("it is no zip: {e}"))?;
        if archive.len() > MOST_FILES {
            return Err("it has too many files for a recipe".into());
        }
        let (mut files, mut left) = (BTreeMap::new(), MOST_BYTES);
        for at in 0..archive.len() {
            let mut entry = archive.by_index(at).map_err(|e| e.to_string())?;
            let name = entry.name().map_err(|e| e.to_string())?.into_owned();
            if name.contains(['/', '\\']) || !entry.is_file() {
                return Err(format!("{name:?} has no business in a recipe"));
            }
            let mut content = Vec::new();
            entry.by_ref().take(left + 1).read_to_end(&mut content).map_err(|e| format!("{name}: {e}"))?;
            left = left.checked_sub(content.len() as u64).ok_or("unpacked it is too large for a recipe")?;
            files.insert(name, content);
        }
        let note = files.remove(MANIFEST).ok_or("it has no manifest.json")?;
        let note: PackageNote = serde_json::from_slice(&note).map_err(|e| format!("{MANIFEST}: {e}"))?;
        if (note.format.as_str(), note.version) != (FORMAT, VERSION) {
            return Err(format!(
                "it is a {} of version {}, this program reads {FORMAT} {VERSION}",
                note.format, note.version
            ));
        }
        for (name, hash) in &note.files {
            match files.get(name) {
                None => return Err(format!("{name} is in the manifest, but not there")),
                Some(content) if sha256(content) != *hash => {
                    return Err(format!("{name} is not what the manifest says: its sha256 differs"));
                }
                Some(_) => {}
            }
        }
        if let Some(extra) = files.keys().find(|name| !note.files.contains_key(*name)) {
            return Err(format!("{extra} is not in the manifest"));
        }
        if fingerprint(&note.files) != note.fingerprint {
            return Err("its fingerprint is not that of its files".into());
        }
        let text = files.remove(RECIPE).ok_or("it has no recipe.json")?;
        let RecipeText { record, classes, learnt_from } =
            serde_json::from_slice(&text).map_err(|e| format!("{RECIPE}: {e}"))?;
        Ok(Self { note, record, classes, learnt_from, files })
    }

    /// Hashes of the pictures that it was learnt from: they cannot test it.
    pub(super) fn learnt_from(&self) -> &BTreeSet<String> {
        &self.learnt_from
    }

    /// What it looks at crops with, if it does.
    pub(super) fn appearance(&self) -> Option<&AppearanceNote> {
        self.record.appearance.as_ref()
    }

    /// One of its files.
    pub(super) fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// The options it was developed with.
    pub(super) fn options(&self) -> &tator_learning::calibrator::Options {
        &self.record.options
    }

    /// Makes sure that a run's features are those of the recipe.
    pub(super) fn check(&self, names: &[String]) -> Result<(), Error> {
        let wanted = &self.record.features.names;
        let ours: Vec<&String> = wanted.iter().filter(|name| !PRIOR_COLUMNS.contains(&name.as_str())).collect();
        if ours.iter().copied().eq(names.iter()) {
            return Ok(());
        }
        let lacks: Vec<&str> = ours.iter().filter(|name| !names.contains(name)).map(|name| name.as_str()).collect();
        let more: Vec<&str> = names.iter().filter(|name| !wanted.contains(name)).map(String::as_str).collect();
        let text = format!(
            "the run was made by other looks than the recipe's: it lacks [{}] and has besides [{}]; run the prepass with the recipe's models",
            lacks.join(", "),
            more.join(", ")
        );
        Err(Error::invalid("recipe", text))
    }

    /// What was fitted there, for the classes of the same name here.
    pub(super) fn development(&self, classes: &[Class]) -> Result<Development, Error> {
        let living = living_classes(classes);
        let mapped = |id: &ClassId| {
            let wanted = self.classes.get(id)?;
            class_called(classes, &living, |name| name == wanted)
        };
        let record = &self.record;
        let mut rule = record.rule.clone();
        rule.classes = record.rule.classes.iter().filter_map(|(id, least)| Some((mapped(id)?, *least))).collect();
        let mut priors = record.priors.clone();
        priors.classes = record.priors.classes.iter().filter_map(|(id, shape)| Some((mapped(id)?, *shape))).collect();
        let ensemble =
            Ensemble::open(&record.options.experts, |name| self.files.get(name).cloned()).map_err(refused)?;
        Ok(Development {
            ensemble,
            priors,
            platt: Platt { slope: record.map.slope, offset: record.map.offset },
            rule,
            tried: record.tried.clone(),
            curve: record.curve.clone(),
            out_of_fold: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>, &mut PackageNote)) -> String {
        let mut files: BTreeMap<String, Vec<u8>> = [("model.json".to_owned(), b"{}".to_vec())].into();
        let hashes: BTreeMap<String, String> =
            files.iter().map(|(name, bytes)| (name.clone(), sha256(bytes))).collect();
        let fingerprint = fingerprint(&hashes);
        let mut note = PackageNote { format: FORMAT.into(), version: VERSION, fingerprint, files: hashes };
        change(&mut files, &mut note);
        files.insert(MANIFEST.to_owned(), serde_json::to_vec(&note).unwrap());
        ImportedRecipe::from_bytes(&zipped(files.into_iter()).unwrap()).unwrap_err()
    }

    #[test]
    fn whatever_is_not_as_the_manifest_says_is_refused_by_name() {
        assert_eq!(package(|_, _| ()), "it has no recipe.json");
        let said = package(|files, _| drop(files.insert("model.json".into(), b"{ }".to_vec())));
        assert!(said.starts_with("model.json is not what the manifest says"), "{said}");
        assert!(package(|files, _| drop(files.remove("model.json"))).contains("but not there"));
        assert!(package(|files, _| drop(files.insert("x".into(), Vec::new()))).contains("x is not in the manifest"));
        assert!(package(|files, _| drop(files.insert("../x".into(), Vec::new()))).contains("no business"));
        assert!(package(|_, note| note.fingerprint = "0".into()).contains("fingerprint"));
        assert!(package(|_, note| note.version = 9).contains("version 9"));
        assert!(ImportedRecipe::from_bytes(b"no zip").unwrap_err().contains("no zip"));
    }
}
