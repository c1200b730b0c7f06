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
        .sql("SELECT image_id, suggested_class_id FROM seen.quality_open WHERE kind = 'missing' AND image_id = 2");
    assert_eq!(told, [[json!(2), blue]]);
}
