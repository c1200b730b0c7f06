//! Adding models of one's own, and the page and doors about models.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{has_runtime, server, server_with, stand_ins};

fn copy(files: &[&str], from: &str, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in files {
        fs::copy(stand_ins().join(from).join(file), to.join(file)).unwrap();
    }
}

#[test]
fn bare_files_become_a_model_whose_family_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, source) = (folder.path().join("w"), folder.path().join("My Sam"));
    copy(&["encoder.onnx", "decoder.onnx"], "sam2", &source);
    let server = server_with(&workspace, folder.path());
    if !has_runtime(&server) {
        return;
    }
    let added = server.post("/api/v1/models/add", &json!({ "folder": source, "licence": "MIT" }));
    assert_eq!((&added["manifest"]["name"], &added["manifest"]["family"]), (&json!("my-sam"), &json!("sam2")));
    assert!(added["tried"]["disc_iou"].as_f64().unwrap() > 0.8, "{added}");
    let model = &server.get("/api/v1/models")["models"][0];
    assert_eq!((&model["name"], &model["own"], &model["active"]), (&json!("my-sam"), &json!(true), &json!(true)));
    let ask = |body| server.client().try_post("/api/v1/models/add", &body).unwrap();
    assert_eq!(ask(json!({ "folder": source })).0, 409, "the name is taken");
    assert_eq!(ask(json!({ "folder": source, "replace": true })).0, 201);
    assert_eq!(ask(json!({ "folder": "relative" })).0, 422);
    let wrong = ask(json!({ "folder": source, "name": "x", "family": "sam1" }));
    assert!(wrong.0 == 422 && wrong.1["error"]["message"].as_str().unwrap().contains("does not fit"), "{wrong:?}");
    assert!(!workspace.join("models/x").exists(), "whole or not at all");
}

#[test]
fn what_names_cannot_tell_is_asked_for_and_a_wrong_hash_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (twin, torn) = (folder.path().join("twin"), folder.path().join("torn"));
    copy(&["model.onnx"], "dinov3", &twin);
    copy(&["model.onnx", "model.toml"], "dinov2", &torn);
    let server = server_with(&folder.path().join("w"), &folder.path().join("none"));
    if !has_runtime(&server) {
        return;
    }
    let ask = |body| server.client().try_post("/api/v1/models/add", &body).unwrap();
    let which = ask(json!({ "folder": twin }));
    assert!(which.0 == 422 && which.1["error"]["message"].as_str().unwrap().contains("siglip and dinov3"), "{which:?}");
    assert_eq!(ask(json!({ "folder": twin, "family": "dinov3" })).0, 201);
    let mut bytes = fs::read(torn.join("model.onnx")).unwrap();
    bytes[100] ^= 1;
    fs::write(torn.join("model.onnx"), bytes).unwrap();
    let refused = ask(json!({ "folder": torn }));
    assert!(refused.0 == 422 && refused.1["error"]["message"].as_str().unwrap().contains("sha256"), "{refused:?}");
    let nothing = ask(json!({ "folder": folder.path() }));
    assert!(nothing.1["error"]["message"].as_str().unwrap().contains("neither"), "{nothing:?}");
}

#[test]
fn the_page_shows_models_measures_them_and_what_is_kept_ready() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder.path().join("w"));
    if !has_runtime(&server) {
        return;
    }
    let measured = server.post("/api/v1/models/stand-in-sam1/measure", &json!({}));
    assert!(measured["cold_ms"].as_f64().unwrap() > 0.0 && measured["decode_ms"].as_f64().unwrap() > 0.0, "{measured}");
    let (status, page) = server.page("/models");
    assert_eq!(status, 200);
    for words in ["Stand-in for sam1", "in use", "MobileSAM", "SAM License", "Images of a tab", "e08c93696f6fdb69"] {
        assert!(page.contains(words), "{words} is missing");
    }
    let (status, part) = server.page("/models/_predictors");
    assert!(status == 200 && part.contains("every 3s") && part.contains("No image is kept ready"), "{part}");
    let (status, broken) = server.client().try_post("/api/v1/models/nothing/verify", &json!({})).unwrap();
    assert_eq!(status, 404, "{broken}");
}
