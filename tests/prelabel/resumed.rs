//! A run that is killed goes on, and comes out as if it never had been.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{RECIPE, imported, same_tables, table_bytes, tator};
use crate::assist::{has_runtime, server_with, stand_ins};

const IMAGES: u32 = 96;

#[test]
fn a_killed_run_goes_on_and_gives_the_bytes_of_one_that_was_not() {
    // Scores go through maps fitted on the truth, so that nothing of that is left to chance either.
    goes_on(&RECIPE.replace("calibrate = \"none\"", "calibrate = \"platt\""));
}

#[test]
fn so_does_one_with_look_alikes() {
    let similarity = "[similarity]\nencoder = \"stand-in-efficientnet\"\nscore = 0.95\nstrategy = \"random\"\nwindows = true\n[fusion]";
    goes_on(&RECIPE.replace("[fusion]", similarity));
}

fn goes_on(text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, recipe) = imported(folder.path(), IMAGES, IMAGES / 2);
    let server = server_with(&workspace, &stand_ins());
    if !has_runtime(&server) {
        return;
    }
    let begun = server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": text, "run": "cut" }));
    let job = begun["job_id"].as_i64().unwrap();
    let started = Instant::now();
    loop {
        let seen = server.get(&format!("/api/v1/jobs/{job}"));
        let done = seen["progress"]["done"].as_u64().unwrap_or(0);
        if done >= 16 && seen["progress"]["stage"] == "looking at images" {
            assert!(seen["progress"]["bottleneck"].is_string() && seen["progress"]["stages"].is_array(), "{seen}");
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(120) && seen["state"] != "done", "{seen}");
        std::thread::sleep(Duration::from_millis(5));
    }
    server.kill();
    assert!(!workspace.join("tables/seen/runs/cut").exists(), "a run appears whole");
    let resumed = tator(&workspace, &["prepass", "--dataset", "seen", "--resume", "--json"]).expect(0).json();
    assert_eq!((&resumed["run"], &resumed["images"]), (&json!("cut"), &json!(IMAGES)), "{resumed}");
    let looked = |report: &serde_json::Value| report["stages"][1]["done"].as_u64().unwrap();
    assert!(looked(&resumed) < u64::from(IMAGES), "what was found is not looked for again: {resumed}");

    let other = tempfile::tempdir().unwrap();
    let (whole, _) = imported(other.path(), IMAGES, IMAGES / 2);
    std::fs::write(&recipe, text).unwrap();
    tator(&whole, &["prepass", "--dataset", "seen", "--recipe", recipe.to_str().unwrap(), "--run", "cut"]).expect(0);
    same_tables(&table_bytes(&workspace, "cut"), &table_bytes(&whole, "cut"));
    let nothing = tator(&workspace, &["prepass", "--dataset", "seen", "--resume"]).expect(1);
    assert!(nothing.stderr.contains("nothing to resume"), "{nothing:?}");
}
