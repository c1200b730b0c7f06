//! A test file that no `mod` names would never run, and nobody would notice.

use super::{files, root, text};

#[test]
fn every_test_file_is_in_a_mod_list() {
    for path in files("tests", "rs") {
        let (name, folder) = (path.file_stem().unwrap().to_str().unwrap(), path.parent().unwrap());
        if path.ends_with("tests/house.rs") {
            continue;
        }
        let (module, list) = if name == "mod" {
            let above = folder.parent().unwrap();
            let list = if above.ends_with("tests") { above.join("house.rs") } else { above.join("mod.rs") };
            (folder.file_name().unwrap().to_str().unwrap(), list)
        } else {
            (name, folder.join("mod.rs"))
        };
        assert!(root().join(&list).exists(), "{} has no {}", path.display(), list.display());
        let listed = text(&list).lines().any(|line| {
            let line = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            line == format!("mod {module};")
        });
        assert!(listed, "{} is not in {}", path.display(), list.display());
    }
}
