//! What commands refuse, in which words, and that nothing is left behind.

use std::fs;
use std::path::Path;

use super::{small_yolo, zip_of};
use crate::harness::program::{Answer, tator, tator_in};

#[test]
fn wrong_usage_ends_with_2() {
    tator::<&str>(&[]).expect(2);
    tator(&["fly"]).expect(2);
    tator(&["import", "--dataset", "coins"]).expect(2);
    tator(&["import", "x", "--dataset", "coins", "--format", "paper"]).expect(2);
    tator(&["import", "x", "--dataset", "coins", "--link", "--copy"]).expect(2);
    tator(&["export", "--dataset", "coins", "--format", "yolo"]).expect(2);
    tator(&["import", "x", "--dataset", "no good name"]).expect(2);
    tator(&["--version"]).expect(0);
}

/// The import of `source` fails with a sentence that names it, and leaves no dataset.
#[track_caller]
fn refused(workspace: &Path, source: &Path) -> Answer {
    let answer = tator_in(workspace, &["import", source.to_str().unwrap(), "--dataset", "broken"]).expect(1);
    let name = source.file_name().unwrap().to_str().unwrap();
    assert!(answer.stderr.contains(name), "{name} is not named: {answer:?}");
    assert!(!answer.stderr.contains("panicked"), "{answer:?}");
    let tables = tator_in(workspace, &["sql", "SHOW ALL TABLES", "--format", "csv"]).expect(0).stdout;
    assert!(!tables.contains("broken"), "{tables}");
    assert!(!workspace.join("datasets/broken").exists());
    assert!(!workspace.join("tables/broken").exists());
    answer
}

#[test]
fn what_cannot_be_imported_is_named_and_leaves_no_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    refused(&workspace, &folder.path().join("missing.zip"));
    let cut = folder.path().join("cut.zip");
    zip_of(&small_yolo(&folder.path().join("coins")), &cut);
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    refused(&workspace, &cut);
    let noise = folder.path().join("noise.zip");
    fs::write(&noise, b"this is no archive").unwrap();
    refused(&workspace, &noise);
    let empty = folder.path().join("empty_folder");
    fs::create_dir(&empty).unwrap();
    refused(&workspace, &empty);
    let json = folder.path().join("half.json");
    fs::write(&json, "{\"images\": [{\"id\": 1, ").unwrap();
    refused(&workspace, &json);
}

#[test]
fn a_damaged_file_in_a_zip_does_not_come_in_as_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let zip = folder.path().join("flipped.zip");
    zip_of(&small_yolo(&folder.path().join("coins")), &zip);
    let mut bytes = fs::read(&zip).unwrap();
    let label = bytes.windows(10).position(|w| w == b"0 0.5 0.5 ").unwrap();
    bytes[label] = b'1';
    fs::write(&zip, bytes).unwrap();
    let answer = tator_in(&workspace, &["import", zip.to_str().unwrap(), "--dataset", "flipped"]);
    assert!(matches!(answer.code, 1 | 4), "{answer:?}");
    assert!(answer.stderr.contains("a.txt"), "{answer:?}");
}

#[test]
fn a_misspelled_setting_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    fs::create_dir(&workspace).unwrap();
    fs::write(workspace.join("workspace.toml"), "[server]\nlissen = \"127.0.0.1:1\"\n").unwrap();
    for command in [&["config"][..], &["serve"], &["sql", "SELECT 1"], &["doctor"]] {
        let answer = tator_in(&workspace, command).expect(1);
        assert!(answer.stderr.contains("lissen") && answer.stderr.contains("workspace.toml"), "{answer:?}");
    }
}

#[test]
fn settings_in_force_are_printed_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    fs::create_dir(&workspace).unwrap();
    fs::write(workspace.join("workspace.toml"), "[limits]\nthreads = 1\n").unwrap();
    let printed = tator_in(&workspace, &["config"]).expect(0).stdout;
    assert!(printed.contains("threads = 1") && printed.contains("listen = \"127.0.0.1:8000\""), "{printed}");
    fs::write(workspace.join("workspace.toml"), &printed).unwrap();
    assert_eq!(tator_in(&workspace, &["config"]).expect(0).stdout, printed);
}

#[test]
fn sql_only_reads() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    tator_in(&workspace, &["import", small_yolo(&folder.path().join("coins")).to_str().unwrap(), "--dataset", "coins"])
        .expect(0);
    for statement in [
        "DELETE FROM coins.boxes",
        "COPY coins.boxes TO 'stolen.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "INSTALL httpfs",
        "SELECT 1; DROP SCHEMA coins CASCADE",
        "SELEC 1",
    ] {
        let answer = tator_in(&workspace, &["sql", statement]).expect(1);
        assert!(answer.stderr.starts_with("tator: ") && answer.stdout.is_empty(), "{answer:?}");
    }
    let left = tator_in(&workspace, &["sql", "SELECT count(*) AS n FROM coins.boxes", "--format", "csv"]).expect(0);
    assert_eq!(left.stdout, "n\n2\n");
}

#[test]
fn an_export_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    tator_in(&workspace, &["import", small_yolo(&folder.path().join("coins")).to_str().unwrap(), "--dataset", "coins"])
        .expect(0);
    let out = folder.path().join("mine");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("diary.txt"), "dear").unwrap();
    let arguments = ["export", "--dataset", "coins", "--format", "yolo", "--out", out.to_str().unwrap()];
    let answer = tator_in(&workspace, &arguments).expect(1);
    assert!(answer.stderr.contains("mine"), "{answer:?}");
    assert_eq!(fs::read_to_string(out.join("diary.txt")).unwrap(), "dear");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    let nowhere = folder.path().join("x");
    let unknown = ["export", "--dataset", "notes", "--format", "yolo", "--out", nowhere.to_str().unwrap()];
    assert!(tator_in(&workspace, &unknown).expect(1).stderr.contains("notes"));
    assert!(!nowhere.exists());
}

#[test]
fn the_doctor_names_a_picture_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "coins", "--link"]).expect(0);
    let well = tator_in(&workspace, &["doctor"]).expect(0);
    assert!(well.stdout.contains("coins") && well.stdout.contains("3 images, 2 boxes, 2 classes"), "{well:?}");
    fs::remove_file(source.join("images/b.png")).unwrap();
    let ill = tator_in(&workspace, &["doctor"]).expect(1);
    assert!(ill.stdout.contains("b.png"), "{ill:?}");
}
