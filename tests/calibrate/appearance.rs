//! How candidates look: crops through the stand-in for EfficientNet-Lite0, and a head that learnt red and blue elsewhere.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use super::{half_right, record};
use crate::prelabel::{has_runtime, pictures, tator};

#[test]
fn crops_become_features_and_what_a_head_learnt_from_tests_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = half_right(folder.path(), 36, 30);
    if !has_runtime(&workspace) {
        return;
    }
    let run = |arguments: &[&str]| tator(&workspace, arguments);
    run(&["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", "r"]).expect(0);
    // The same pictures under another roof, the first sixteen of them.
    let other = pictures(&folder.path().join("other"), 16, 16);
    run(&["import", other.to_str().unwrap(), "--dataset", "other"]).expect(0);
    let encoder = "stand-in-efficientnet";
    run(&["embed", "--dataset", "other", "--of", "boxes", "--model", encoder]).expect(0);
    let train = ["train", "head", "--dataset", "other", "--encoder", encoder, "--name", "colours", "--json"];
    let trained = run(&train).expect(0).json();
    let head = trained["run"].as_str().unwrap();
    let learnt = ["train", "validation"].map(|part| trained[part]["images"].as_u64().unwrap()).iter().sum::<u64>();

    let calibrate = |extra: &[&str]| {
        let usual = ["calibrate", "--dataset", "seen", "--run", "r", "--recall-floor", "0", "--trees", "20", "--json"];
        run(&[&usual[..], extra].concat())
    };
    let told = calibrate(&["--name", "looks", "--head", "colours"]).expect(0).json();
    assert_eq!(told["sizes"]["truth_images"], 30 - learnt, "{told}");
    let note = record(&workspace, "looks");
    assert_eq!(note["lineage"][format!("head {head}")]["seen_images"], learnt);
    assert_eq!((&note["appearance"]["encoder"], &note["appearance"]["head"]["id"]), (&json!(encoder), &json!(head)));
    let names: BTreeSet<&str> =
        note["features"]["names"].as_array().unwrap().iter().filter_map(|n| n.as_str()).collect();
    assert!(["crop::00", "crop::15", "head::own", "head::background"].iter().all(|name| names.contains(name)));
    let sql = "SELECT count(*), count(\"crop::00\"), count(\"head::other\") FROM seen.features_looks";
    let counted = run(&["sql", sql, "--format", "json"]).expect(0).json()["rows"][0].clone();
    assert!(counted[0].as_u64() > Some(30) && counted[1] == counted[0] && counted[2] == counted[0], "{counted}");
    // What is red is known for red: the head is surer of the class of candidates that a detector took for it.
    let sql = "SELECT avg(\"head::own\") > avg(\"head::other\") FROM seen.features_looks JOIN seen.scores_looks USING (candidate_id) WHERE kept";
    assert_eq!(run(&["sql", sql, "--format", "json"]).expect(0).json()["rows"][0][0], true);

    // Another seed asks no picture again.
    let away = workspace.join("datasets/seen/away");
    fs::rename(workspace.join("datasets/seen/images"), &away).unwrap();
    let kept = calibrate(&["--name", "again", "--head", head, "--seed", "7"]).expect(0).json();
    assert!(!kept["warnings"].to_string().contains("could not be read"), "{kept}");
    fs::remove_dir_all(workspace.join("cache/crops")).unwrap();
    let none = calibrate(&["--name", "blind", "--encoder", encoder, "--seed", "7"]);
    assert!(none.code == 1 && none.stderr.contains("the crops of no image could be looked at"), "{none:?}");
    fs::rename(&away, workspace.join("datasets/seen/images")).unwrap();
    let one = fs::read_dir(workspace.join("datasets/seen/images")).unwrap().next().unwrap().unwrap().path();
    fs::rename(&one, &away).unwrap();
    let partly = calibrate(&["--name", "partly", "--encoder", encoder, "--seed", "7"]).expect(4).json();
    assert!(partly["warnings"].to_string().contains("pictures of 1 images could not be read"), "{partly}");
    assert_eq!(partly["sizes"]["truth_images"], 30, "an encoder alone has learnt from nobody's boxes");
    fs::rename(&away, &one).unwrap();
    // What was missing then is not missing for ever.
    let whole = calibrate(&["--name", "whole", "--encoder", encoder, "--seed", "7"]).expect(0).json();
    assert_eq!((&whole["reused"], &whole["unread_images"]), (&json!(false), &serde_json::Value::Null));
    // Labelled images that a head has seen are nobody's to review, and no part of what is open.
    let sql = "SELECT count(DISTINCT image_id) FILTER (WHERE part = 'hidden'), count(DISTINCT image_id) FILTER (WHERE part = 'open') FROM seen.scores_looks";
    assert_eq!(run(&["sql", sql, "--format", "json"]).expect(0).json()["rows"][0], json!([learnt, 6]));

    // What is not asked for is not there; what cannot be is told.
    calibrate(&["--name", "plain", "--head", head, "--without", "crop::", "--without", "head::"]).expect(0);
    let plain = record(&workspace, "plain")["features"]["names"].to_string();
    assert!(!plain.contains("crop::") && !plain.contains("head::"));
    let unlike = calibrate(&["--name", "x", "--head", head, "--encoder", "stand-in-clip"]);
    assert!(unlike.code == 1 && unlike.stderr.contains("reads vectors of stand-in-efficientnet"), "{unlike:?}");
    let nobody = calibrate(&["--name", "x", "--head", "nobody"]);
    assert!(nobody.code == 1 && nobody.stderr.contains("head nobody was not found"), "{nobody:?}");

    // As one file it brings its head along.
    let file = folder.path().join("looks.zip");
    let file = file.to_str().unwrap();
    run(&["apply", "--dataset", "seen", "--calibration", "looks", "--save-recipe", file]).expect(0);
    let (elsewhere, recipe) = half_right(&folder.path().join("elsewhere"), 48, 40);
    let there = |arguments: &[&str]| tator(&elsewhere, arguments);
    there(&["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", "r"]).expect(0);
    let usual = ["calibrate", "--dataset", "seen", "--run", "r", "--recall-floor", "0", "--json", "--recipe", file];
    let tried = there(&usual).expect(0).json();
    assert_eq!((&tried["protocol"], &tried["sizes"]["truth_images"]), (&json!("imported"), &json!(10)), "{tried}");
    assert_eq!(record(&elsewhere, tried["calibration"].as_str().unwrap())["appearance"], note["appearance"]);
    let twice = there(&[&usual[..], &["--encoder", encoder]].concat());
    assert!(twice.code == 1 && twice.stderr.contains("the recipe says which encoder"), "{twice:?}");
}
