//! Which annotation file speaks of which picture, and which split an image is in.

use std::collections::HashMap;

use tator_domain::Split;

use crate::error::Error;
use crate::formats::layout::{Place, places, split_of};
use crate::formats::matching::{FileIndex, base_name, stem};
use crate::source::Source;

/// Largest list of a split.
const MAX_LIST: u64 = 64 << 20;

/// The annotation files of a source, sorted by path.
pub fn annotation_files(source: &Source) -> Vec<&str> {
    let xml = source.entries().iter().map(|e| e.path.as_str());
    xml.filter(|path| path.to_ascii_lowercase().ends_with(".xml")).collect()
}

/// An annotation file's path without `Annotations/` and extension: the root before, the name below.
pub fn name_below(path: &str) -> (&str, &str) {
    let name = stem(path);
    match name.find("Annotations/").filter(|at| *at == 0 || name[..*at].ends_with('/')) {
        Some(at) => (&name[..at], &name[at + "Annotations/".len()..]),
        None => ("", name),
    }
}

/// The pictures of a source by the names that annotation files use.
#[derive(Debug)]
pub struct Pictures<'a> {
    files: Vec<&'a str>,
    places: Vec<Place>,
    by_stem: HashMap<&'a str, Vec<usize>>,
    index: FileIndex<'a>,
}

impl<'a> Pictures<'a> {
    /// All pictures of the source.
    pub fn of(source: &'a Source) -> Self {
        let files: Vec<&str> = source.images().map(|e| e.path.as_str()).collect();
        let places = places(&files);
        let mut by_stem: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, file) in files.iter().enumerate() {
            by_stem.entry(stem(file)).or_default().push(number);
        }
        let index = FileIndex::new(files.iter().copied());
        Self { files, places, by_stem, index }
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// The picture with that number.
    pub fn get(&self, number: usize) -> (&'a str, &Place) {
        (self.files[number], &self.places[number])
    }

    /// The picture of an annotation file: by its place in the layout, then by its base name anywhere, and only then
    /// by the `filename` inside, which is often stale.
    ///
    /// # Errors
    /// When several pictures fit equally well.
    pub fn find(&self, xml: &str, filename: Option<&str>) -> Result<Option<usize>, Error> {
        let (root, name) = name_below(xml);
        let folders = [format!("{root}JPEGImages/"), format!("{root}images/"), root.to_owned(), String::new()];
        let beside = stem(xml).to_owned();
        let names = folders.iter().map(|folder| format!("{folder}{name}")).chain([beside]);
        for wanted in names {
            // `a.jpg.xml` is how a format writes two pictures of one stem apart.
            if let Some(number) = self.number(&wanted) {
                return Ok(Some(number));
            }
            match self.by_stem.get(wanted.as_str()).map(Vec::as_slice) {
                Some([one]) => return Ok(Some(*one)),
                Some(several) => {
                    let named = |n: &&usize| filename.is_some_and(|f| base_name(f) == base_name(self.files[**n]));
                    if let Some(number) = several.iter().find(named) {
                        return Ok(Some(*number));
                    }
                }
                None => {}
            }
        }
        let loose = match self.index.find_stem(xml)? {
            None => filename.map_or(Ok(None), |f| self.index.find(f))?,
            found => found,
        };
        Ok(loose.and_then(|file| self.number(file)))
    }

    fn number(&self, file: &str) -> Option<usize> {
        self.files.binary_search(&file).ok()
    }
}

/// Splits by image name, from `ImageSets/Main/{train,val,test,trainval}.txt`.
#[derive(Debug, Default)]
pub struct Splits(HashMap<String, Split>);

impl Splits {
    /// Reads the lists; a name in several keeps the first of train, val, test, trainval.
    ///
    /// # Errors
    /// When a list cannot be read.
    pub fn of(source: &Source) -> Result<Self, Error> {
        let paths = source.entries().iter().map(|e| e.path.as_str());
        let lists: Vec<&str> = paths.filter(|p| p.contains("ImageSets/") && p.ends_with(".txt")).collect();
        let has_main = lists.iter().any(|p| p.contains("ImageSets/Main/"));
        let mut splits = HashMap::new();
        for wanted in ["train", "val", "test", "trainval"] {
            let Some(split) = split_of(wanted.trim_end_matches("val")).or_else(|| split_of(wanted)) else { continue };
            let split = if wanted == "val" { Split::Val } else { split };
            let is_list = |p: &&&str| stem(base_name(p)) == wanted && (!has_main || p.contains("ImageSets/Main/"));
            for path in lists.iter().filter(is_list) {
                for line in source.read_text(path, MAX_LIST)?.lines() {
                    let Some(name) = line.split_whitespace().next() else { continue };
                    splits.entry(name.to_owned()).or_insert(split);
                }
            }
        }
        Ok(Self(splits))
    }

    /// The split of an image by its name below the picture folder, with or without extension.
    pub fn get(&self, name: &str) -> Option<Split> {
        let tries = [name, stem(name), base_name(name), stem(base_name(name))];
        tries.iter().find_map(|name| self.0.get(*name)).copied()
    }
}

/// Class names of `labelmap.txt` in order (`name:r,g,b:parts:actions`), without the background.
///
/// # Errors
/// When the file cannot be read.
pub fn label_map(source: &Source) -> Result<Vec<String>, Error> {
    let file = source.entries().iter().find(|e| base_name(&e.path) == "labelmap.txt");
    let Some(file) = file else { return Ok(Vec::new()) };
    let text = source.read_text(&file.path, MAX_LIST)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "));
    // The name may hold colons itself, the other three fields never do.
    let names = lines.map(|line| line.rsplitn(4, ':').nth(3).unwrap_or(line).trim().to_owned());
    Ok(names.filter(|name| !name.is_empty() && name != "background").collect())
}
