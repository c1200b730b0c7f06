//! Which label file belongs to which picture.
//!
//! First the rule of the format: the last `images` folder of the path becomes `labels`, or the file lies beside the
//! picture. What is left over is matched by name and folders, and never against the split that its folder names.

use std::collections::{HashMap, HashSet};

use super::super::layout;
use super::super::matching::{FileIndex, stem};
use super::sets::first_line;
use crate::error::Error;
use crate::source::{Source, folded};

/// Label files by picture, and those that belong to none.
#[derive(Debug, Default)]
pub(super) struct LabelFiles<'a> {
    /// Label file of each picture, in the order of the pictures.
    pub of_image: Vec<Option<&'a str>>,
    /// Label files without a picture.
    pub orphans: Vec<&'a str>,
}

/// The label file of a picture by the rule of the format.
pub(super) fn label_path(image: &str) -> String {
    let mut parts: Vec<&str> = stem(image).split('/').collect();
    let folders = parts.len() - 1;
    if let Some(at) = parts[..folders].iter().rposition(|part| part.eq_ignore_ascii_case("images")) {
        parts[at] = "labels";
    }
    format!("{}.txt", parts.join("/"))
}

/// Finds the label file of every picture. `used` are text files that are known to be something else.
pub(super) fn pair<'a>(source: &'a Source, images: &[&'a str], used: &[String]) -> Result<LabelFiles<'a>, Error> {
    let used: HashSet<&str> = used.iter().map(String::as_str).collect();
    let is_label = |path: &str| path.len() > 4 && path.as_bytes()[path.len() - 4..].eq_ignore_ascii_case(b".txt");
    let texts: Vec<&str> =
        source.entries().iter().map(|e| e.path.as_str()).filter(|p| is_label(p) && !used.contains(p)).collect();
    let by_path: HashMap<String, &str> = texts.iter().map(|path| (folded(path), *path)).collect();
    let mut owners: HashMap<&str, usize> = HashMap::new();
    let mut found = LabelFiles { of_image: vec![None; images.len()], orphans: Vec::new() };
    for (index, image) in images.iter().enumerate() {
        let rules = [label_path(image), format!("{}.txt", stem(image))];
        let Some(label) = rules.iter().find_map(|path| by_path.get(&folded(path)).copied()) else { continue };
        if let Some(other) = owners.insert(label, index) {
            return Err(two_pictures(label, images[other], image));
        }
        found.of_image[index] = Some(label);
    }
    let left: Vec<&str> = texts.into_iter().filter(|path| !owners.contains_key(path)).collect();
    pair_loosely(source, images, &left, &mut found)?;
    Ok(found)
}

fn two_pictures(label: &str, one: &str, other: &str) -> Error {
    Error::invalid(label, format!("could belong to {one} or to {other}; rename one of them and its labels"))
}

/// Labels that lie elsewhere, as with a separate folder of pictures.
fn pair_loosely<'a>(
    source: &Source,
    images: &[&'a str],
    left: &[&'a str],
    found: &mut LabelFiles<'a>,
) -> Result<(), Error> {
    let free: Vec<usize> = (0..images.len()).filter(|i| found.of_image[*i].is_none()).collect();
    let free_files: Vec<&str> = free.iter().map(|i| images[*i]).collect();
    let numbers: HashMap<&str, usize> = free_files.iter().copied().zip(free).collect();
    let index = FileIndex::new(free_files.iter().copied());
    let as_images: Vec<String> = left.iter().map(|path| as_image(path)).collect();
    let label_splits = layout::places(&as_images);
    let image_splits: HashMap<&str, _> =
        free_files.iter().copied().zip(layout::places(&free_files).into_iter().map(|p| p.split)).collect();
    for ((label, as_image), place) in left.iter().zip(&as_images).zip(label_splits) {
        if !is_labels(source, label) {
            continue;
        }
        let image = index.find_stem(as_image)?;
        let fits = |file: &&str| match (place.split, image_splits.get(file).copied().flatten()) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let Some(number) = image.filter(fits).and_then(|file| numbers.get(file)) else {
            found.orphans.push(label);
            continue;
        };
        if let Some(other) = found.of_image[*number].replace(label) {
            return Err(Error::invalid(*label, format!("and {other} both seem to belong to {}", images[*number])));
        }
    }
    Ok(())
}

/// The label path with `labels` read as `images`, so that its layout is taken off like a picture's.
fn as_image(label: &str) -> String {
    let mut parts: Vec<&str> = label.split('/').collect();
    let folders = parts.len() - 1;
    if let Some(at) = parts[..folders].iter().rposition(|part| part.eq_ignore_ascii_case("labels")) {
        parts[at] = "images";
    }
    parts.join("/")
}

/// Whether a text without a picture of its name holds labels, and is not a readme.
fn is_labels(source: &Source, path: &str) -> bool {
    match first_line(source, path) {
        Some(line) => looks_like_row(&line),
        None => path.split('/').rev().skip(1).any(|folder| folder.eq_ignore_ascii_case("labels")),
    }
}

/// Five numbers or more.
pub(super) fn looks_like_row(line: &str) -> bool {
    let mut count = 0;
    line.split_whitespace().all(|token| token.parse::<f64>().map(|_| count += 1).is_ok()) && count >= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_images_folder_becomes_labels() {
        assert_eq!(label_path("images/train/a.jpg"), "labels/train/a.txt");
        assert_eq!(label_path("set/images/x/images/a.b.png"), "set/images/x/labels/a.b.txt");
        assert_eq!(label_path("train/Images/a.jpg"), "train/labels/a.txt");
        assert_eq!(label_path("a.jpg"), "a.txt");
        assert_eq!(label_path("obj_train_data/a.jpg"), "obj_train_data/a.txt");
    }
}
