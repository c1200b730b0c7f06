//! Which JSON files of a source are COCO, what is in them, and which pictures they speak of.

use std::collections::HashSet;

use tator_domain::Split;

use super::record::{Category, ForeignId, ImageRecord};
use super::stream::{BadStream, Part, Parts};
use crate::error::Error;
use crate::formats::Sink;
use crate::formats::layout::{Place, places, split_of};
use crate::formats::matching::{FileIndex, base_name, even, stem};
use crate::source::{Source, is_picture};

/// One COCO file after its first pass.
#[derive(Debug, Default)]
pub struct Survey {
    /// Path in the source.
    pub path: String,
    /// Split that its name or folder stands for.
    pub split: Option<Split>,
    /// Its categories.
    pub categories: Vec<Category>,
    /// Licences by id, as JSON text.
    pub licences: Vec<(ForeignId, String)>,
    /// Names of its images' files, in order.
    pub names: Vec<String>,
    /// Number of annotations.
    pub annotations: u64,
    /// The images stand before the annotations, so that one more pass is enough.
    pub images_first: bool,
}

/// A part of a file that is not what it should be, with its place.
pub fn bad_json(source: &Source, path: &str, bad: BadStream) -> Error {
    match bad {
        BadStream::Io(e) => Error::io(format!("reading {path}"))(e),
        BadStream::Json { at, what } => {
            let line = line_of(source, path, at);
            Error::invalid(path, format!("{what}, at line {line} (byte {at}); nothing was imported from this source"))
        }
    }
}

/// Counts lines up to a byte; only done for a message.
fn line_of(source: &Source, path: &str, at: u64) -> u64 {
    use std::io::Read as _;
    let Ok(reader) = source.open(path) else { return 0 };
    let mut reader = reader.take(at);
    let mut chunk = vec![0; 1 << 16];
    let mut lines = 1;
    while let Ok(read @ 1..) = reader.read(&mut chunk) {
        lines += chunk[..read].iter().filter(|b| **b == b'\n').count() as u64;
    }
    lines
}

