//! What a YOLO set says about itself: `data.yaml` in all its spellings, Darknet's `obj.data`, lists of names.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use tator_domain::{NewClass, Split};

use super::super::Task;
use super::super::matching::{FileIndex, base_name};
use crate::error::Error;
use crate::source::{Source, reason};

/// Largest description that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// Most classes a description may name.
const MAX_CLASSES: usize = 100_000;

/// Everything a set says about itself.
#[derive(Debug, Default)]
pub(super) struct Description {
    /// The file that says so, for messages; empty when there is none.
    pub file: String,
    /// Folder of that file, without a trailing `/`.
    pub folder: String,
    /// Root that the file names.
    pub root: Option<String>,
    /// Classes by their number in the rows.
    pub classes: Vec<NewClass>,
    /// Which pictures are in which split: folders or lists of pictures.
    pub sets: Vec<(Split, String)>,
    /// Declared meaning of the rows.
    pub task: Option<Task>,
    /// Rows carry keypoints behind the box.
    pub keypoints: bool,
    /// What deserves a look: item and message.
    pub warnings: Vec<(String, String)>,
    /// Text files that are no labels.
    pub used: Vec<String>,
}

/// Finds and reads the description of a set; an empty one when there is none.
pub(super) fn find(source: &Source) -> Result<Description, Error> {
    let mut found = match yaml(source)? {
        Some(found) => found,
        None => darknet(source)?.unwrap_or_default(),
    };
    let lists = name_lists(source)?;
    found.used.extend(lists.iter().map(|(file, _)| file.clone()));
    if found.classes.is_empty() {
        take_names(&mut found, &lists)?;
    } else if let Some((file, _)) = lists.iter().find(|(_, names)| !same_names(&found.classes, names)) {
        let message = format!("does not name the same classes as {}, which is taken", found.file);
        found.warnings.push((file.clone(), message));
    }
    Ok(found)
}

fn same_names(classes: &[NewClass], names: &[String]) -> bool {
    classes.len() == names.len() && classes.iter().zip(names).all(|(c, n)| c.name == *n)
}

fn take_names(found: &mut Description, lists: &[(String, Vec<String>)]) -> Result<(), Error> {
    let Some((file, names)) = lists.first() else { return Ok(()) };
    let rank = |file: &str| LISTS.iter().position(|known| known(base_name(file)));
    if let Some((other, _)) = lists.iter().find(|(other, n)| rank(other) == rank(file) && n != names) {
        return Err(Error::invalid(other, format!("and {file} name different classes; keep the one that is right")));
    }
    found.classes = names.iter().map(|name| NewClass { name: name.clone(), ..NewClass::default() }).collect();
    if found.file.is_empty() {
        found.file.clone_from(file);
    }
    Ok(())
}

/// Files with one class a line, the most telling first.
const LISTS: [fn(&str) -> bool; 5] = [
    |name| name == "obj.names" || name.ends_with(".names"),
    |name| name.eq_ignore_ascii_case("classes.txt"),
    |name| name.eq_ignore_ascii_case("labelmap.txt"),
    |name| name == "_darknet.labels",
    |name| name == "predefined_classes.txt",
];

/// All lists of names, the most telling and least nested first.
fn name_lists(source: &Source) -> Result<Vec<(String, Vec<String>)>, Error> {
    let mut files: Vec<(usize, usize, &str)> = Vec::new();
    for entry in source.entries() {
        if let Some(rank) = LISTS.iter().position(|known| known(base_name(&entry.path))) {
            files.push((rank, entry.path.matches('/').count(), &entry.path));
        }
    }
    files.sort_unstable();
    let read =
        |(_, _, file): (usize, usize, &str)| Ok((file.to_owned(), names_of(&source.read_text(file, MAX_BYTES)?)));
    files.into_iter().map(read).collect()
}

/// One name a line; `name:r,g,b:parts:actions` of a label map gives its name. A blank line within keeps its number.
fn names_of(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("# "));
    let mut names: Vec<String> = lines.enumerate().map(|(number, line)| name_in(line, number)).collect();
    let blank_tail = text.lines().rev().take_while(|line| line.trim().is_empty()).count();
    names.truncate(names.len().saturating_sub(blank_tail));
    names
}

