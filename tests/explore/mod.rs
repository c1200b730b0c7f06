//! The data seen whole, through the real program: maps and what is wrong. Vectors come from a stand-in encoder.

mod map;
mod pages;
mod quality;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::assist::bitmap;
use crate::harness::program::{Server, tator_in};

/// A YOLO set: pictures of one colour each, with the label lines of each, in `train` or `val`.
pub fn source(at: &Path, pictures: &[(&str, [u8; 3], &str)]) -> PathBuf {
    for (n, (split, colour, labels)) in pictures.iter().enumerate() {
        for folder in ["images", "labels"] {
            fs::create_dir_all(at.join(folder).join(split)).unwrap();
        }
        fs::write(at.join(format!("images/{split}/{n:03}.bmp")), bitmap(*colour)).unwrap();
        fs::write(at.join(format!("labels/{split}/{n:03}.txt")), labels).unwrap();
    }
    let description = "path: .\ntrain: images/train\nval: images/val\nnames: [coin, note]\n";
    fs::write(at.join("data.yaml"), description).unwrap();
    at.to_owned()
}

/// Imports them as `seen`; gives the workspace.
pub fn imported(folder: &Path, pictures: &[(&str, [u8; 3], &str)]) -> PathBuf {
    let workspace = folder.join("w");
    let source = source(&folder.join("source"), pictures);
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    workspace
}

/// A job that must end well; gives its report.
pub fn done(server: &Server, door: &str, body: &Value) -> Value {
    let job = server.post(&format!("/api/v1/datasets/seen/{door}"), body)["job_id"].as_i64().unwrap();
    let ended = server.job(job);
    assert_eq!(ended["state"], "done", "{ended}");
    ended["report"].clone()
}

/// Embeds images and boxes.
pub fn embed(server: &Server) {
    done(server, "embed", &json!({}));
}

/// Kinds of findings with how many wait.
pub fn waiting(server: &Server) -> Vec<(String, u64)> {
    let counts = server.get("/api/v1/datasets/seen/quality");
    let kind = |kind: &Value| (kind["kind"].as_str().unwrap().to_owned(), kind["waiting"].as_u64().unwrap());
    counts["kinds"].as_array().unwrap().iter().map(kind).collect()
}
