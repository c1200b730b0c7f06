//! What commands answer when all goes well, or nearly.

use std::fs;

use serde_json::json;

use super::{small_yolo, tree, zip_of};
use crate::harness::program::{tator, tator_in};

#[test]
fn help_names_every_promised_flag() {
    let promised = [
        ("serve", "--workspace --listen --open"),
        ("demo", "--workspace --listen"),
        (
            "import",
            "SOURCE --dataset --format --link --copy --dry-run --json --images auto yolo coco voc images parquet",
        ),
        (
            "export",
            "--dataset --format --out --images --where --json yolo yolo-seg coco voc parquet csv copy link none",
        ),
        ("sql", "--format --out table csv json parquet"),
        ("doctor", "--workspace"),
        ("config", "--workspace"),
    ];
    let all = tator(&["--help"]).expect(0).stdout;
    for (command, words) in promised {
        assert!(all.contains(command), "{command} is not in {all}");
        let help = tator(&[command, "--help"]).expect(0).stdout;
        for word in words.split(' ') {
            assert!(help.contains(word), "{word} is not in the help of {command}: {help}");
        }
    }
}

#[test]
fn an_import_tells_its_figures_in_one_json_object() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    let answer = tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "coins", "--json"]).expect(0);
    assert_eq!(answer.stdout.trim().lines().count(), 1, "progress belongs on stderr: {answer:?}");
    let report = answer.json();
    assert_eq!((&report["images"], &report["boxes"], &report["classes"]), (&json!(3), &json!(2), &json!(2)));
    assert_eq!(report["skipped"], json!([]));
    assert!(report["seconds"].as_f64().unwrap() > 0.0);
    let states = "SELECT path, state FROM coins.images ORDER BY path";
    let rows = tator_in(&workspace, &["sql", states, "--format", "json"]).expect(0).json();
    let states: Vec<_> = rows["rows"].as_array().unwrap().iter().map(|row| row[1].clone()).collect();
    assert_eq!(states, [json!("labelled"), json!("labelled"), json!("unlabelled")]);
}

#[test]
fn a_zip_comes_in_like_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    let zip = folder.path().join("coins.zip");
    zip_of(&source, &zip);
    let report =
        tator_in(&workspace, &["import", zip.to_str().unwrap(), "--dataset", "zipped", "--json"]).expect(0).json();
    assert_eq!((&report["images"], &report["boxes"]), (&json!(3), &json!(2)));
}

#[test]
fn an_import_that_leaves_something_out_ends_with_4_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    fs::write(source.join("labels/c.txt"), "0 0.5 0.5 much 0.5\n").unwrap();
    let answer = tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "coins", "--json"]).expect(4);
    let skipped = answer.json()["skipped"].clone();
    assert!(skipped[0]["item"].as_str().unwrap().contains("c.txt"), "{skipped}");
    assert!(!skipped[0]["reason"].as_str().unwrap().is_empty(), "{skipped}");
    // The image with the bad file is not a negative.
    let sql = "SELECT state FROM coins.images WHERE path LIKE '%c.png'";
    let rows = tator_in(&workspace, &["sql", sql, "--format", "json"]).expect(0).json();
    assert!(rows["rows"].as_array().unwrap().iter().all(|row| row[0] != "labelled"), "{rows}");
}

#[test]
fn a_dry_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    let source = source.to_str().unwrap();
    let answer = tator_in(&workspace, &["import", source, "--dataset", "coins", "--dry-run", "--json"]).expect(0);
    assert_eq!((&answer.json()["images"], &answer.json()["dry_run"]), (&json!(3), &json!(true)));
    let tables = tator_in(&workspace, &["sql", "SHOW ALL TABLES", "--format", "csv"]).expect(0).stdout;
    assert!(!tables.contains("coins"), "{tables}");
    assert!(!workspace.join("datasets/coins").exists());
    // Into a dataset that is there: no row and no revision changes.
    tator_in(&workspace, &["import", source, "--dataset", "coins"]).expect(0);
    fs::write(folder.path().join("coins/labels/a.txt"), "0 0.5 0.5 0.2 0.2\n").unwrap();
    let all =
        "SELECT i.image_id, i.revision, b.* FROM coins.images i LEFT JOIN coins.boxes b USING (image_id) ORDER BY ALL";
    let before = tator_in(&workspace, &["sql", all, "--format", "csv"]).expect(0).stdout;
    tator_in(&workspace, &["import", source, "--dataset", "coins", "--dry-run", "--existing", "replace"]).expect(0);
    assert_eq!(tator_in(&workspace, &["sql", all, "--format", "csv"]).expect(0).stdout, before);
}

