//! A test file that no `mod` names would never run, and nobody would notice.

use std::path::Path;

use super::{files, root, text};

/// Whether a file has the line `mod name;`, however visible.
fn lists(list: &Path, name: &str) -> bool {
    let names =
        |line: &str| line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ") == format!("mod {name};");
    root().join(list).is_file() && text(list).lines().any(names)
}

#[test]
fn every_test_file_is_in_a_mod_list() {
    let (binaries, modules): (Vec<_>, Vec<_>) =
        files("tests", "rs").into_iter().partition(|path| path.parent() == Some(Path::new("tests")));
    let manifest = text("Cargo.toml");
    for binary in &binaries {
        assert!(manifest.contains(&format!("path = \"{}\"", binary.display())), "{} is no [[test]]", binary.display());
    }
    for path in modules {
        let folder = path.parent().unwrap();
        let (name, above) = if path.ends_with("mod.rs") {
            (folder.file_name(), folder.parent().unwrap())
        } else {
            (path.file_stem(), folder)
        };
        let name = name.unwrap().to_str().unwrap();
        let listed = lists(&above.join("mod.rs"), name) || binaries.iter().any(|binary| lists(binary, name));
        assert!(listed, "{} is in no mod list", path.display());
    }
}
