//! Which file is meant by a name in somebody's labels.
//!
//! In this order: the exact relative path; the same with `\`, `./` and Unicode composition evened out; the file that
//! shares the most trailing folders with the name; the same without regard to case. Never by order, and never by the
//! bare file name when two files bear it: then the import stops and lists them.

use std::collections::HashMap;

use crate::error::Error;
use crate::source::{composed, folded};

/// Candidates that an error lists.
const LISTED: usize = 8;

/// Files that labels may speak of, found by name.
#[derive(Debug)]
pub struct FileIndex<'a> {
    files: Vec<&'a str>,
    even: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    by_stem: HashMap<String, Vec<usize>>,
}

impl<'a> FileIndex<'a> {
    /// Indexes files by relative path with `/`.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = &'a str>) -> Self {
        let files: Vec<&str> = files.into_iter().collect();
        let (mut even, mut by_name, mut by_stem) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (index, file) in files.iter().enumerate() {
            even.insert(composed(file), index);
            let name = folded(base_name(file));
            by_stem.entry(stem(&name).to_owned()).or_insert_with(Vec::new).push(index);
            by_name.entry(name).or_insert_with(Vec::new).push(index);
        }
        Self { files, even, by_name, by_stem }
    }

    /// The file that `wanted` means; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::Invalid`] listing the candidates when several fit equally well.
    pub fn find(&self, wanted: &str) -> Result<Option<&'a str>, Error> {
        Ok(self.position(wanted)?.map(|i| self.files[i]))
    }

    /// As [`FileIndex::find`] for a name without extension, or with another one.
    ///
    /// # Errors
    /// As [`FileIndex::find`].
    pub fn find_stem(&self, wanted: &str) -> Result<Option<&'a str>, Error> {
        let wanted = even(wanted);
        let candidates = self.by_stem.get(stem(&folded(base_name(&wanted))));
        Ok(self.closest(&wanted, candidates.map_or(&[], Vec::as_slice), true)?.map(|i| self.files[i]))
    }

    /// The files that many names mean, each name its own file: a name that matches only loosely does not get a file
    /// which another name states exactly.
    ///
    /// # Errors
    /// As [`FileIndex::find`], and when two names loosely mean one file.
    pub fn find_all<S: AsRef<str>>(&self, wanted: &[S]) -> Result<Vec<Option<&'a str>>, Error> {
        let mut owner: HashMap<usize, &str> = HashMap::new();
        let exact: Vec<Option<usize>> = wanted.iter().map(|w| self.exact(&even(w.as_ref()))).collect();
        owner.extend(exact.iter().zip(wanted).filter_map(|(found, w)| found.map(|i| (i, w.as_ref()))));
        let mut loose: HashMap<usize, &str> = HashMap::new();
        let mut all = Vec::with_capacity(wanted.len());
        for (found, name) in exact.into_iter().zip(wanted) {
            let name = name.as_ref();
            let index = match found {
                Some(index) => Some(index),
                None => self.position(name)?.filter(|i| !owner.contains_key(i)),
            };
            if let (None, Some(index)) = (found, index)
                && let Some(other) = loose.insert(index, name)
                && even(other) != even(name)
            {
                return Err(Error::invalid(name, format!("and {other} both seem to mean {}", self.files[index])));
            }
            all.push(index.map(|i| self.files[i]));
        }
        Ok(all)
    }

    /// Whether a file has exactly this path, composition aside.
    #[must_use]
    pub fn find_exact(&self, wanted: &str) -> bool {
        self.exact(&composed(wanted)).is_some()
    }

    fn exact(&self, wanted: &str) -> Option<usize> {
        self.even.get(wanted).copied()
    }

    fn position(&self, wanted: &str) -> Result<Option<usize>, Error> {
        let wanted = even(wanted);
        if let Some(index) = self.exact(&wanted) {
            return Ok(Some(index));
        }
        let candidates = self.by_name.get(&folded(base_name(&wanted)));
        self.closest(&wanted, candidates.map_or(&[], Vec::as_slice), false)
    }

    /// The candidate that shares the most trailing components; case decides only between equals.
    fn closest(&self, wanted: &str, candidates: &[usize], by_stem: bool) -> Result<Option<usize>, Error> {
        let rank = |i: &usize| shared(&composed(self.files[*i]), wanted, by_stem);
        let Some(best) = candidates.iter().map(rank).max() else { return Ok(None) };
        let fitting: Vec<usize> = candidates.iter().copied().filter(|i| rank(i) == best).collect();
        match fitting.as_slice() {
            [one] => Ok(Some(*one)),
            several => Err(self.ambiguous(wanted, several)),
        }
    }

    fn ambiguous(&self, wanted: &str, several: &[usize]) -> Error {
        let names: Vec<&str> = several.iter().take(LISTED).map(|i| self.files[*i]).collect();
        let more = if several.len() > LISTED { " …" } else { "" };
        let list = names.join(", ");
        Error::invalid(wanted, format!("could mean {} files: {list}{more}; write the path in full", several.len()))
    }
}