#[test]
fn a_question_to_a_mistyped_path_makes_no_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("mistyped");
    for question in [&["sql", "SELECT 1"][..], &["doctor"]] {
        assert!(tator_in(&workspace, question).expect(1).stderr.contains("no workspace at"));
    }
    assert!(!workspace.exists());
}

#[test]
fn an_answer_comes_in_four_formats() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "coins"]).expect(0);
    let sql = |format: &str| tator_in(&workspace, &["sql", "SELECT 7 AS n, 'a,b' AS t", "--format", format]);
    assert_eq!(sql("table").expect(0).stdout, "n  t\n-  ---\n7  a,b\n");
    assert_eq!(sql("csv").expect(0).stdout, "n,t\n7,\"a,b\"\n");
    let json = sql("json").expect(0).json();
    assert_eq!(json["columns"][0]["name"], "n");
    assert!(json["columns"][0]["type"].is_string());
    assert_eq!((&json["rows"], &json["truncated"]), (&json!([[7, "a,b"]]), &json!(false)));
    assert!(sql("parquet").expect(1).stderr.contains("--out"));
    let file = folder.path().join("answer.parquet");
    let arguments = ["sql", "SELECT 7 AS n", "--format", "parquet", "--out", file.to_str().unwrap()];
    assert_eq!(tator_in(&workspace, &arguments).expect(0).stdout, "");
    let bytes = fs::read(file).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
}

#[test]
fn an_export_is_the_same_twice_and_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "coins"]).expect(0);
    for format in ["yolo", "coco", "voc", "parquet", "csv"] {
        let [one, two] = ["one", "two"].map(|name| folder.path().join(format!("{format}-{name}")));
        for out in [&one, &two] {
            let arguments =
                ["export", "--dataset", "coins", "--format", format, "--out", out.to_str().unwrap(), "--json"];
            let report = tator_in(&workspace, &arguments).expect(0).json();
            assert_eq!((&report["images"], &report["boxes"]), (&json!(3), &json!(2)), "{format}: {report}");
            for key in ["classes", "skipped", "seconds"] {
                assert!(!report[key].is_null(), "{format}: {key} is missing: {report}");
            }
        }
        if one.is_dir() {
            assert_eq!(tree(&one), tree(&two), "{format}");
        } else {
            assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap(), "{format}");
        }
        if format != "csv" {
            let back = format!("back_{format}");
            tator_in(&workspace, &["import", one.to_str().unwrap(), "--dataset", &back]).expect(0);
            let boxes = |d: &str| {
                let sql = format!(
                    "SELECT c.name, b.x, b.y, b.w, b.h FROM {d}.boxes b JOIN {d}.classes c USING (class_id) ORDER BY ALL"
                );
                tator_in(&workspace, &["sql", &sql, "--format", "csv"]).expect(0).stdout
            };
            assert_eq!(boxes(&back), boxes("coins"), "{format}");
        }
    }
}

#[test]
fn a_condition_chooses_the_images_of_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = small_yolo(&folder.path().join("coins"));
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "coins"]).expect(0);
    let out = folder.path().join("some");
    let condition = "image_id IN (SELECT image_id FROM boxes)";
    let base =
        ["export", "--dataset", "coins", "--format", "yolo", "--out", out.to_str().unwrap(), "--json", "--where"];
    let report = tator_in(&workspace, &[&base[..], &[condition]].concat()).expect(0).json();
    assert_eq!((&report["images"], &report["boxes"]), (&json!(1), &json!(2)), "{report}");
}