/// Calls `each` for every part of a file.
pub fn walk(source: &Source, path: &str, each: &mut dyn FnMut(Part<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let mut parts = Parts::new(source.open(path)?);
    loop {
        match parts.next_part() {
            Ok(Some(part)) => each(part)?,
            Ok(None) => return Ok(()),
            Err(bad) => return Err(bad_json(source, path, bad)),
        }
    }
}

/// A record of a file, or an error with its place in the file.
pub fn record<T>(
    source: &Source,
    path: &str,
    part: Part<'_>,
    read: fn(&str) -> Result<T, super::json::BadJson>,
) -> Result<T, Error> {
    read(part.text).map_err(|bad| {
        let at = part.at + bad.at as u64;
        bad_json(source, path, BadStream::Json { at, what: bad.what })
    })
}

/// Why a JSON file is taken for COCO, if it is; only its beginning is read.
pub fn looks_like_coco(source: &Source, path: &str) -> bool {
    let Ok(reader) = source.open(path) else { return false };
    let mut parts = Parts::new(reader);
    let mut keys = 0;
    while let Ok(Some(part)) = parts.next_part() {
        match (part.key, part.element) {
            ("images", true) => return part.text.contains("\"file_name\"") || part.text.contains("\"id\""),
            ("annotations", true) => return part.text.contains("\"image_id\""),
            ("categories", true) => return part.text.contains("\"name\""),
            ("info" | "licenses" | "type" | "videos", _) => {}
            _ => keys += 1,
        }
        if keys > 8 {
            return false;
        }
    }
    false
}

/// The COCO files to be read: those named `instances_…` where there are any, else all.
pub fn choose(source: &Source, sink: Option<&mut dyn Sink>) -> Vec<String> {
    let json = source.entries().iter().filter(|e| e.path.to_ascii_lowercase().ends_with(".json"));
    let found: Vec<&str> = json.map(|e| e.path.as_str()).filter(|path| looks_like_coco(source, path)).collect();
    let is_instances = |path: &&str| base_name(path).starts_with("instances_");
    let only_instances = found.iter().any(is_instances);
    let (chosen, others): (Vec<&str>, Vec<&str>) = found.into_iter().partition(|p| !only_instances || is_instances(p));
    if let Some(sink) = sink {
        others.iter().for_each(|path| sink.warn(path, "is not read, because there are files named instances_…"));
    }
    chosen.into_iter().map(str::to_owned).collect()
}

/// The first pass over a file: everything but the annotations, and whether it is whole.
pub fn survey(source: &Source, path: &str) -> Result<Survey, Error> {
    let mut found = Survey { path: path.to_owned(), split: split_by_name(path), ..Survey::default() };
    found.images_first = true;
    walk(source, path, &mut |part| {
        match (part.key, part.element) {
            ("images", true) => {
                found.images_first &= found.annotations == 0;
                let image = record(source, path, part, ImageRecord::read)?;
                found.names.push(image.file_name.unwrap_or_default());
            }
            ("annotations", true) => found.annotations += 1,
            ("categories", true) => found.categories.push(record(source, path, part, Category::read)?),
            ("licenses", true) => found.licences.extend(licence(part.text)),
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

fn licence(text: &str) -> Option<(ForeignId, String)> {
    let mut compact = String::new();
    super::json_text::push_compact(super::json::Cursor::new(text).raw().ok()?, &mut compact);
    Some((Category::read(text).ok()?.id?, compact))
}

/// `instances_train2017.json`, `train/_annotations.coco.json`, `train.json`.
fn split_by_name(path: &str) -> Option<Split> {
    let name = stem(base_name(path));
    let by_name = name.rsplit(['_', '-', '.']).chain(name.split(['_', '-', '.'])).find_map(split_of);
    by_name.or_else(|| path.rsplit('/').skip(1).find_map(split_of))
}

/// The pictures of a source with their places in the dataset.
#[derive(Debug)]
pub struct Pictures<'a> {
    files: Vec<&'a str>,
    places: Vec<Place>,
}

impl<'a> Pictures<'a> {
    /// All pictures of the source.
    pub fn of(source: &'a Source) -> Self {
        let files: Vec<&str> = source.images().map(|e| e.path.as_str()).collect();
        let places = places(&files);
        Self { files, places }
    }

    /// There are none: the source has labels only.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The picture with that number.
    pub fn get(&self, number: usize) -> (&'a str, &Place) {
        (self.files[number], &self.places[number])
    }

    /// Numbers of the pictures that the surveys' images mean, file by file.
    ///
    /// # Errors
    /// When a name could mean several pictures.
    pub fn matched(&self, surveys: &[Survey]) -> Result<Vec<Vec<Option<usize>>>, Error> {
        if self.is_empty() {
            return Ok(surveys.iter().map(|s| vec![None; s.names.len()]).collect());
        }
        let index = FileIndex::new(self.files.iter().copied());
        surveys.iter().map(|survey| self.matched_in(survey, &index)).collect()
    }

    fn matched_in(&self, survey: &Survey, index: &FileIndex<'_>) -> Result<Vec<Option<usize>>, Error> {
        let prefixes = prefixes(&survey.path);
        let exact = |name: &String| {
            let name = even(name);
            prefixes.iter().find_map(|prefix| self.number(&format!("{prefix}{name}"))).map(|n| self.files[n])
        };
        // What was found exactly goes in by its full path, so that no other name takes it loosely.
        let wanted: Vec<String> =
            survey.names.iter().map(|name| exact(name).map_or_else(|| name.clone(), str::to_owned)).collect();
        let found = index.find_all(&wanted)?;
        let named = found.into_iter().zip(&survey.names).map(|(file, name)| file.filter(|_| !name.is_empty()));
        Ok(named.map(|file| file.and_then(|f| self.number(f))).collect())
    }

    fn number(&self, file: &str) -> Option<usize> {
        debug_assert!(is_picture(file) || !self.files.contains(&file), "only pictures are listed");
        self.files.binary_search(&file).ok()
    }

    /// Pictures that no image of any file means.
    pub fn unmatched(&self, matched: &[Vec<Option<usize>>]) -> Vec<usize> {
        let used: HashSet<usize> = matched.iter().flatten().flatten().copied().collect();
        (0..self.files.len()).filter(|n| !used.contains(n)).collect()
    }
}

/// Where pictures lie in the known layouts, seen from the JSON file: CVAT and Datumaro, Roboflow, COCO itself.
fn prefixes(json: &str) -> Vec<String> {
    let folder = json.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let root = folder.strip_suffix("annotations/").unwrap_or(&folder);
    let name = stem(base_name(json));
    let subset = name.strip_prefix("instances_").unwrap_or(name);
    let mut all = vec![format!("{root}images/{subset}/")];
    all.extend([format!("{root}{subset}/"), folder.clone(), format!("{root}images/"), root.to_owned(), String::new()]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_told_by_file_or_folder() {
        for (path, split) in [
            ("annotations/instances_train2017.json", Some(Split::Train)),
            ("valid/_annotations.coco.json", Some(Split::Val)),
            ("test.json", Some(Split::Test)),
            ("person_val_v2.json", Some(Split::Val)),
            ("annotations/instances_default.json", Some(Split::None)),
            ("labels.json", None),
        ] {
            assert_eq!(split_by_name(path), split, "{path}");
        }
    }
}
