//! Which names uploaded files may have: the rules for the entries of archives (products.md 5.3).

use tator_pipeline::source::composed;

/// Names that Windows keeps for devices.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
/// Longest name of a file or folder, in bytes.
const LONGEST_PART: usize = 255;
/// Longest path, in bytes.
const LONGEST_PATH: usize = 2048;

/// The relative path with `/`, its accents composed as everywhere in a dataset, or why the name is refused.
///
/// # Errors
/// Why, to be put after the name.
pub(crate) fn checked_name(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.len() > LONGEST_PATH {
        return Err("is empty or too long");
    }
    if name.starts_with('/') || name.contains('\\') || name.contains(':') {
        return Err("is not a relative path with /");
    }
    if name.chars().any(char::is_control) {
        return Err("holds control characters");
    }
    for part in name.split('/') {
        check_part(part)?;
    }
    Ok(composed(name))
}

fn check_part(part: &str) -> Result<(), &'static str> {
    if matches!(part, "" | "." | "..") {
        return Err("leaves its folder");
    }
    if part.len() > LONGEST_PART {
        return Err("is too long");
    }
    if part.ends_with(['.', ' ']) {
        return Err("ends in a dot or a space");
    }
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = (stem.starts_with("com") || stem.starts_with("lpt"))
        && stem.len() == 4
        && stem.ends_with(|c: char| c.is_ascii_digit());
    if DEVICES.contains(&stem.as_str()) || numbered {
        return Err("is the name of a device");
    }
    Ok(())
}

/// Names that are equal here would overwrite each other on some machines.
pub(crate) fn folded(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_relative_names_pass() {
        for good in ["a.jpg", "train/images/a b.jpg", "données/ä.png", ".hidden", "a..b.jpg", "console.txt"] {
            assert_eq!(checked_name(good).as_deref(), Ok(good));
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/./b",
            "a//b",
            "a/",
            "..",
            "C:\\x",
            "C:x",
            "a\\..\\b",
            "a\0b",
            "a\nb",
            "con",
            "x/NUL.txt",
            "com1.jpg",
            "x.",
            "x ",
            "file:///x",
        ] {
            assert!(checked_name(bad).is_err(), "{bad:?}");
        }
        assert!(checked_name(&"x".repeat(256)).is_err());
    }
}
