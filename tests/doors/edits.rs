//! From an upload to edits of its image: what is acknowledged, replayed, merged, refused and taken back.

use std::time::Instant;

use serde_json::{Value, json};

use super::server::{Answer, Server};

const IMAGE: &str = "/api/v1/datasets/coins/images/1";

/// A server with the dataset `coins`, its class 1 and its image 1, grey, 100 × 80.
pub fn with_a_bitmap() -> Server {
    with_a_picture("a.bmp", &bitmap(100, 80))
}

/// A server with the dataset `coins`, its class 1 and this picture as its image 1, which came by an upload.
pub fn with_a_picture(name: &str, bytes: &[u8]) -> Server {
    let server = Server::start();
    server.ask_json("POST", "/api/v1/datasets", r#"{"name": "coins"}"#);
    server.ask_json("POST", "/api/v1/datasets/coins/classes", r#"{"name": "penny"}"#);
    let head = format!(
        "--xx\r\nContent-Disposition: form-data; name=\"format\"\r\n\r\nimages\r\n\
        --xx\r\nContent-Disposition: form-data; name=\"files\"; filename=\"photos/{name}\"\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--xx--\r\n"].concat();
    let kind = [("Content-Type", "multipart/form-data; boundary=xx")];
    let answer = server.ask("POST", "/api/v1/datasets/coins/uploads", &kind, &body);
    assert_eq!(answer.status, 202, "{answer:?}");
    let job = format!("/api/v1/jobs/{}", answer.json()["job_id"]);
    let begin = Instant::now();
    loop {
        let record = server.ask("GET", &job, &[], b"").json();
        match record["state"].as_str() {
            Some("queued" | "running") => assert!(begin.elapsed().as_secs() < 30, "{record}"),
            state => {
                assert_eq!(state, Some("done"), "{record}");
                return server;
            }
        }
    }
}

/// A grey BMP.
pub fn bitmap(width: u32, height: u32) -> Vec<u8> {
    let pixels = vec![0x80; (width * 3).next_multiple_of(4) as usize * height as usize];
    let mut file = b"BM".to_vec();
    file.extend((54 + pixels.len() as u32).to_le_bytes());
    file.extend([0; 4]);
    for field in [54, 40, width, height, 1 | 24 << 16, 0, pixels.len() as u32, 2835, 2835, 0, 0] {
        file.extend(u32::to_le_bytes(field));
    }
    file.extend(pixels);
    file
}

fn edit(server: &Server, base_revision: &Value, client: &str, edits: &Value) -> Answer {
    let body = json!({ "base_revision": base_revision, "client_id": client, "edits": edits });
    server.ask_json("POST", &format!("{IMAGE}/edits"), &body.to_string())
}

fn a_box(key: &str, x: f64) -> Value {
    json!({ "op": "add", "key": key, "class_id": 1, "x": x, "y": 5, "w": 20, "h": 10 })
}

#[test]
fn an_uploaded_picture_is_listed() {
    let server = with_a_bitmap();
    let page = server.ask("GET", "/api/v1/datasets/coins/images?state=unlabelled", &[], b"").json();
    let image = &page["images"][0];
    assert_eq!(
        (&image["image_id"], &image["width"], &image["height"], &image["boxes"]),
        (&json!(1), &json!(100), &json!(80), &json!(0))
    );
    assert!(page["next"].is_null());
    let neighbours = |query: &str| server.ask("GET", &format!("{IMAGE}/neighbours{query}"), &[], b"").json();
    let plain = neighbours("");
    assert_eq!((&plain["position"], &plain["total"], &plain["at"]), (&json!(1), &json!(1), &Value::Null));
    assert_eq!(neighbours("?state=unlabelled&at=1")["at"], 1);
    for nowhere in ["?at=0", "?at=2", "?at=18446744073709551615", "?at=1&state=reviewed"] {
        assert_eq!(neighbours(nowhere)["at"], Value::Null, "{nowhere}");
    }
    assert_eq!(neighbours("?at=x")["error"]["code"], "invalid");
}

#[test]
fn an_acknowledged_box_is_there_and_a_replay_adds_nothing() {
    let server = with_a_bitmap();
    let base = server.ask("GET", IMAGE, &[], b"").json()["revision"].clone();
    let first = edit(&server, &base, "one", &json!([a_box("k", 1.0)]));
    assert_eq!(first.status, 200, "{first:?}");
    let id = first.json()["ids"]["k"].clone();
    assert!(id.is_i64());
    let replay = edit(&server, &base, "one", &json!([a_box("k", 1.0)]));
    assert_eq!((replay.status, replay.json()), (200, first.json()));
    let detail = server.ask("GET", IMAGE, &[], b"").json();
    assert_eq!((detail["boxes"].as_array().map(Vec::len), &detail["boxes"][0]["box_id"]), (Some(1), &id));
    assert_eq!((&detail["image"]["boxes"], &detail["can_undo"]), (&json!(1), &json!(true)));
}

#[test]
fn undo_and_redo_take_back_and_bring_back() {
    let server = with_a_bitmap();
    let base = server.ask("GET", IMAGE, &[], b"").json()["revision"].clone();
    edit(&server, &base, "one", &json!([a_box("k", 1.0)]));
    let step = |word: &str, body: &str| server.ask_json("POST", &format!("{IMAGE}/{word}"), body).json();
    assert_eq!(step("undo", "")["boxes"], json!([]));
    assert_eq!(step("redo", r#"{"client_id": "r"}"#)["boxes"].as_array().map(Vec::len), Some(1));
    assert!(step("redo", "")["error"]["message"].is_string(), "nothing is left to redo");
    assert_eq!(step("undo", r#"{"client": 1}"#)["error"]["code"], "bad_request");
}

#[test]
fn edits_of_other_boxes_merge_and_of_the_same_box_conflict() {
    let server = with_a_bitmap();
    let base = server.ask("GET", IMAGE, &[], b"").json()["revision"].clone();
    let made = edit(&server, &base, "one", &json!([a_box("a", 1.0), a_box("b", 40.0)])).json();
    let (revision, a, b) = (&made["revision"], &made["ids"]["a"], &made["ids"]["b"]);
    let moved = |id: &Value, x: f64| json!([{ "op": "update", "box_id": id, "x": x }]);
    assert_eq!(edit(&server, revision, "two", &moved(a, 2.0)).status, 200);
    assert_eq!(edit(&server, revision, "three", &moved(b, 42.0)).status, 200, "another box");
    let conflict = edit(&server, revision, "four", &moved(a, 3.0));
    assert_eq!(conflict.failure(), (409, "conflict".into()));
    let now = conflict.json();
    assert_eq!((now["boxes"].as_array().map(Vec::len), &now["boxes"][0]["x"]), (Some(2), &json!(2.0)));
    assert!(now["revision"].as_i64() > revision.as_i64());
}

#[test]
fn the_picture_comes_once_and_then_by_its_version() {
    let server = with_a_bitmap();
    for address in [format!("{IMAGE}/file"), format!("{IMAGE}/view"), format!("{IMAGE}/thumb?size=64")] {
        let whole = server.ask("GET", &address, &[], b"");
        assert_eq!((whole.status, whole.header("cache-control")), (200, Some("private, no-cache")), "{whole:?}");
        assert!(matches!(whole.header("content-type"), Some("image/bmp" | "image/jpeg")));
        let again = server.ask("GET", &address, &[("If-None-Match", whole.header("etag").unwrap())], b"");
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
}
