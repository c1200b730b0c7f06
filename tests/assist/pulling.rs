//! `tator models pull` from a hub on this machine: whole, hashed and tried, or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::hub::{Asked, Hub, Told};
use super::{server_with, stand_ins, with_models};
use crate::harness::program::Answer;

const NAME: &str = "dinov2-small";
const PATH: &str = "/Xenova/dinov2-small/resolve/main/onnx/model.onnx";
/// SHA-256 of the stand-in, as its manifest says.
const HASH: &str = "39d50f27c20f4ce09150052b9539308d31ed3891e1d23866f5af7a9d6a4831cc";

/// What stands in for the real thing, of the same family.
fn weights() -> Vec<u8> {
    fs::read(stand_ins().join("dinov2/model.onnx")).unwrap()
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn workspace(&self) -> PathBuf {
        self.folder.path().join("w")
    }

    fn models(&self, arguments: &[&str]) -> Answer {
        let empty = self.folder.path().join("empty");
        fs::create_dir_all(&empty).unwrap();
        let mut command = with_models(&empty, &empty);
        let done = command.arg("models").args(arguments).arg("--workspace").arg(self.workspace()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Answer { code: done.status.code().unwrap_or(-1), stdout: text(done.stdout), stderr: text(done.stderr) }
    }

    fn pull(&self, hub: &Hub) -> Answer {
        self.models(&["pull", NAME, "--endpoint", &hub.url, "--json"])
    }

    fn file(&self) -> PathBuf {
        self.workspace().join("models").join(NAME).join("model.onnx")
    }

    /// Names of models that count.
    fn listed(&self) -> Vec<Value> {
        let list = self.models(&["list", "--json"]).expect(0).json();
        list["models"].as_array().unwrap().iter().map(|model| model["name"].clone()).collect()
    }
}

#[test]
fn a_model_is_fetched_pinned_tried_and_there_the_second_time() {
    let (place, hub) = (Place::new(), Hub::start(|_, _| Told::bytes(&weights())));
    let pulled = place.pull(&hub).expect(0);
    assert!(pulled.stderr.contains("pinned"), "{}", pulled.stderr);
    let report = pulled.json();
    assert_eq!((&report["files"]["encoder"]["sha256"], &report["tried"]["dimensions"]), (&HASH.into(), &384.into()));
    assert_eq!(fs::read(place.file()).unwrap(), weights());
    assert_eq!(place.listed(), [NAME]);
    let again = place.pull(&hub).expect(0);
    assert!(again.stderr.contains("already"), "{}", again.stderr);
    assert_eq!(hub.asked(), [Asked { path: PATH.into(), from: None }], "asked once");
    place.models(&["verify", NAME]).expect(0);
}

#[test]
fn a_broken_line_is_gone_on_with() {
    let hub = Hub::start(|asked, before| {
        let whole = Told::bytes(&weights()).header("ETag", "\"one\"").ranged(asked);
        if before < 2 { Told { cut: Some(600), ..whole } } else { whole }
    });
    let place = Place::new();
    place.pull(&hub).expect(0);
    assert_eq!(hub.asked().iter().map(|asked| asked.from).collect::<Vec<_>>(), [None, Some(600), Some(1200)]);
    assert_eq!(fs::read(place.file()).unwrap(), weights());
}

#[test]
fn a_file_that_changed_meanwhile_is_fetched_anew() {
    let hub = Hub::start(|_, before| {
        let whole = Told::bytes(&weights()).header("ETag", format!("\"{before}\""));
        if before == 0 { Told { cut: Some(600), body: vec![7; 1663], ..whole } } else { whole }
    });
    let place = Place::new();
    place.pull(&hub).expect(0);
    assert_eq!(fs::read(place.file()).unwrap(), weights());
}

#[test]
fn a_redirect_is_followed_and_the_hash_beside_it_believed() {
    let told = |hash: &'static str| {
        move |asked: &Asked, _| {
            if asked.path == PATH {
                return Told::status(302).header("Location", "/cdn/abc").header("X-Linked-Etag", format!("\"{hash}\""));
            }
            Told::bytes(&weights())
        }
    };
    let place = Place::new();
    let pulled = place.pull(&Hub::start(told(HASH))).expect(0);
    assert_eq!(pulled.json()["pinned_now"], serde_json::json!([]), "the hub named it");
    let place = Place::new();
    let wrong = "00d50f27c20f4ce09150052b9539308d31ed3891e1d23866f5af7a9d6a4831cc";
    let refused = place.pull(&Hub::start(told(wrong))).expect(1);
    assert!(refused.stderr.contains("not the expected file") && refused.stderr.contains(wrong), "{}", refused.stderr);
    assert!(place.listed().is_empty() && parts(&place.workspace()).is_empty());
}

