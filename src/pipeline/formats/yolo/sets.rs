//! Which picture is in which split: folders and lists that a description names, or lists that lie about by themselves.

use std::collections::{BTreeSet, HashMap};

use tator_domain::Split;

use super::super::layout::split_of;
use super::super::matching::{FileIndex, base_name, even, stem};
use super::description::Description;
use crate::error::Error;
use crate::source::{Source, is_picture};

/// Largest list of pictures that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;

/// Splits by picture, and what was strange on the way.
#[derive(Debug, Default)]
pub(super) struct Sets<'a> {
    /// The first split that names a picture has it.
    pub splits: HashMap<&'a str, Split>,
    /// Lists of pictures, which are no label files.
    pub lists: Vec<String>,
    /// Item and reason of names without a picture.
    pub missing: Vec<(String, String)>,
    /// Item and message.
    pub warnings: Vec<(String, String)>,
}

/// Resolves the sets of a description, else the lists `train.txt`, `val.txt`, `valid.txt`, `test.txt`.
pub(super) fn resolve<'a>(source: &'a Source, images: &[&'a str], about: &Description) -> Result<Sets<'a>, Error> {
    let mut sets = Sets::default();
    let files = FileIndex::new(images.iter().copied());
    let folders = folders_of(images);
    if about.sets.is_empty() {
        for entry in source.entries().iter().filter(|e| is_list(source, &e.path)) {
            if let Some(split) = split_of(stem(base_name(&entry.path))) {
                sets.take_list(source, &entry.path, split, &files)?;
            }
        }
        return Ok(sets);
    }
    for (split, place) in &about.sets {
        if is_text(place) {
            match list_file(source, about, place)? {
                Some(list) => sets.take_list(source, list, *split, &files)?,
                None => sets.warnings.push(not_there(about, place)),
            }
        } else if let Some(folder) = folder(&folders, about, place)? {
            sets.take_folder(images, &folder, *split);
        } else {
            sets.warnings.push(not_there(about, place));
        }
    }
    Ok(sets)
}

impl<'a> Sets<'a> {
    fn take_folder(&mut self, images: &[&'a str], folder: &str, split: Split) {
        let is_below = |file: &str| folder.is_empty() || file.strip_prefix(folder).is_some_and(|r| r.starts_with('/'));
        for file in images.iter().copied().filter(|file| is_below(file)) {
            self.splits.entry(file).or_insert(split);
        }
    }

    fn take_list(&mut self, source: &Source, list: &str, split: Split, files: &FileIndex<'a>) -> Result<(), Error> {
        self.lists.push(list.to_owned());
        let text = source.read_text(list, MAX_BYTES)?;
        let lines: Vec<(usize, &str)> =
            text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()).collect();
        let folder = list.rsplit_once('/').map_or("", |(folder, _)| folder);
        let wanted: Vec<String> =
            lines.iter().map(|(_, line)| beside(files, folder, line)).collect::<Result<_, _>>()?;
        for (found, (number, line)) in files.find_all(&wanted)?.into_iter().zip(lines) {
            match found {
                Some(file) => drop(self.splits.entry(file).or_insert(split)),
                None => {
                    self.missing
                        .push((format!("{list}:{}: {line}", number + 1), "the picture is not there".to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// A line of a list counts from the list's folder when that gives a picture, else as it stands.
fn beside(files: &FileIndex<'_>, folder: &str, line: &str) -> Result<String, Error> {
    let joined = even(&format!("{folder}/{line}"));
    Ok(if files.find_exact(&joined) { joined } else { line.to_owned() })
}

fn is_text(place: &str) -> bool {
    place.to_ascii_lowercase().ends_with(".txt")
}

/// A list of pictures by name and by its first line.
fn is_list(source: &Source, path: &str) -> bool {
    let named = is_text(path) && split_of(stem(base_name(path))).is_some();
    named && first_line(source, path).is_some_and(|line| is_picture(&even(&line)))
}

/// The first line that is not blank, within the first kilobytes.
pub(super) fn first_line(source: &Source, path: &str) -> Option<String> {
    use std::io::Read;
    let mut start = Vec::new();
    source.open(path).ok()?.take(8192).read_to_end(&mut start).ok()?;
    let text = String::from_utf8_lossy(&start);
    let line = text.trim_start_matches('\u{feff}').lines().map(str::trim).find(|line| !line.is_empty());
    line.map(str::to_owned)
}

/// Places that a relative path of the description may mean, the likeliest first.
fn meanings(about: &Description, place: &str) -> Vec<String> {
    let root = about.root.as_deref().unwrap_or("");
    let above = place.trim_start_matches("../");
    [
        format!("{}/{root}/{place}", about.folder),
        format!("{}/{place}", about.folder),
        format!("{}/{above}", about.folder),
    ]
    .iter()
    .map(|path| even(path))
    .collect()
}

fn list_file<'s>(source: &'s Source, about: &Description, place: &str) -> Result<Option<&'s str>, Error> {
    let texts = FileIndex::new(source.entries().iter().map(|e| e.path.as_str()).filter(|p| is_text(p)));
    for path in meanings(about, place) {
        if let Some(entry) = source.entry(&path) {
            return Ok(Some(&entry.path));
        }
    }
    texts.find(place)
}

fn folder(folders: &BTreeSet<&str>, about: &Description, place: &str) -> Result<Option<String>, Error> {
    if let Some(path) =
        meanings(about, place).into_iter().find(|path| path.is_empty() || folders.contains(path.as_str()))
    {
        return Ok(Some(path));
    }
    let wanted = even(place);
    if wanted.is_empty() {
        return Ok(None);
    }
    Ok(FileIndex::new(folders.iter().copied()).find(&wanted)?.map(str::to_owned))
}

fn folders_of<'a>(images: &[&'a str]) -> BTreeSet<&'a str> {
    let above = |file: &'a str| file.match_indices('/').map(move |(end, _)| &file[..end]);
    images.iter().flat_map(|file| above(file)).collect()
}

fn not_there(about: &Description, place: &str) -> (String, String) {
    (about.file.clone(), format!("names {place}, which is not there or holds no pictures"))
}
