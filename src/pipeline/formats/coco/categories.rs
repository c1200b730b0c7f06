//! From categories, whose names may repeat and whose ids may differ between files, to classes with unique names.

use std::collections::{BTreeMap, HashMap, HashSet};

use tator_domain::NewClass;

use super::record::{Category, ForeignId};
use crate::error::Error;
use crate::formats::{ClassKey, Sink};

/// Class of annotations that name no category, as VIA writes them.
const NO_CATEGORY: &str = "object";

/// The classes of a whole source; ids hold within one file.
#[derive(Debug, Default)]
pub struct Classes {
    by_file: Vec<HashMap<ForeignId, ClassKey>>,
    without_categories: Vec<bool>,
}

impl Classes {
    /// Announces the categories of all files, in their order.
    ///
    /// # Errors
    /// What the sink returns.
    pub fn announce(files: &[(&str, &[Category])], sink: &mut dyn Sink) -> Result<Self, Error> {
        let plain = plain_ids(files);
        let mut classes = Self::default();
        let mut given: BTreeMap<String, ForeignId> = BTreeMap::new();
        for (file, categories) in files {
            let mut by_id = HashMap::new();
            for category in *categories {
                let Some(id) = &category.id else {
                    sink.skip(file, "a category without id");
                    continue;
                };
                let name = unique_name(category, id, &plain);
                if name != category.name {
                    sink.warn(file, &format!("category {:?} with id {id} is now {name:?}", category.name));
                }
                let before = given.entry(name.clone()).or_insert_with(|| id.clone());
                if before != id {
                    sink.warn(file, &format!("category {name:?} has id {id} here and {before} in another file"));
                }
                if by_id.contains_key(id) {
                    sink.skip(file, "a category id that is used twice");
                    continue;
                }
                let supercategory = category.supercategory.clone();
                let key = sink.class(NewClass { name, supercategory, source_id: Some(id.to_string()) })?;
                by_id.insert(id.clone(), key);
            }
            warn_of_unknown_keys(file, categories, sink);
            classes.without_categories.push(categories.is_empty());
            classes.by_file.push(by_id);
        }
        warn_of_case(&given, sink);
        Ok(classes)
    }

    /// The class of an annotation; `None` when its file has no such category.
    ///
    /// # Errors
    /// What the sink returns.
    pub fn of(
        &mut self,
        file: (usize, &str),
        id: Option<&ForeignId>,
        sink: &mut dyn Sink,
    ) -> Result<Option<ClassKey>, Error> {
        let (number, path) = file;
        let id = id.cloned().unwrap_or_else(|| ForeignId::Text("".into()));
        if let Some(key) = self.by_file[number].get(&id) {
            return Ok(Some(*key));
        }
        let is_empty = id == ForeignId::Text("".into());
        if !is_empty && !self.without_categories[number] {
            return Ok(None);
        }
        let name = if is_empty { NO_CATEGORY.to_owned() } else { format!("class_{id}") };
        sink.warn(path, &format!("the file does not name this category; its boxes are of class {name:?}"));
        let source_id = (!is_empty).then(|| id.to_string());
        let key = sink.class(NewClass { name, supercategory: None, source_id })?;
        self.by_file[number].insert(id, key);
        Ok(Some(key))
    }
}

/// For names that repeat within one file: the id that keeps the plain name.
fn plain_ids<'a>(files: &[(&str, &'a [Category])]) -> HashMap<&'a str, &'a ForeignId> {
    let mut plain = HashMap::new();
    for (_, categories) in files {
        let mut seen: HashMap<&str, &ForeignId> = HashMap::new();
        for category in *categories {
            let Some(id) = &category.id else { continue };
            let first = *seen.entry(category.name.as_str()).or_insert(id);
            if first != id {
                plain.entry(category.name.as_str()).or_insert(first);
            }
        }
    }
    plain
}

fn unique_name(category: &Category, id: &ForeignId, plain: &HashMap<&str, &ForeignId>) -> String {
    match plain.get(category.name.as_str()) {
        Some(first) if *first != id => format!("{}_{id}", category.name),
        _ if category.name.is_empty() => format!("class_{id}"),
        _ => category.name.clone(),
    }
}

fn warn_of_unknown_keys(file: &str, categories: &[Category], sink: &mut dyn Sink) {
    let mut told = HashSet::new();
    for key in categories.iter().flat_map(|c| &c.unknown).filter(|k| !k.starts_with("tator_")) {
        if told.insert(key) {
            sink.warn(file, &format!("the key {key:?} of categories is not kept"));
        }
    }
}

fn warn_of_case(given: &BTreeMap<String, ForeignId>, sink: &mut dyn Sink) {
    let mut folded: HashMap<String, &str> = HashMap::new();
    for name in given.keys() {
        if let Some(other) = folded.insert(name.to_lowercase(), name) {
            sink.warn(name, &format!("differs from class {other:?} in case alone; both are kept"));
        }
    }
}
