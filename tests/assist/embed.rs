//! Embedding through the real program: what is made, what is made again, what fails, and what a kill leaves.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{has_runtime, pictures, server, stand_ins, with_models};
use crate::harness::program::{Answer, Server, tator_in};

/// Colours in pairs that are alike.
const COLOURS: [[u8; 3]; 6] =
    [[250, 20, 20], [240, 30, 30], [20, 250, 20], [30, 240, 30], [20, 20, 250], [30, 30, 240]];

fn imported(folder: &Path, colours: &[[u8; 3]]) -> PathBuf {
    let workspace = folder.join("w");
    let source = pictures(&folder.join("source"), colours);
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    workspace
}

/// Runs `tator` with the stand-ins for models.
fn command(workspace: &Path, arguments: &[&str]) -> Answer {
    let empty = workspace.with_extension("empty");
    fs::create_dir_all(&empty).unwrap();
    let mut command = with_models(&stand_ins(), &empty);
    let done = command.args(arguments).arg("--workspace").arg(workspace).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { code: done.status.code().unwrap_or(-1), stdout: text(done.stdout), stderr: text(done.stderr) }
}

fn embed(server: &Server, wish: &Value) -> Value {
    let job = server.post("/api/v1/datasets/seen/embed", wish)["job_id"].as_i64().unwrap();
    server.job(job)
}

fn results(answer: &Value) -> Vec<i64> {
    answer["results"].as_array().unwrap().iter().map(|one| one["image_id"].as_i64().unwrap()).collect()
}

#[test]
fn look_alikes_of_images_boxes_regions_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &COLOURS);
    let server = server(&workspace);
    if !has_runtime(&server) {
        return;
    }
    let asked = |what: Value| server.post("/api/v1/datasets/seen/similar", &what);
    let (status, refused) = server.client().try_post("/api/v1/datasets/seen/similar", &json!({ "image": 1 })).unwrap();
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("not_embedded")), "{refused}");
    let done = embed(&server, &json!({}));
    assert_eq!((&done["state"], &done["report"]["embedded"]), (&json!("done"), &json!(12)), "{done}");
    assert_eq!(done["report"]["encoder"], "stand-in-efficientnet");
    let through = |stage: usize| done["report"]["stages"][stage]["done"].clone();
    assert_eq!([through(1), through(2)], [json!(12), json!(12)], "the last rows are written, too: {done}");
    let tables = server.get("/api/v1/datasets/seen/embeddings");
    assert_eq!(tables["tables"].as_array().unwrap().len(), 2, "{tables}");
    // The other of the pair comes first, itself never.
    let alike = asked(json!({ "image": 3, "k": 2 }));
    assert_eq!((results(&alike)[0], results(&alike).len()), (4, 2), "{alike}");
    assert!(!results(&alike).contains(&3));
    assert_eq!(alike["method"]["name"], "exact");
    let alike = asked(json!({ "box": 5, "k": 1 }));
    assert_eq!((results(&alike), &alike["results"][0]["box_id"]), (vec![6], &json!(6)), "{alike}");
    let named = |key: &str| alike["results"][0][key].as_str().unwrap_or_default().to_owned();
    assert!(named("path").ends_with(".bmp") && !named("class").is_empty(), "names for whoever reads it: {alike}");
    let region = json!({ "image_id": 1, "x": 5.0, "y": 5.0, "w": 40.0, "h": 40.0 });
    let alike = asked(json!({ "region": region, "of": "images", "k": 2 }));
    assert_eq!(results(&alike), [1, 2], "{alike}");
    let picture = folder.path().join("own.bmp");
    fs::write(&picture, super::bitmap([25, 245, 25])).unwrap();
    let found = command(&workspace, &["similar", "--dataset", "seen", "--file", picture.to_str().unwrap(), "--json"]);
    let found = results(&found.expect(0).json());
    assert!([3, 4].contains(&found[0]) && [3, 4].contains(&found[1]), "{found:?}");
    let (status, words) =
        server.client().try_post("/api/v1/datasets/seen/similar", &json!({ "text": "a coin" })).unwrap();
    assert_eq!((status, &words["error"]["code"]), (422, &json!("no_text_tower")), "{words}");
    assert!(words["error"]["message"].as_str().unwrap().contains("stand-in-clip"), "{words}");
    let filter = json!({ "where": "image_id IN (2, 5)" });
    let alike = asked(json!({ "image": 1, "k": 9, "filter": filter }));
    assert_eq!(results(&alike), [2, 5], "{alike}");
    let near = server.sql("SELECT image_id FROM knn('seen.images', 1, 1)");
    assert_eq!(near, [[json!(2)]]);
}

