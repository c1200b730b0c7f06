//! Fitting every box of a class: proposed by a job, applied as one change, taken back, and gone on with after a kill.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{WHITE, has_runtime, near, pictures, server};
use crate::harness::program::{Server, tator_in};

/// White moves the stand-in's answer by 36.0 and 42.2 of the frame's 1024 pixels.
const MOVED: [f64; 2] = [36.0 * 200.0 / 1024.0, 42.2 * 200.0 / 1024.0];

fn imported(folder: &Path, images: usize) -> std::path::PathBuf {
    let workspace = folder.join("w");
    let source = pictures(&folder.join("source"), &vec![WHITE; images]);
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    workspace
}

fn start(server: &Server) -> (i64, i64) {
    let class = server.get("/api/v1/datasets/seen/classes")["classes"][0]["class_id"].clone();
    let begun = server.post("/api/v1/datasets/seen/tweak", &json!({ "class_id": class }));
    (begun["job_id"].as_i64().unwrap(), begun["tweak_id"].as_i64().unwrap())
}

fn first_box(server: &Server) -> Value {
    let seen = &server.get("/api/v1/datasets/seen/images/1")["boxes"][0];
    json!([seen["x"], seen["y"], seen["w"], seen["h"]])
}

fn proposals(server: &Server, tweak: i64) -> Vec<Value> {
    let answer = server.get(&format!("/api/v1/datasets/seen/tweaks/{tweak}?limit=2000"));
    answer["proposals"].as_array().unwrap().clone()
}

#[test]
fn proposals_are_applied_taken_back_and_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), 3);
    let server = server(&workspace);
    if !has_runtime(&server) {
        return;
    }
    let before = [70.0, 25.0, 60.0, 50.0];
    let after = [before[0] + MOVED[0], before[1] + MOVED[1], 60.0, 50.0];
    let (job, tweak) = start(&server);
    assert_eq!(server.job(job)["state"], "done");
    assert_eq!(proposals(&server, tweak).len(), 3);
    near(&first_box(&server), before, 1e-9);
    let applied = server.post(&format!("/api/v1/datasets/seen/tweaks/{tweak}/apply"), &json!({}));
    assert_eq!(applied["changed"], 3, "{applied}");
    near(&first_box(&server), after, 0.9);
    let change = format!("/api/v1/datasets/seen/history/{}", applied["change_id"]);
    server.post(&format!("{change}/undo"), &json!({}));
    near(&first_box(&server), before, 1e-9);
    server.post(&format!("{change}/redo"), &json!({}));
    near(&first_box(&server), after, 0.9);
}

#[test]
fn a_damaged_picture_is_named_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), 4);
    let picture = workspace.join("datasets/seen/images");
    let picture = walk(&picture).into_iter().find(|path| path.ends_with("001.bmp")).unwrap();
    fs::write(&picture, b"BM no picture").unwrap();
    let server = server(&workspace);
    if !has_runtime(&server) {
        return;
    }
    let (job, tweak) = start(&server);
    let ended = server.job(job);
    assert_eq!(ended["state"], "partly", "{ended}");
    assert_eq!(ended["report"]["tweak"]["failed"].as_array().unwrap().len(), 1, "{ended}");
    assert_eq!(proposals(&server, tweak).len(), 3);
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_job_that_was_killed_goes_on_and_proposes_nothing_twice() {
    const IMAGES: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), IMAGES);
    let first = server(&workspace);
    if !has_runtime(&first) {
        return;
    }
    let (job, tweak) = start(&first);
    let begun = std::time::Instant::now();
    loop {
        let seen = first.get(&format!("/api/v1/jobs/{job}"));
        if seen["progress"]["done"].as_u64() >= Some(4) {
            break;
        }
        assert!(begun.elapsed().as_secs() < 60 && seen["state"] != "done", "{seen}");
    }
    first.kill();
    let second = server(&workspace);
    let seen = second.get(&format!("/api/v1/jobs/{job}"));
    assert_eq!((&seen["state"], &seen["resumable"]), (&json!("interrupted"), &json!(true)));
    let kept = proposals(&second, tweak).len();
    assert!((1..IMAGES).contains(&kept), "{kept} were kept");
    let again = second.post(&format!("/api/v1/jobs/{job}/resume"), &json!({}))["job_id"].as_i64().unwrap();
    assert_eq!(second.job(again)["state"], "done");
    let mut boxes: Vec<_> = proposals(&second, tweak).iter().map(|p| p["box_id"].as_i64().unwrap()).collect();
    boxes.sort_unstable();
    boxes.dedup();
    assert_eq!((boxes.len(), proposals(&second, tweak).len()), (IMAGES, IMAGES));
}