fn name_in(line: &str, number: usize) -> String {
    let name = if line.matches(':').count() >= 3 { line.split(':').next().unwrap_or(line) } else { line };
    if name.is_empty() { placeholder(number) } else { name.to_owned() }
}

/// Name of a class that nobody named.
pub(super) fn placeholder(number: usize) -> String {
    format!("class_{number}")
}

/// `data.yaml` as it stands in files.
#[derive(Debug, Deserialize)]
struct Yaml {
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    train: Places,
    #[serde(default, alias = "validation", alias = "valid")]
    val: Places,
    #[serde(default)]
    test: Places,
    #[serde(default)]
    names: Option<Names>,
    #[serde(default)]
    nc: Option<String>,
    #[serde(default)]
    kpt_shape: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    task: Option<String>,
    #[serde(default)]
    tator: Option<Own>,
}

/// What our own writer adds.
#[derive(Debug, Deserialize)]
struct Own {
    #[serde(default)]
    task: Option<String>,
    #[serde(default)]
    unsplit: Places,
    #[serde(default)]
    classes: Vec<OwnClass>,
}

#[derive(Debug, Deserialize)]
struct OwnClass {
    index: usize,
    #[serde(default)]
    source_id: Option<String>,
    #[serde(default)]
    supercategory: Option<String>,
}

/// One place, several, or none.
#[derive(Debug, Default)]
struct Places(Vec<String>);