#[test]
fn what_was_edited_is_made_again_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &COLOURS[..4]);
    let server = server(&workspace);
    if !has_runtime(&server) {
        return;
    }
    embed(&server, &json!({ "of": "boxes" }));
    let seen = server.get("/api/v1/datasets/seen/images/1");
    let moved = json!({ "op": "update", "box_id": seen["boxes"][0]["box_id"], "x": 3.0 });
    let edit = json!({ "base_revision": seen["revision"], "client_id": "c", "edits": [moved] });
    server.post("/api/v1/datasets/seen/images/1/edits", &edit);
    let alike = server.post("/api/v1/datasets/seen/similar", &json!({ "box": 2, "k": 9 }));
    assert!(!results(&alike).contains(&1), "a stale row is nobody's look-alike: {alike}");
    assert_eq!(alike["without_vector"], 1, "{alike}");
    let page = server.page("/d/seen/similar?box=2&of=boxes").1;
    assert!(page.contains("Boxes without a vector by stand-in-efficientnet, which cannot be found: 1"), "{page}");
    let told = command(&workspace, &["similar", "--dataset", "seen", "--box", "2"]).expect(0).stderr;
    assert!(told.contains("boxes without a vector, which cannot be found: 1; `tator embed --of boxes`"), "{told}");
    let report = embed(&server, &json!({ "of": "boxes" }))["report"].clone();
    assert_eq!((&report["embedded"], &report["unchanged"]), (&json!(1), &json!(3)), "{report}");
    let alike = server.post("/api/v1/datasets/seen/similar", &json!({ "box": 2, "k": 9 }));
    assert!(results(&alike).contains(&1) && alike["without_vector"] == 0, "{alike}");
    assert!(!server.page("/d/seen/similar?box=2&of=boxes").1.contains("data-without"));
    // A wider cut is another table.
    let report = embed(&server, &json!({ "of": "boxes", "padding": 0.5 }))["report"].clone();
    assert_eq!((&report["embedded"], &report["tables"][0]["recipe"]), (&json!(4), &json!("square, padding 0.5")));
    let report = embed(&server, &json!({ "of": "boxes" }))["report"].clone();
    assert_eq!(report["unchanged"], 4, "without a wish the table stays as it was cut: {report}");
}

#[test]
fn a_picture_that_cannot_be_read_is_a_line_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &COLOURS);
    let places = ["1.bmp", "3.bmp"].map(|end| file_of(&workspace, end));
    fs::write(&places[0], b"BM no picture").unwrap();
    fs::remove_file(&places[1]).unwrap();
    let done = command(&workspace, &["embed", "--dataset", "seen", "--model", "stand-in-dinov2", "--json"]);
    if done.stderr.contains("ONNX Runtime") {
        return;
    }
    let report = done.expect(4).json();
    assert_eq!((&report["embedded"], &report["failed"]), (&json!(8), &json!(4)), "{report}");
    let told = report["skipped"].to_string();
    assert!(told.contains("changed since it was imported") && told.contains("image 4"), "{told}");
}

fn file_of(workspace: &Path, end: &str) -> PathBuf {
    let folder = workspace.join("datasets/seen/images");
    let mut places = vec![folder];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
        } else if place.to_string_lossy().ends_with(end) {
            return place;
        }
    }
    panic!("no picture ends with {end}");
}

fn all_rows(server: &Server) -> Vec<Vec<Value>> {
    let columns = "image_id, box_id, [round(v, 5) FOR v IN vector[1:10]] AS v";
    let each = ["images", "boxes"].map(|of| format!("SELECT '{of}' AS part, {columns} FROM embeddings('seen.{of}')"));
    server.sql(&format!("{} UNION ALL {} ORDER BY ALL", each[0], each[1]))
}

#[test]
fn a_job_that_was_killed_goes_on_and_comes_to_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let colours: Vec<[u8; 3]> =
        (0..400u32).map(|n| [(n % 256) as u8, (n * 7 % 256) as u8, (n * 13 % 256) as u8]).collect();
    let workspace = imported(folder.path(), &colours);
    let whole = server(&workspace);
    if !has_runtime(&whole) {
        return;
    }
    embed(&whole, &json!({}));
    let wanted = all_rows(&whole);
    assert_eq!(wanted.len(), 800);
    for of in ["images", "boxes"] {
        whole.delete(&format!("/api/v1/datasets/seen/embeddings/stand-in-efficientnet/{of}")).unwrap();
    }
    let job = whole.post("/api/v1/datasets/seen/embed", &json!({}))["job_id"].as_i64().unwrap();
    // As soon as some of it is done the program dies.
    while whole.get(&format!("/api/v1/jobs/{job}"))["progress"]["done"].as_i64().unwrap_or(1_000) < 100 {}
    whole.kill();
    let again = server(&workspace);
    let cut = again.get(&format!("/api/v1/jobs/{job}"));
    if cut["state"] == "interrupted" {
        let resumed = again.post(&format!("/api/v1/jobs/{job}/resume"), &json!({}))["job_id"].as_i64().unwrap();
        assert_eq!(again.job(resumed)["state"], "done");
    }
    assert_eq!(all_rows(&again), wanted);
    let report = embed(&again, &json!({}))["report"].clone();
    assert_eq!((&report["embedded"], &report["unchanged"]), (&json!(0), &json!(800)));
}

#[test]
fn a_cancelled_job_keeps_what_it_made() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &vec![[9, 99, 199]; 600]);
    let server = server(&workspace);
    if !has_runtime(&server) {
        return;
    }
    let job = server.post("/api/v1/datasets/seen/embed", &json!({}))["job_id"].as_i64().unwrap();
    let told = || server.get(&format!("/api/v1/jobs/{job}"));
    while told()["progress"]["done"].as_i64().unwrap_or(1_000) < 50 {}
    server.client().try_post(&format!("/api/v1/jobs/{job}/cancel"), &json!({}));
    let ended = server.job(job);
    if ended["state"] == "cancelled" {
        let tables = server.get("/api/v1/datasets/seen/embeddings");
        let rows: i64 = tables["tables"].as_array().unwrap().iter().map(|t| t["rows"].as_i64().unwrap()).sum();
        assert!(rows > 0, "{tables}");
        let report = embed(&server, &json!({}))["report"].clone();
        assert_eq!(report["unchanged"].as_i64().unwrap(), rows, "{report}");
    }
}
