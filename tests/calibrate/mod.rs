//! Calibration through the real program, with the stand-ins for detectors: they see red and blue rectangles, and are nearly
//! always right, so that the gate has nothing to promote and says so.

mod appearance;
mod pages;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::program::Server;
use crate::prelabel::{RECIPE, pictures, tator};

const AT: &str = "/api/v1/datasets/seen/calibrations";

/// Small trees and few draws: quick, and still everything.
fn options() -> Value {
    json!({ "recall_floor": 0.0, "draws": 100, "outer_folds": 2, "inner_folds": 2,
            "parameters": { "rounds": 15, "max_depth": 2, "min_child_weight": 0.1, "balance": false } })
}

/// A workspace with pictures of which every third thing has no label, so that a detector that sees it is wrong.
fn half_right(folder: &Path, images: u32, labelled: u32) -> (PathBuf, PathBuf) {
    let (workspace, recipe) = (folder.join("w"), folder.join("two.toml"));
    let source = pictures(&folder.join("source"), images, labelled);
    for n in 0..labelled {
        let at = source.join(format!("labels/{n:03}.txt"));
        let lines = fs::read_to_string(&at).unwrap();
        let kept = lines.lines().zip(n..).filter(|(_, at)| !at.is_multiple_of(3)).map(|(line, _)| format!("{line}\n"));
        fs::write(&at, kept.collect::<String>()).unwrap();
    }
    tator(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    fs::write(&recipe, RECIPE).unwrap();
    (workspace, recipe)
}

fn done(server: &Server, answer: &Value) -> Value {
    let job = server.job(answer["job_id"].as_i64().unwrap());
    assert_eq!(job["state"], "done", "{job}");
    job["report"].clone()
}

fn rows(server: &Server, sql: &str) -> Value {
    server.post("/api/v1/sql", &json!({ "sql": sql }))["rows"].clone()
}

fn drafts(server: &Server) -> Value {
    rows(server, "SELECT count(*) FROM seen.boxes WHERE state = 'draft'")[0][0].clone()
}

#[test]
fn a_calibration_is_tested_recorded_explained_applied_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = half_right(folder.path(), 36, 30);
    let server = server_with(&workspace, &stand_ins());
    if !has_runtime(&server) {
        return;
    }
    done(&server, &server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "r" })));
    let report = done(&server, &server.post(AT, &json!({ "run": "r", "options": options() })));
    assert_eq!((&report["calibration"], &report["sizes"]["truth_images"]), (&json!("r_c1"), &json!(30)), "{report}");
    let names: Vec<&String> = report["baselines"].as_object().unwrap().keys().collect();
    // A model that looks in two ways is compared with by each, and by both together.
    let looks = ["stand-in-yolox", "stand-in-yolox:full", "stand-in-yolox:windows"];
    assert_eq!(names, [&["stand-in-nanodet"], &looks[..], &["union"]].concat());
    let warned = report["warnings"][0].as_str().unwrap();
    assert!(warned.contains("nobody said which images stand-in-nanodet, stand-in-yolox was trained on"), "{warned}");

    let record = server.get(&format!("{AT}/r_c1"))["record"].clone();
    assert_eq!((&record["test_opened"], &record["protocol"]), (&json!(1), &json!({ "nested": { "folds": 2 } })));
    assert_eq!(record["figures"]["recall_ceiling"], 1.0);
    let parts =
        rows(&server, "SELECT part, fold IS NULL, count(*) > 0 FROM seen.scores_r_c1 GROUP BY ALL ORDER BY part");
    assert_eq!(parts, json!([["open", true, true], ["test", false, true]]));
    let apart =
        "SELECT count(*) FROM (SELECT image_id FROM seen.scores_r_c1 GROUP BY 1 HAVING count(DISTINCT fold) > 1)";
    assert_eq!(rows(&server, apart)[0][0], 0);
    let same = "SELECT (SELECT count(*) FROM seen.features_r_c1) = (SELECT count(*) FROM seen.candidates_r)";
    assert_eq!(rows(&server, same)[0][0], true);

    the_run_says_of_it_what_its_own_page_says(&server, &record);

    let first = rows(&server, "SELECT min(candidate_id) FROM seen.scores_r_c1")[0][0].clone();
    let why = server.post(&format!("{AT}/r_c1/explain"), &json!({ "candidates": [first] }))["candidates"][0].clone();
    let adds: f64 = why["reasons"].as_array().unwrap().iter().map(|reason| reason["adds"].as_f64().unwrap()).sum();
    assert!((adds + why["base"].as_f64().unwrap() - why["margin"].as_f64().unwrap()).abs() < 1e-4, "{why}");

    let preview = server.post(&format!("{AT}/r_c1/apply"), &json!({ "dry_run": true }));
    assert_eq!((&preview["free_images"], &preview["change"]), (&json!(6), &Value::Null), "{preview}");
    assert_eq!(drafts(&server), 0);
    // Whatever threshold: what the calibration takes for a second box of an object becomes no draft.
    let ask = json!({ "calibration": "r_c1", "score": 0.0 });
    let all = server.post("/api/v1/datasets/seen/runs/r/drafts/preview", &ask)["boxes"].clone();
    let kept = "SELECT count(*) FROM seen.scores_r_c1 WHERE part = 'open' AND kept";
    assert_eq!(rows(&server, kept)[0][0], all);
    if preview["promoted"] == false {
        let refused = server.client().try_post(&format!("{AT}/r_c1/apply"), &json!({})).unwrap();
        assert_eq!(refused.0, 409, "{refused:?}");
    }
    let put = server.post(&format!("{AT}/r_c1/apply"), &json!({ "anyway": true }));
    assert_eq!(put["drafts"], preview["drafts"]);
    assert_eq!(drafts(&server), put["change"]["boxes"]);
    let origins = rows(&server, "SELECT DISTINCT origin FROM seen.boxes WHERE state = 'draft'");
    assert_eq!(origins, json!([["model:r_c1"]]));
    let untouched = "SELECT count(*) FROM seen.boxes b JOIN seen.images i USING (image_id) WHERE b.state = 'draft' AND i.state <> 'unlabelled'";
    assert_eq!(rows(&server, untouched)[0][0], 0);
    let change = put["change"]["change_id"].clone();
    server.post(&format!("/api/v1/datasets/seen/history/{change}/undo"), &json!({}));
    assert_eq!(drafts(&server), 0);
}

