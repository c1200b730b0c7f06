//! Which names an archive may use: only those that mean the same harmless place on every machine.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::error::Error;

/// Longest name of one entry, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Names that Windows keeps for devices, with any extension.
const RESERVED: &[&str] = &[
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt0",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "conin$", "conout$",
];

/// What is wrong with the name of an entry, or `None`.
pub(crate) fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("has no name");
    }
    if name.len() > MAX_NAME_BYTES {
        return Some("has a name longer than 255 bytes");
    }
    if name.contains('\0') || name.chars().any(char::is_control) {
        return Some("has a control character in its name");
    }
    if name.contains('\\') {
        return Some("has a backslash in its name; write the archive with / between folders");
    }
    if name.starts_with('/') {
        return Some("has an absolute name");
    }
    if name.as_bytes().get(1) == Some(&b':') {
        return Some("begins with a drive letter");
    }
    name.strip_suffix('/').unwrap_or(name).split('/').find_map(component_fault)
}

fn component_fault(part: &str) -> Option<&'static str> {
    match part {
        "" => return Some("has an empty folder in its name"),
        "." | ".." => return Some("leaves its folder by . or .."),
        _ => {}
    }
    if part.ends_with(['.', ' ']) {
        return Some("has a part that ends with a dot or a blank, which Windows drops");
    }
    if part.contains(':') {
        return Some("has a colon in its name");
    }
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_lowercase();
    RESERVED.contains(&stem.as_str()).then_some("has a name that Windows keeps for a device")
}

/// A name as file systems that fold case and composition see it.
pub(crate) fn folded(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// A name in the composed form, NFC.
pub fn composed(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { name.nfc().collect() }
}

/// Refuses files that would be the same file where case or composition does not count, and a file that is also a folder.
pub(crate) fn refuse_collisions<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut files: HashMap<String, &str> = HashMap::new();
    let mut folders: HashMap<String, &str> = HashMap::new();
    for name in names {
        if let Some(other) = files.insert(folded(name), name) {
            return Err(collision(other, name));
        }
        for (end, _) in name.match_indices('/') {
            folders.entry(folded(&name[..end])).or_insert(name);
        }
    }
    match files.iter().find_map(|(key, file)| folders.get(key).map(|below| (*file, *below))) {
        Some((file, below)) => Err(Error::invalid(below, format!("lies below {file}, which is a file"))),
        None => Ok(()),
    }
}

fn collision(first: &str, second: &str) -> Error {
    Error::invalid(
        second,
        format!("is the same file as {first} where upper and lower case or accents are not kept apart; rename one"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_names_are_refused() {
        let long = "a".repeat(256);
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/./b",
            "C:x",
            "c:/x",
            "a\\b",
            "..\\x",
            "a\0b",
            "a//b",
            "NUL",
            "a/con.txt",
            "com1 .jpg",
            "a./b",
            "a /b",
            "a\nb",
            "a:stream",
            long.as_str(),
        ] {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn ordinary_names_pass() {
        for good in ["a.jpg", "images/train/a b.jpg", "Ünïcode/写真.png", "console.txt", "a/", "...hidden", "x..y"]
        {
            assert_eq!(fault(good), None, "{good:?}");
        }
    }

    #[test]
    fn names_that_differ_in_case_or_composition_collide() {
        let refused = |names: &[&str]| refuse_collisions(names.iter().copied()).unwrap_err().to_string();
        assert!(refused(&["a.jpg", "A.jpg"]).contains("a.jpg"));
        assert!(refused(&["\u{e9}.jpg", "e\u{301}.jpg"]).contains("same file"));
        assert!(refused(&["a", "a/b"]).contains("which is a file"));
        assert!(refuse_collisions(["a/b", "a/c"].into_iter()).is_ok());
    }
}