/// Files of models on their way.
fn parts(workspace: &Path) -> Vec<PathBuf> {
    let folder = workspace.join("models/.coming").join(NAME);
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn what_is_not_there_or_not_a_model_leaves_nothing() {
    let cases: [(fn() -> Told, &str); 3] = [
        (|| Told::status(404), "not there any more"),
        (|| Told::status(403), "terms"),
        (|| Told::bytes(b"<html>please log in</html>"), "cannot be opened"),
    ];
    for (told, words) in cases {
        let (place, hub) = (Place::new(), Hub::start(move |_, _| told()));
        let refused = place.pull(&hub).expect(1);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
        assert!(place.listed().is_empty());
    }
}

#[test]
fn a_damaged_model_comes_back_as_it_was_pinned_or_not_at_all() {
    let place = Place::new();
    place.pull(&Hub::start(|_, _| Told::bytes(&weights()))).expect(0);
    fs::write(place.file(), vec![0; weights().len()]).unwrap();
    let broken = place.models(&["verify", NAME]).expect(1);
    assert!(broken.stderr.contains("sha256"), "{}", broken.stderr);
    place.models(&["verify", "--json"]).expect(4);
    let other = place.pull(&Hub::start(|_, _| Told::bytes(&[weights(), vec![0]].concat()))).expect(1);
    assert!(other.stderr.contains("another file"), "{}", other.stderr);
    place.pull(&Hub::start(|_, _| Told::bytes(&weights()))).expect(0);
    assert_eq!(fs::read(place.file()).unwrap(), weights());
}

#[test]
fn a_licence_of_its_own_is_shown_before_anything_is_asked_for() {
    let (place, hub) = (Place::new(), Hub::start(|_, _| Told::status(404)));
    let refused = place.models(&["pull", "dinov3-s16", "--endpoint", &hub.url]).expect(1);
    assert!(refused.stderr.contains("DINOv3 License") && refused.stderr.contains("--accept-licence"), "{refused:?}");
    assert!(hub.asked().is_empty());
    place.models(&["pull", "dinov3-s16", "--endpoint", &hub.url, "--accept-licence"]).expect(1);
    assert_eq!(hub.asked().len(), 1);
    let unknown = place.models(&["pull", "nothing"]).expect(1);
    assert!(unknown.stderr.contains("mobilesam"), "{}", unknown.stderr);
    place.models(&["pull", NAME, "--endpoint", "http://mirror.example"]).expect(1);
}

#[test]
fn a_server_fetches_for_the_command_and_can_be_told_to_stop() {
    let (place, hub) = (Place::new(), Hub::start(|_, _| Told { cut: Some(0), ..Told::bytes(&weights()) }));
    let server = server_with(&place.workspace(), &place.folder.path().join("empty"));
    let body = serde_json::json!({ "name": NAME, "endpoint": hub.url });
    let job = server.post("/api/v1/models/pull", &body)["job_id"].as_i64().unwrap();
    server.post(&format!("/api/v1/jobs/{job}/cancel"), &serde_json::json!({}));
    assert_eq!(server.job(job)["state"], "cancelled");
    let good = Hub::start(|_, _| Told::bytes(&weights()));
    place.pull(&good).expect(0);
    assert_eq!(server.get("/api/v1/models")["models"][0]["name"], NAME);
    let doctor = crate::harness::program::tator_in(&place.workspace(), &["doctor"]).expect(0);
    assert!(doctor.stdout.contains(NAME) && doctor.stdout.contains("CUDA"), "{}", doctor.stdout);
}