/// Sources are cut as they speak, what was put together on its own scale, a calibration by its own thresholds.
fn the_run_says_of_it_what_its_own_page_says(server: &Server, record: &Value) {
    let measured = |iou: f64| server.get(&format!("/api/v1/datasets/seen/runs/r/recall?iou={iou}&score=0.3&pool=0.9"));
    let row = |report: &Value, kind: &str| {
        report["rows"].as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap().clone()
    };
    let report = measured(0.5);
    let (source, union, own) = (row(&report, "source"), row(&report, "union"), row(&report, "calibrated"));
    assert_eq!((&source["scale"], &source["score"]), (&json!("raw"), &json!(0.3)), "{report}");
    assert_eq!((&union["scale"], &union["score"]), (&json!("raw"), &json!(0.9)), "no source was put on a common scale");
    for figure in ["precision", "recall", "f1"] {
        assert_eq!(own[figure], record["test"][figure], "{figure}: {own}");
    }
    assert_eq!((&own["score"], &own["promoted"]), (&Value::Null, &record["gate"]["promoted"]));
    assert_eq!(row(&measured(0.75), "calibrated")["f1"], Value::Null, "it was made for another overlap");
}

#[test]
fn the_command_prints_what_it_promises_and_the_same_again_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = half_right(folder.path(), 24, 20);
    if !crate::prelabel::has_runtime(&workspace) {
        return;
    }
    let run = ["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", "r"];
    tator(&workspace, &run).expect(0);
    let calibrate = |extra: &[&str]| {
        let usual = ["calibrate", "--dataset", "seen", "--run", "r", "--recall-floor", "0", "--json"];
        tator(&workspace, &[&usual[..], extra].concat())
    };
    let told = calibrate(&["--name", "one"]).expect(0).json();
    assert_eq!((&told["calibration"], &told["reused"]), (&json!("one"), &json!(false)));
    for key in ["precision", "recall", "f1"] {
        assert!(told["test"][key].is_f64() && told["baselines"]["union"][key].is_f64(), "{told}");
    }
    assert_eq!(told["test"]["f1_ci"].as_array().unwrap().len(), 2);
    assert!(told["promoted"].is_boolean() && !told["why"].as_str().unwrap().is_empty());
    let again = calibrate(&["--name", "two"]).expect(0).json();
    assert_eq!((&again["calibration"], &again["reused"], &again["test"]), (&json!("one"), &json!(true), &told["test"]));

    // Made anew without what was kept, it has the same bytes.
    let tables = |name: &str| {
        let at = workspace.join("tables/seen/calibrations").join(name);
        ["scores.parquet", "features.parquet", "missed.parquet", "model.json"]
            .map(|file| fs::read(at.join(file)).unwrap())
    };
    let before = tables("one");
    fs::remove_dir_all(workspace.join("tables/seen/calibrations/one")).unwrap();
    fs::remove_dir_all(workspace.join("cache/calibrate")).unwrap();
    calibrate(&["--name", "one"]).expect(0);
    assert!(tables("one") == before, "another time gives other bytes");

    let seen = calibrate(&["--name", "three", "--seen", "stand-in-yolox=image_id <= 4"]).expect(0).json();
    let record = record(&workspace, "three");
    assert_eq!(seen["sizes"]["truth_images"], 16);
    assert_eq!(record["lineage"]["stand-in-yolox"]["seen_images"], 4);
    let all = calibrate(&["--name", "four", "--seen", "stand-in-yolox=true"]);
    assert!(all.code == 1 && all.stderr.contains("models were trained on all 20"), "{all:?}");
    let unknown = calibrate(&["--name", "four", "--seen", "nobody=true"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("it has stand-in-nanodet, stand-in-yolox"), "{unknown:?}");
    // As one file it works on another run, and is tried on the truth there, but not on the pictures it was learnt from.
    let file = folder.path().join("one.zip");
    let file = file.to_str().unwrap();
    tator(&workspace, &["apply", "--dataset", "seen", "--calibration", "one", "--save-recipe", file]).expect(0);
    let (elsewhere, recipe) = half_right(&folder.path().join("elsewhere"), 48, 40);
    tator(&elsewhere, &["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", "r"]).expect(0);
    let there = ["calibrate", "--dataset", "seen", "--run", "r", "--recall-floor", "0", "--json", "--recipe", file];
    let tried = tator(&elsewhere, &there).expect(0).json();
    assert_eq!((&tried["protocol"], &tried["sizes"]["truth_images"]), (&json!("imported"), &json!(20)));
    assert!(tried["warnings"].to_string().contains("learnt from 20 labelled images"), "{tried}");
    assert!(tried["test"]["f1"].as_f64() >= Some(0.5), "{tried}");
    let preview = tator(&workspace, &["apply", "--dataset", "seen", "--calibration", "one", "--dry-run", "--json"]);
    assert_eq!(preview.expect(0).json()["free_images"], 4);
}

fn record(workspace: &Path, name: &str) -> Value {
    let at = workspace.join("tables/seen/calibrations").join(name).join("record.json");
    serde_json::from_slice(&fs::read(at).unwrap()).unwrap()
}

#[test]
fn what_cannot_be_calibrated_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = half_right(folder.path(), 6, 3);
    if !crate::prelabel::has_runtime(&workspace) {
        return;
    }
    let none = tator(&workspace, &["calibrate", "--dataset", "seen", "--run", "nothing"]);
    assert!(none.code == 1 && none.stderr.contains("run nothing of seen was not found"), "{none:?}");
    let run = ["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", "r"];
    tator(&workspace, &run).expect(0);
    let few = tator(&workspace, &["calibrate", "--dataset", "seen", "--run", "r"]);
    assert!(few.code == 1 && few.stderr.contains("3 images have known truth"), "{few:?}");
    let odd = tator(&workspace, &["calibrate", "--dataset", "seen", "--run", "r", "--iou", "2"]);
    assert!(odd.code == 1 && odd.stderr.contains("2 is not between 0 and 1"), "{odd:?}");
    assert!(!workspace.join("tables/seen/calibrations").join("r_c1").exists());
}