/// Names by number.
#[derive(Debug, Default)]
struct Names(BTreeMap<usize, String>);

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Places;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a folder, a list of pictures, or several of them")
            }
            fn visit_unit<E>(self) -> Result<Places, E> {
                Ok(Places::default())
            }
            fn visit_none<E>(self) -> Result<Places, E> {
                Ok(Places::default())
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Places, D::Error> {
                d.deserialize_any(self)
            }
            fn visit_str<E>(self, text: &str) -> Result<Places, E> {
                Ok(Places(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Places, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element::<Option<String>>()? {
                    all.extend(one);
                }
                Ok(Places(all))
            }
        }
        d.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("class names as a list or as a map from number to name")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Names, A::Error> {
                let mut all = BTreeMap::new();
                while let Some(name) = seq.next_element::<Option<String>>()? {
                    all.insert(all.len(), name.unwrap_or_else(|| "null".to_owned()));
                }
                Ok(Names(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((number, name)) = map.next_entry::<String, Option<String>>()? {
                    let number = number.trim().parse().ok().filter(|n| *n < MAX_CLASSES);
                    let number =
                        number.ok_or_else(|| serde::de::Error::custom("names: a class number is not a number"))?;
                    all.insert(number, name.unwrap_or_else(|| "null".to_owned()));
                }
                Ok(Names(all))
            }
        }
        d.deserialize_any(Reader)
    }
}

/// The one `.yaml` that names classes or sets, nearest to the root; `data.yaml` before others.
fn yaml(source: &Source) -> Result<Option<Description>, Error> {
    let is_yaml = |path: &str| path.ends_with(".yaml") || path.ends_with(".yml");
    let mut found: Vec<(usize, bool, &str, Yaml)> = Vec::new();
    for entry in source.entries().iter().filter(|e| is_yaml(&e.path)) {
        let is_usual = matches!(base_name(&entry.path), "data.yaml" | "data.yml");
        match source.read_text(&entry.path, MAX_BYTES).and_then(|text| parse_yaml(&entry.path, &text)) {
            Ok(yaml) if yaml.names.is_some() => {
                found.push((entry.path.matches('/').count(), !is_usual, &entry.path, yaml));
            }
            Ok(_) => {}
            Err(error) if is_usual => return Err(error),
            Err(_) => {}
        }
    }
    found.sort_by_key(|(depth, unusual, ..)| (*depth, *unusual));
    let rivals: Vec<&str> = match found.first() {
        Some(first) => found.iter().filter(|f| (f.0, f.1) == (first.0, first.1)).map(|f| f.2).collect(),
        None => return Ok(None),
    };
    if rivals.len() > 1 {
        let message = format!("holds several data sets ({}); import one folder at a time", rivals.join(", "));
        return Err(Error::invalid(source.name(), message));
    }
    let (_, _, file, yaml) = found.swap_remove(0);
    describe(file, yaml).map(Some)
}

fn parse_yaml(file: &str, text: &str) -> Result<Yaml, Error> {
    let options = serde_saphyr::options! {
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|e| Error::invalid(file, format!("cannot be read as YAML: {e}")))
}

fn describe(file: &str, yaml: Yaml) -> Result<Description, Error> {
    let names = yaml.names.unwrap_or_default().0;
    let mut found = Description {
        file: file.to_owned(),
        folder: file.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default(),
        root: yaml.path,
        keypoints: yaml.kpt_shape.is_some(),
        task: yaml.task.as_deref().and_then(task_named),
        ..Description::default()
    };
    let count = names.keys().next_back().map_or(0, |last| last + 1);
    for number in 0..count {
        let name = names.get(&number).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
        if name.is_none() {
            found
                .warnings
                .push((file.to_owned(), format!("names no class {number}; it is called {}", placeholder(number))));
        }
        found.classes.push(NewClass { name: name.unwrap_or_else(|| placeholder(number)), ..NewClass::default() });
    }
    if let Some(said) = yaml.nc.filter(|said| said.trim().parse() != Ok(count)) {
        found
            .warnings
            .push((file.to_owned(), format!("says nc: {} but names {count} classes; the names count", said.trim())));
    }
    let sets = [(Split::Train, yaml.train), (Split::Val, yaml.val), (Split::Test, yaml.test)];
    let unsplit = yaml.tator.as_ref().map(|own| own.unsplit.0.clone()).unwrap_or_default();
    found.sets.extend(unsplit.into_iter().map(|place| (Split::None, place)));
    found.sets.extend(sets.into_iter().flat_map(|(split, places)| places.0.into_iter().map(move |p| (split, p))));
    if let Some(own) = yaml.tator {
        take_own(&mut found, own);
    }
    Ok(found)
}

fn take_own(found: &mut Description, own: Own) {
    found.task = own.task.as_deref().and_then(task_named).or(found.task);
    for class in own.classes {
        if let Some(known) = found.classes.get_mut(class.index) {
            known.source_id = class.source_id;
            known.supercategory = class.supercategory;
        }
    }
}

fn task_named(name: &str) -> Option<Task> {
    match name {
        "detect" => Some(Task::Detect),
        "segment" => Some(Task::Segment),
        "obb" => Some(Task::Obb),
        _ => None,
    }
}

/// `obj.data`: lines `key = value`.
fn darknet(source: &Source) -> Result<Option<Description>, Error> {
    let Some(entry) = source.entries().iter().find(|e| e.path.ends_with(".data")) else { return Ok(None) };
    let text = match source.read_text(&entry.path, MAX_BYTES) {
        Ok(text) => text,
        Err(error) => return Err(Error::invalid(&entry.path, reason(&error))),
    };
    let pairs: BTreeMap<&str, &str> =
        text.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.trim(), v.trim())).collect();
    let Some(names) = pairs.get("names") else { return Ok(None) };
    let mut found = Description { file: entry.path.clone(), ..Description::default() };
    found.folder = entry.path.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default();
    let files = FileIndex::new(source.entries().iter().map(|e| e.path.as_str()));
    match files.find(names)? {
        Some(file) => {
            let names = names_of(&source.read_text(file, MAX_BYTES)?);
            found.classes = names.into_iter().map(|name| NewClass { name, ..NewClass::default() }).collect();
        }
        None => found.warnings.push((entry.path.clone(), format!("names {names}, which is not there"))),
    }
    for (key, split) in [("train", Split::Train), ("valid", Split::Val), ("test", Split::Test)] {
        found.sets.extend(pairs.get(key).map(|place| (split, (*place).to_owned())));
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_yaml(text: &str) -> Description {
        find(&Source::of_files([("data.yaml", text.as_bytes().to_vec())])).unwrap()
    }

    fn names(found: &Description) -> Vec<&str> {
        found.classes.iter().map(|c| c.name.as_str()).collect()
    }

    #[test]
    fn names_come_as_list_or_map_quoted_numeric_or_unicode() {
        assert_eq!(names(&of_yaml("names: ['a b', \"c\", 写真, 7, yes]")), ["a b", "c", "写真", "7", "yes"]);
        assert_eq!(names(&of_yaml("names:\n  - cat\n  - 0\n  - 1.50\n")), ["cat", "0", "1.50"]);
        assert_eq!(names(&of_yaml("names: {1: dog, 0: cat}")), ["cat", "dog"]);
        assert_eq!(names(&of_yaml("names:\n  '0': cat\n  '1': null\n")), ["cat", "null"]);
    }

    #[test]
    fn c34_nc_in_data_yaml_is_no_error() {
        assert!(of_yaml("nc: 2\nnames: [a, b]").warnings.is_empty());
        assert!(of_yaml("nc: '2'\nnames: [a, b]").warnings.is_empty());
        let odd = of_yaml("nc: 3\nnames: [a, b]");
        assert_eq!(names(&odd), ["a", "b"]);
        assert!(odd.warnings[0].1.contains("nc: 3"), "{:?}", odd.warnings);
    }

    #[test]
    fn c34_a_corpus_of_yaml_files_is_read() {
        let ultralytics = "# comment\npath: # dataset root dir\ntrain: images/train # 4 images\nval: images/val\ntest: # optional\n\nnames:\n  0: person\n  1: bicycle\n\ndownload: |\n  from x import y\n  y()\n";
        let roboflow = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 1\nnames: ['x']\n\nroboflow:\n  workspace: w\n  version: 2\n";
        let lists = "path: /data\ntrain: [images/a, images/b]\nvalidation: val.txt\nnames: [x]\nkpt_shape: [17, 3]\n";
        let sets = |text| of_yaml(text).sets.into_iter().map(|(s, p)| format!("{s}={p}")).collect::<Vec<_>>();
        assert_eq!(sets(ultralytics), ["train=images/train", "val=images/val"]);
        assert_eq!(sets(roboflow), ["train=../train/images", "val=../valid/images", "test=../test/images"]);
        assert_eq!(sets(lists), ["train=images/a", "train=images/b", "val=val.txt"]);
        assert!(of_yaml(lists).keypoints);
        assert_eq!(of_yaml("\u{feff}names: [a]\r\n").classes.len(), 1);
        assert_eq!(of_yaml("names: [a]\nnames: [b]").classes[0].name, "b");
    }

    #[test]
    fn a_gap_in_the_numbers_keeps_the_numbers() {
        let found = of_yaml("names: {0: a, 3: d}");
        assert_eq!(names(&found), ["a", "class_1", "class_2", "d"]);
        assert_eq!(found.warnings.len(), 2);
    }

    #[test]
    fn lists_of_names_are_read_when_there_is_no_yaml() {
        for (file, text) in [
            ("classes.txt", "cat\r\ndog\r\n\r\n"),
            ("obj.names", "\u{feff}cat\ndog"),
            ("labelmap.txt", "# label:color_rgb:parts:actions\ncat:1,2,3::\ndog:4,5,6::\n"),
        ] {
            let found = find(&Source::of_files([(file, text.as_bytes().to_vec())])).unwrap();
            assert_eq!(names(&found), ["cat", "dog"], "{file}");
        }
    }

    #[test]
    fn two_lists_that_disagree_stop_the_import() {
        let files = [("a/classes.txt", b"cat".to_vec()), ("b/classes.txt", b"dog".to_vec())];
        assert!(find(&Source::of_files(files)).unwrap_err().to_string().contains("a/classes.txt"));
    }

    #[test]
    fn a_folder_of_several_sets_is_refused() {
        let files = [("a/data.yaml", b"names: [x]".to_vec()), ("b/data.yaml", b"names: [y]".to_vec())];
        assert!(find(&Source::of_files(files)).unwrap_err().to_string().contains("b/data.yaml"));
    }
}
