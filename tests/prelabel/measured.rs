//! `tator evaluate`: runs and files of results against the truth.

use std::fs;

use serde_json::{Value, json};

use super::{has_runtime, imported, tator};

fn figure(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("{name} in {report}"))
}

#[test]
fn a_run_is_measured_by_source_and_together() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = imported(folder.path(), 8, 6);
    if !has_runtime(&workspace) {
        return;
    }
    tator(&workspace, &["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", "r"]).expect(0);
    let evaluate = |more: &[&str]| {
        let all = [&["evaluate", "--dataset", "seen", "--run", "r", "--score", "0.1", "--json"], more].concat();
        tator(&workspace, &all).expect(0).json()
    };
    let union = evaluate(&[]);
    // A thing that the edge of a window cuts stays a candidate of its own: one too many.
    assert_eq!((figure(&union, "recall"), figure(&union, "AP50")), (1.0, 1.0), "{union}");
    assert!(figure(&union, "precision") >= 0.8, "{union}");
    assert_eq!((&union["images"], &union["truths"]), (&json!(6), &json!(9)));
    assert!(figure(&union, "on_images_without_truth") > 0.0, "what has no truth is not measured");
    let one = evaluate(&["--source", "stand-in-nanodet", "--iou", "0.75"]);
    assert_eq!(one["iou"], 0.75);
    assert!(figure(&one, "recall") > 0.9, "{one}");
    let atoms = evaluate(&["--stage", "atoms"]);
    assert!(figure(&atoms, "precision") < 1.0, "single boxes say things twice: {atoms}");
    let filtered = evaluate(&["--where", "path LIKE '%000%'"]);
    assert_eq!(filtered["images"], 1);
    let wrong = tator(&workspace, &["evaluate", "--dataset", "seen", "--run", "r", "--source", "nobody"]).expect(1);
    assert!(wrong.stderr.contains("stand-in-yolox:full"), "{wrong:?}");
    let missing =
        tator(&workspace, &["evaluate", "--dataset", "seen", "--run", "r", "--stage", "calibrated"]).expect(1);
    assert!(missing.stderr.contains("calibrate"), "{missing:?}");
}

#[test]
fn a_file_of_results_is_placed_by_number_and_name_and_what_cannot_be_placed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let truth = json!({
        "images": [{"id": 900, "file_name": "a/x.jpg", "width": 100, "height": 100}, {"id": 17, "file_name": "y.jpg", "width": 100, "height": 100}],
        "categories": [{"id": 3, "name": "cat"}, {"id": 8, "name": "dog"}],
        "annotations": [
            {"id": 1, "image_id": 900, "category_id": 3, "bbox": [10, 10, 40, 40], "area": 1600, "iscrowd": 0},
            {"id": 2, "image_id": 17, "category_id": 8, "bbox": [20, 20, 50, 50], "area": 2500, "iscrowd": 0}]
    });
    let (source, results) = (folder.path().join("truth.json"), folder.path().join("results.json"));
    fs::write(&source, truth.to_string()).unwrap();
    let workspace = folder.path().join("w");
    tator(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen", "--format", "coco"]);
    let rows = json!([
        {"image_id": 900, "category_id": 3, "bbox": [10, 10, 40, 40], "score": 0.9},
        {"file_name": "y.jpg", "category_name": "dog", "bbox": [20, 20, 50, 50], "score": 0.8},
        {"image_id": "x", "category_id": 3, "bbox": [60, 60, 10, 10], "score": 0.3}
    ]);
    fs::write(&results, rows.to_string()).unwrap();
    let evaluate =
        || tator(&workspace, &["evaluate", "--dataset", "seen", "--predictions", results.to_str().unwrap(), "--json"]);
    let good = evaluate().expect(0).json();
    assert_eq!((figure(&good, "recall"), &good["detections"]), (1.0, &json!(3)), "{good}");
    assert!((figure(&good, "AP") - 1.0).abs() < 1e-12, "{good}");
    let mut more = rows.as_array().unwrap().clone();
    more.push(json!({"image_id": 5, "category_id": 3, "bbox": [1, 1, 2, 2], "score": 0.3}));
    more.push(json!({"image_id": 900, "category_id": 77, "bbox": [1, 1, 2, 2], "score": 0.3}));
    more.push(json!({"image_id": 900, "category_id": 3, "bbox": [1, 1, -2, 2], "score": 0.3}));
    fs::write(&results, Value::Array(more).to_string()).unwrap();
    let partly = evaluate().expect(4).json();
    let skipped = partly["skipped"].to_string();
    assert!(["image 5", "category 77", "result 5"].iter().all(|item| skipped.contains(item)), "{skipped}");
    fs::write(&results, "{\"no\": \"list\"}").unwrap();
    assert!(evaluate().expect(1).stderr.contains("COCO results"));
}
