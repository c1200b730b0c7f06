//! Drafts: only on images that nobody has labelled, taken back as one change, never in the way of a person.

use serde_json::{Value, json};

use super::{RECIPE, imported};
use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::program::Server;

fn boxes(server: &Server, image: i64) -> Vec<Value> {
    server.get(&format!("/api/v1/datasets/seen/images/{image}"))["boxes"].as_array().unwrap().clone()
}

fn images(server: &Server) -> Vec<Value> {
    server.get("/api/v1/datasets/seen/images?limit=100")["images"].as_array().unwrap().clone()
}

fn total(server: &Server) -> usize {
    images(server).iter().map(|image| boxes(server, image["image_id"].as_i64().unwrap()).len()).sum()
}

#[test]
fn drafts_are_looked_at_put_taken_back_and_never_over_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 8, 3);
    let server = server_with(&workspace, &stand_ins());
    if !has_runtime(&server) {
        return;
    }
    let begun = server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "r" }));
    assert_eq!(server.job(begun["job_id"].as_i64().unwrap())["state"], "done");
    let at = "/api/v1/datasets/seen/runs/r";
    let preview = server.post(&format!("{at}/drafts/preview"), &json!({ "score": 0.3 }));
    assert_eq!((&preview["free_images"], &preview["images"]), (&json!(5), &json!(5)), "{preview}");
    let before = total(&server);
    let put = server.post(&format!("{at}/drafts"), &json!({ "score": 0.3 }));
    assert_eq!((&put["boxes"], &put["images"]), (&preview["boxes"], &json!(5)));
    let drafts = total(&server) - before;
    assert_eq!(json!(drafts), put["boxes"]);
    let free =
        images(&server).iter().find(|image| image["state"] == "unlabelled").unwrap()["image_id"].as_i64().unwrap();
    let one = boxes(&server, free)[0].clone();
    assert_eq!((&one["state"], &one["origin"]), (&json!("draft"), &json!("model:r")));
    assert!(one["score"].as_f64().unwrap() >= 0.3);
    // A second helping finds nobody.
    let again = server.client().try_post(&format!("{at}/drafts"), &json!({ "score": 0.3 })).unwrap();
    assert_eq!(again.0, 422, "{again:?}");

    // A person takes one draft over; the undo leaves it.
    let detail = server.get(&format!("/api/v1/datasets/seen/images/{free}"));
    let edit = json!({ "base_revision": detail["revision"], "client_id": "c1", "edits": [{ "op": "update", "box_id": one["box_id"], "x": 1.0 }] });
    server.post(&format!("/api/v1/datasets/seen/images/{free}/edits"), &edit);
    let change = format!("/api/v1/datasets/seen/history/{}", put["change_id"]);
    server.post(&format!("{change}/undo"), &json!({}));
    assert_eq!(total(&server), before + 1);
    assert_eq!(boxes(&server, free)[0]["state"], "trusted");
    // The redo brings drafts back, but not beside a box that somebody stands behind.
    server.post(&format!("{change}/redo"), &json!({}));
    assert_eq!(boxes(&server, free).len(), 1);
    assert!(total(&server) > before + 1);
}

#[test]
fn classes_and_conditions_choose() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = imported(folder.path(), 6, 1);
    let server = server_with(&workspace, &stand_ins());
    if !has_runtime(&server) {
        return;
    }
    let begun = server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": RECIPE, "run": "r" }));
    server.job(begun["job_id"].as_i64().unwrap());
    let classes = server.get("/api/v1/datasets/seen/classes")["classes"].as_array().unwrap().clone();
    let blue = classes.iter().find(|class| class["name"] == "blue").unwrap()["class_id"].as_i64().unwrap();
    let preview = |wish: Value| server.post("/api/v1/datasets/seen/runs/r/drafts/preview", &wish);
    let only = preview(json!({ "classes": [blue], "score": 0.2 }));
    assert_eq!((&only["boxes"], only["classes"].as_object().unwrap().len()), (&json!(2), 1), "{only}");
    assert_eq!(preview(json!({ "score": 0.2, "where": "path LIKE '%005%'" }))["images"], 1);
    assert_eq!(preview(json!({ "score": 1.0 }))["boxes"], 0);
    let found = server.get("/api/v1/datasets/seen/runs/r/images/1");
    let sources: Vec<_> =
        found["candidates"][0]["atoms"].as_array().unwrap().iter().map(|a| a["source_run"].clone()).collect();
    assert!(sources.len() >= 2, "{found}");
    let recall = server.get("/api/v1/datasets/seen/runs/r/recall?score=0.1");
    let rows = recall["rows"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["kind"] == "source").count(), 3);
    assert_eq!(rows.last().unwrap()["coverage"], 1.0, "{recall}");
    // Deleting a run puts it into the trash; restoring brings its tables back.
    assert_eq!(server.delete("/api/v1/datasets/seen/runs/r"), Some(200));
    assert_eq!(server.ask("/api/v1/datasets/seen/runs/r").0, 404);
}