/// A name with `/`, without `./` and doubled separators, composed.
#[must_use]
pub fn even(name: &str) -> String {
    let name = composed(name.trim());
    if !name.contains(['\\', '.']) && !name.contains("//") && !name.starts_with('/') {
        return name;
    }
    let slashes = name.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in slashes.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The last component of a path.
#[must_use]
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A file name or path without its extension.
#[must_use]
pub fn stem(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && !stem.ends_with('/') && !ext.contains('/') => stem,
        _ => path,
    }
}

/// How many trailing components two paths share, folded; then how many of those are spelled alike.
fn shared(a: &str, b: &str, by_stem: bool) -> (usize, usize) {
    let (a, b) = if by_stem { (stem(a), stem(b)) } else { (a, b) };
    let pairs = a.rsplit('/').zip(b.rsplit('/'));
    let mut count = (0, 0);
    for (one, other) in pairs.take_while(|(one, other)| folded(one) == folded(other)) {
        count = (count.0 + 1, count.1 + usize::from(one == other));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_matched_by_path_then_by_trailing_folders() {
        let index = FileIndex::new(["images/train/a.jpg", "images/val/a.jpg", "images/val/b.jpg", "caf\u{e9}.png"]);
        let find = |name: &str| index.find(name).unwrap();
        assert_eq!(find("images/val/a.jpg"), Some("images/val/a.jpg"));
        assert_eq!(find(".\\images\\train\\a.jpg"), Some("images/train/a.jpg"));
        assert_eq!(find("/home/me/set/val/a.jpg"), Some("images/val/a.jpg"));
        assert_eq!(find("b.jpg"), Some("images/val/b.jpg"));
        assert_eq!(find("B.JPG"), Some("images/val/b.jpg"));
        assert_eq!(find("cafe\u{301}.png"), Some("caf\u{e9}.png"));
        assert_eq!(find("c.jpg"), None);
    }

    #[test]
    fn c32_an_ambiguous_name_stops_and_lists_the_candidates() {
        let index = FileIndex::new(["train/a.jpg", "val/a.jpg"]);
        let message = index.find("a.jpg").unwrap_err().to_string();
        assert!(message.contains("train/a.jpg") && message.contains("val/a.jpg"), "{message}");
        assert!(index.find("test/a.jpg").is_err());
    }

    #[test]
    fn a_stem_finds_any_extension_but_never_two() {
        let index = FileIndex::new(["images/a.jpg", "images/b.v2.png", "images/c.jpg", "images/c.png"]);
        assert_eq!(index.find_stem("labels/a.txt").unwrap(), Some("images/a.jpg"));
        assert_eq!(index.find_stem("b.v2.xml").unwrap(), Some("images/b.v2.png"));
        assert!(index.find_stem("labels/c.txt").unwrap_err().to_string().contains("images/c.png"));
    }

    #[test]
    fn c32_a_loose_name_does_not_take_a_file_that_is_named_exactly() {
        let index = FileIndex::new(["val/a.jpg"]);
        let found = index.find_all(&["train/a.jpg", "val/a.jpg"]).unwrap();
        assert_eq!(found, [None, Some("val/a.jpg")]);
        assert!(index.find_all(&["x/a.jpg", "y/a.jpg"]).is_err());
    }

    #[test]
    fn exact_spelling_decides_between_names_that_differ_in_case() {
        let index = FileIndex::new(["x/A.jpg", "x/a.jpg"]);
        assert_eq!(index.find("y/A.jpg").unwrap(), Some("x/A.jpg"));
    }
}
