//! What a killed program leaves lying about, and what the next start makes of it.

use std::fs;

use serde_json::json;

use crate::harness::program::{Server, Starting, tator_in, yolo_folder};

#[test]
fn the_lock_of_a_killed_server_misleads_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    Server::start(&workspace).kill();
    let answer = tator_in(&workspace, &["sql", "SELECT 1 AS one", "--format", "csv"]).expect(0);
    assert_eq!(answer.stdout, "one\n1\n");
    // The address of the dead server is not given out while the next one is on its way up.
    let dead = Server::start(&workspace);
    let address = dead.base.clone();
    dead.kill();
    let starting = Starting::begin(&workspace, "127.0.0.1:0");
    let answer = tator_in(&workspace, &["sql", "SELECT 1 AS one", "--format", "csv"]);
    assert!(matches!(answer.code, 0 | 3), "{answer:?}");
    assert!(!answer.stderr.contains(&address), "{answer:?}");
    starting.kill();
}

/// DuckDB 1.5.6 loses index entries when a log is replayed and thrown away while nobody has touched the index.
#[test]
fn boxes_of_an_image_are_found_after_a_kill_and_a_command_that_only_reads() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = yolo_folder(&folder.path().join("source"), 20, 60);
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "d"]).expect(0);
    let server = Server::start(&workspace);
    let known = server.get("/api/v1/datasets/d/images/3");
    let add = json!({ "op": "add", "key": "k", "class_id": 1, "x": 1, "y": 2, "w": 30, "h": 40 });
    let edit = json!({ "base_revision": known["revision"], "client_id": "c", "edits": [add] });
    let answer = server.post("/api/v1/datasets/d/images/3/edits", &edit);
    server.kill();
    tator_in(&workspace, &["sql", "SELECT 1"]).expect(0);
    let server = Server::start(&workspace);
    assert_eq!(server.get("/api/v1/datasets/d/images/3")["boxes"], answer["boxes"]);
}

#[test]
fn a_picture_half_copied_is_no_image() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = yolo_folder(&folder.path().join("source"), 400, 800);
    let server = Server::start(&workspace);
    let job = server.post("/api/v1/datasets/cut/imports", &json!({ "source": source }))["job_id"].as_i64().unwrap();
    // As soon as the first picture lies in the workspace the program dies.
    let images = workspace.join("datasets/cut/images");
    while fs::read_dir(&images).map_or(0, Iterator::count) == 0
        && server.get(&format!("/api/v1/jobs/{job}"))["state"] != "done"
    {}
    server.kill();
    let server = Server::start(&workspace);
    let seen = server.get(&format!("/api/v1/jobs/{job}"));
    if seen["state"] != "done" {
        assert_eq!((&seen["state"], &seen["resumable"]), (&json!("interrupted"), &json!(true)), "{seen}");
        assert_eq!(server.ask("/api/v1/datasets/cut").0, 404, "an import that was cut off leaves no dataset");
        assert!(!images.exists(), "nor its pictures");
        let again = server.post(&format!("/api/v1/jobs/{job}/resume"), &json!({}))["job_id"].as_i64().unwrap();
        assert_eq!(server.job(again)["state"], "done");
    }
    let whole = server.get("/api/v1/datasets/cut");
    assert_eq!((&whole["images"], &whole["boxes"]), (&json!(400), &json!(800)));
    let left: Vec<_> = walk(&images).into_iter().filter(|name| name.starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_upload_that_was_cut_off_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = yolo_folder(&folder.path().join("source"), 300, 600);
    let server = Server::start(&workspace);
    let files = walk_files(&source);
    let job = server.upload("sent", &source, &files)["job_id"].as_i64().unwrap();
    server.kill();
    let server = Server::start(&workspace);
    let seen = server.get(&format!("/api/v1/jobs/{job}"));
    if seen["state"] == "interrupted" {
        let again = server.post(&format!("/api/v1/jobs/{job}/resume"), &json!({}))["job_id"].as_i64().unwrap();
        let again = server.job(again);
        assert_eq!(again["state"], "done", "{again}");
    }
    assert_eq!(server.get("/api/v1/datasets/sent")["images"], 300);
}

fn walk_files(root: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap()) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Names of all files under a folder.
fn walk(root: &std::path::Path) -> Vec<String> {
    walk_files(root).iter().map(|path| path.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}
