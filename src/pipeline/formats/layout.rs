//! Which folders of a path belong to the layout of a dataset, and which to the dataset.
//!
//! `images/train/cats/a.jpg`, `train/images/cats/a.jpg` and `VOC2012/JPEGImages/cats/a.jpg` are all `cats/a.jpg`.

use std::collections::HashMap;

use tator_domain::Split;

use crate::source::folded;

/// Where a picture belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path in the dataset, without folders of the layout unless two pictures would share it.
    pub path: String,
    /// The split that a folder of the layout names.
    pub split: Option<Split>,
}

/// The places of all pictures of a source, in the order given. Every format uses this, so that the same pictures have
/// the same paths whichever labels come with them.
#[must_use]
pub fn places<S: AsRef<str>>(files: &[S]) -> Vec<Place> {
    let taken: Vec<Taken<'_>> = files.iter().map(|f| take_apart(f.as_ref())).collect();
    let with_root = taken.iter().filter(|t| t.has_layout);
    let mut roots = with_root.map(|t| t.root);
    let first = roots.next();
    let is_shared = first.is_some_and(|root| roots.all(|other| other == root));
    let level = distinct_levels(&taken, is_shared);
    let at = |(one, level): (&Taken<'_>, u8)| Place { path: one.path(level, is_shared), split: one.split };
    taken.iter().zip(level).map(at).collect()
}

/// The split that the name of a folder or list stands for: `train`, `val`, `valid2017` …
#[must_use]
pub fn split_of(name: &str) -> Option<Split> {
    let name = name.to_ascii_lowercase();
    match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "train" | "training" => Some(Split::Train),
        "val" | "valid" | "validation" | "dev" => Some(Split::Val),
        "test" | "testing" => Some(Split::Test),
        "unsplit" | "default" => Some(Split::None),
        _ => None,
    }
}

/// A path taken apart into root, layout and the rest.
#[derive(Debug)]
struct Taken<'a> {
    file: &'a str,
    root: &'a str,
    rest: &'a str,
    split: Option<Split>,
    has_layout: bool,
}

impl Taken<'_> {
    /// Level 0 drops the layout, 1 keeps the split, 2 keeps everything.
    fn path(&self, level: u8, is_root_shared: bool) -> String {
        let root = if is_root_shared || self.root.is_empty() { String::new() } else { format!("{}/", self.root) };
        match (level, self.split) {
            (0, _) => format!("{root}{}", self.rest),
            (1, Some(split)) => format!("{root}{split}/{}", self.rest),
            _ => self.file.to_owned(),
        }
    }
}

fn take_apart(file: &str) -> Taken<'_> {
    let parts: Vec<&str> = file.split('/').collect();
    let folders = &parts[..parts.len() - 1];
    let Some(at) = folders.iter().position(|f| is_image_folder(f)) else { return without_image_folder(file, &parts) };
    let before = at.checked_sub(1).and_then(|i| split_of(folders[i]));
    let after = folders.get(at + 1).and_then(|f| split_of(f));
    let (root, rest, split) = match (before, after) {
        (Some(split), _) => (at - 1, at + 1, Some(split)),
        (None, Some(split)) => (at, at + 2, Some(split)),
        (None, None) => (at, at + 1, darknet_split(folders[at])),
    };
    Taken { file, root: upto(file, &parts, root), rest: from(file, &parts, rest), split, has_layout: true }
}

/// `train/a.jpg`, as Roboflow lays out COCO.
fn without_image_folder<'a>(file: &'a str, parts: &[&str]) -> Taken<'a> {
    let split = if parts.len() > 1 { split_of(parts[0]) } else { None };
    let rest = from(file, parts, usize::from(split.is_some()));
    Taken { file, root: "", rest, split, has_layout: split.is_some() }
}

fn is_image_folder(name: &str) -> bool {
    name.eq_ignore_ascii_case("images") || name == "JPEGImages" || is_darknet(name)
}

/// `obj_train_data`, as Darknet and CVAT name it.
fn is_darknet(name: &str) -> bool {
    name.len() > 8 && name.starts_with("obj_") && name.ends_with("_data")
}

fn darknet_split(name: &str) -> Option<Split> {
    name.strip_prefix("obj_")?.strip_suffix("_data").and_then(split_of)
}

fn upto<'a>(file: &'a str, parts: &[&str], count: usize) -> &'a str {
    let length: usize = parts[..count].iter().map(|p| p.len() + 1).sum();
    &file[..length.saturating_sub(1)]
}

fn from<'a>(file: &'a str, parts: &[&str], count: usize) -> &'a str {
    let length: usize = parts[..count].iter().map(|p| p.len() + 1).sum();
    &file[length..]
}

/// For each picture the lowest level at which no two share a path. Full paths differ, so this ends.
fn distinct_levels(taken: &[Taken<'_>], is_shared: bool) -> Vec<u8> {
    let mut levels = vec![0_u8; taken.len()];
    loop {
        let mut owners: HashMap<String, Vec<usize>> = HashMap::with_capacity(taken.len());
        for (index, one) in taken.iter().enumerate() {
            owners.entry(folded(&one.path(levels[index], is_shared))).or_default().push(index);
        }
        let mut changed = false;
        for &index in owners.values().filter(|o| o.len() > 1).flatten() {
            changed |= levels[index] < 2;
            levels[index] = (levels[index] + 1).min(2);
        }
        if !changed {
            return levels;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(files: &[&str]) -> Vec<(String, Option<Split>)> {
        places(files).into_iter().map(|p| (p.path, p.split)).collect()
    }

    fn place(path: &str, split: Option<Split>) -> (String, Option<Split>) {
        (path.to_owned(), split)
    }

    #[test]
    fn folders_of_the_layout_are_taken_off() {
        for (file, rest, split) in [
            ("images/train/cats/a.jpg", "cats/a.jpg", Some(Split::Train)),
            ("valid/images/a.jpg", "a.jpg", Some(Split::Val)),
            ("VOCdevkit/VOC2012/JPEGImages/a.jpg", "a.jpg", None),
            ("obj_train_data/a.jpg", "a.jpg", Some(Split::Train)),
            ("coco/images/val2017/a.jpg", "a.jpg", Some(Split::Val)),
            ("train/a.jpg", "a.jpg", Some(Split::Train)),
            ("cats/a.jpg", "cats/a.jpg", None),
            ("a.jpg", "a.jpg", None),
        ] {
            assert_eq!(paths(&[file]), [place(rest, split)], "{file}");
        }
    }

    #[test]
    fn c33_same_name_in_two_folders_stays_two_images() {
        let found = paths(&["images/train/a.jpg", "images/val/a.jpg", "images/val/b.jpg"]);
        assert_eq!(
            found,
            [
                place("train/a.jpg", Some(Split::Train)),
                place("val/a.jpg", Some(Split::Val)),
                place("b.jpg", Some(Split::Val))
            ]
        );
        assert_eq!(paths(&["x/a.jpg", "y/a.jpg"]), [place("x/a.jpg", None), place("y/a.jpg", None)]);
    }

    #[test]
    fn two_sets_in_one_folder_keep_their_names() {
        let found = paths(&["one/images/a.jpg", "two/images/b.jpg"]);
        assert_eq!(found, [place("one/a.jpg", None), place("two/b.jpg", None)]);
    }

    #[test]
    fn a_name_that_differs_in_case_alone_collides_too() {
        let found = paths(&["images/train/A.jpg", "images/val/a.jpg"]);
        assert_eq!(found[0].0, "train/A.jpg");
        assert_eq!(found[1].0, "val/a.jpg");
    }
}
