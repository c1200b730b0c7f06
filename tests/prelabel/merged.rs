//! Classes that were merged or retired after a run: it is measured, shown and looked at under what they became.

use serde_json::{Value, json};

use super::{RECIPE, imported};
use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::program::Server;

fn class(server: &Server, name: &str) -> Value {
    let classes = server.get("/api/v1/datasets/seen/classes")["classes"].as_array().unwrap().clone();
    classes.iter().find(|class| class["name"] == name).unwrap_or_else(|| panic!("{name}: {classes:?}")).clone()
}

#[test]
fn a_box_that_became_a_draft_is_accepted_by_whoever_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 4, 4);
    let server = server_with(&workspace, &stand_ins());
    if !has_runtime(&server) {
        return;
    }
    let begun = server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "r" }));
    assert_eq!(server.job(begun["job_id"].as_i64().unwrap())["state"], "done");
    // A box where no detector sees anything.
    let drawn = json!({ "op": "add", "key": "k", "class_id": class(&server, "blue")["class_id"], "x": 290, "y": 5, "w": 20, "h": 20 });
    let edit = json!({ "base_revision": 0, "client_id": "c1", "edits": [drawn] });
    let id = server.post("/api/v1/datasets/seen/images/1/edits", &edit)["ids"]["k"].clone();
    let job = server.post("/api/v1/datasets/seen/quality", &json!({ "run": "r" }));
    assert_eq!(server.job(job["job_id"].as_i64().unwrap())["state"], "done");
    let key = server.sql(&format!("SELECT key FROM seen.quality_open WHERE kind = 'unconfirmed' AND box_id = {id}"));
    let decide = |decision: &str| {
        let said = json!({ "key": key[0][0], "decision": decision });
        server.post("/api/v1/datasets/seen/quality/decisions", &said)
    };
    let state = || server.sql(&format!("SELECT state FROM seen.boxes WHERE box_id = {id}"))[0][0].clone();
    decide("fix");
    assert_eq!(state(), "draft");
    let kept = decide("keep");
    assert_eq!((state(), kept["change_id"].is_i64()), (json!("trusted"), true), "{kept}");
    decide("open");
    assert_eq!(state(), "draft", "what is taken back is the acceptance");
}

#[test]
fn a_run_follows_its_classes_to_what_they_were_merged_into() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 8, 6);
    let server = server_with(&workspace, &stand_ins());
    if !has_runtime(&server) {
        return;
    }
    let begun = server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "r" }));
    assert_eq!(server.job(begun["job_id"].as_i64().unwrap())["state"], "done");
    let (rot, blue) = (class(&server, "Rot")["class_id"].clone(), class(&server, "blue")["class_id"].clone());
    let evaluate = || server.post("/api/v1/datasets/seen/evaluate", &json!({ "run": "r", "score": 0.1 }));
    let recall = || server.get("/api/v1/datasets/seen/runs/r/recall?score=0.1");
    let union = |report: &Value| {
        report["rows"].as_array().unwrap().iter().find(|row| row["kind"] == "union").unwrap()["recall"].clone()
    };
    assert_eq!((&evaluate()["recall"], union(&recall())), (&json!(1.0), json!(1.0)));

    server.patch(&format!("/api/v1/datasets/seen/classes/{rot}"), &json!({ "merge_into": blue }));
    let after = evaluate();
    assert_eq!((&after["recall"], union(&recall())), (&json!(1.0), json!(1.0)), "{after}");
    assert_eq!(after["classes"].as_array().unwrap().len(), 1, "{after}");
    let found = server.get("/api/v1/datasets/seen/runs/r/images/1");
    assert!(found["candidates"].as_array().unwrap().iter().all(|one| one["class_id"] == blue), "{found}");

    // A look at the quality: a box that is missing is proposed under the class that there is.
    let image = server.get("/api/v1/datasets/seen/images/2");
    let gone = json!({ "base_revision": image["image"]["revision"], "client_id": "c1", "edits": [{ "op": "delete", "box_id": image["boxes"][0]["box_id"] }] });
    server.post("/api/v1/datasets/seen/images/2/edits", &gone);
    let job = server.post("/api/v1/datasets/seen/quality", &json!({ "run": "r" }));
    let done = server.job(job["job_id"].as_i64().unwrap());
    assert_eq!(done["state"], "done", "{done}");
    let told = server
        .sql("SELECT key, suggested_class_id, run FROM seen.quality_open WHERE kind = 'missing' AND image_id = 2");
    assert_eq!((told.len(), &told[0][1..]), (1, &[blue.clone(), json!("r")][..]), "{told:?}");
    // Whoever takes it takes a proposal: it is the run's, and a person stands behind it.
    let fix = json!({ "key": told[0][0], "decision": "fix" });
    let fixed = server.post("/api/v1/datasets/seen/quality/decisions", &fix);
    assert!(fixed["change_id"].is_i64(), "{fixed}");
    let added = server.sql("SELECT origin, state FROM seen.boxes ORDER BY box_id DESC LIMIT 1");
    assert_eq!(added, [[json!("model:r"), json!("trusted")]]);

    // A new run asks the models again: a class that was merged is what it became.
    let begun = server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "again" }));
    assert_eq!(server.job(begun["job_id"].as_i64().unwrap())["state"], "done");
    let again = server.sql("SELECT count(DISTINCT image_id), min(class_id), max(class_id) FROM seen.candidates_again");
    assert_eq!(again, [[json!(8), blue.clone(), blue]]);
}
