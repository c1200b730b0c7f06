//! Points and boxes to outlines, the window of kept images, and the likely class, through a real server.

use serde_json::{Value, json};

use super::{MEAN, WHITE, bitmap, has_runtime, near, pictures, server, server_with};
use crate::harness::program::{Server, tator_in};

const IMAGE: &str = "/api/v1/datasets/seen/images/1";

/// A server with the dataset `seen` of pictures in these colours.
fn ready(folder: &std::path::Path, colours: &[[u8; 3]]) -> Option<Server> {
    let workspace = folder.join("w");
    let source = pictures(&folder.join("source"), colours);
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    let server = server(&workspace);
    has_runtime(&server).then_some(server)
}

fn segment(server: &Server, body: &Value) -> (u16, Value) {
    server.client().try_post(&format!("{IMAGE}/segment"), body).unwrap()
}

#[test]
fn a_point_and_a_box_give_the_expected_boxes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = ready(folder.path(), &[MEAN]) else { return };
    let (status, point) = segment(&server, &json!({ "points": [[50, 40, 1]] }));
    assert_eq!(status, 200, "{point}");
    // A disc of 64 in a frame of 1024 on a picture 200 wide.
    near(&point["box"], [37.5, 27.5, 25.0, 25.0], 0.7);
    assert_eq!((&point["model"], &point["cached"]), (&json!("stand-in-sam1"), &json!(false)));
    assert!(point["polygon"]["rings"].is_array() || point["polygon"].is_array(), "{point}");
    let (_, boxed) = segment(&server, &json!({ "box": [41, 22, 60, 49] }));
    near(&boxed["box"], [41.0, 22.0, 60.0, 49.0], 0.8);
    assert_eq!(boxed["cached"], true, "the encoding is kept");
    let (status, other) = segment(&server, &json!({ "points": [[50, 40, 1]], "model": "stand-in-sam2" }));
    assert_eq!((status, &other["model"]), (200, &json!("stand-in-sam2")));
    assert_eq!(segment(&server, &json!({ "points": [[500, 40, 1]] })).0, 422, "outside");
    assert_eq!(segment(&server, &json!({ "points": [[50, 40, 0]] })).0, 422, "nothing is pointed at");
    let page = server.page("/datasets").1;
    assert!(page.contains("Models run on"), "what computes stands on every page");
}

#[test]
fn nothing_is_found_on_a_picture_that_changed_since_it_was_imported() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = ready(folder.path(), &[MEAN, WHITE]) else { return };
    let images = folder.path().join("w/datasets/seen/images");
    let mut places = vec![images];
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            std::fs::write(place, bitmap([9, 9, 9])).unwrap();
        }
    }
    let (status, refused) = segment(&server, &json!({ "points": [[50, 40, 1]] }));
    assert!(
        refused["error"]["message"].as_str().unwrap().contains("changed since it was imported"),
        "{status} {refused}"
    );
}

#[test]
fn a_tab_has_its_images_ready_and_older_questions_are_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = ready(folder.path(), &[MEAN, WHITE, MEAN]) else { return };
    let window = json!({ "client": "tab", "current": 1, "ahead": [2], "behind": [3] });
    server.post("/api/v1/datasets/seen/assist/window", &window);
    let begun = std::time::Instant::now();
    let slots = loop {
        let status = server.get("/api/v1/assist");
        let slots = status["slots"].as_array().unwrap().clone();
        if slots.len() == 3 && slots.iter().all(|slot| slot["state"] == "ready") {
            break slots;
        }
        assert!(begun.elapsed().as_secs() < 60, "{status}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let roles: Vec<_> = slots.iter().map(|slot| slot["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["current", "next", "previous"]);
    let (_, first) = segment(&server, &json!({ "points": [[50, 40, 1]], "client": "tab", "request": 2 }));
    assert_eq!(first["cached"], true, "it was ready before the click");
    let (status, late) = segment(&server, &json!({ "points": [[60, 40, 1]], "client": "tab", "request": 1 }));
    assert_eq!((status, &late["error"]["code"]), (409, &json!("superseded")));
    let part = server.page("/models/_predictors").1;
    assert!(part.contains("000.bmp") && part.contains("previous"), "{part}");
}

#[test]
fn without_a_model_the_answer_says_where_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let source = pictures(&folder.path().join("source"), &[MEAN]);
    tator_in(&workspace, &["import", source.to_str().unwrap(), "--dataset", "seen"]).expect(0);
    let server = server_with(&workspace, &folder.path().join("none"));
    for what in ["segment", "classify"] {
        let body = json!({ "box": [10, 10, 20, 20] });
        let (status, answer) = server.client().try_post(&format!("{IMAGE}/{what}"), &body).unwrap();
        assert_eq!((status, &answer["error"]["code"]), (503, &json!("no_model")), "{answer}");
        assert!(answer["error"]["hint"].as_str().unwrap().contains("tator models pull"), "{answer}");
    }
    assert_eq!(server.page("/models").0, 200);
}

#[test]
fn the_class_of_a_box_is_that_of_boxes_like_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = ready(folder.path(), &[WHITE, WHITE, WHITE, [0, 0, 0], [0, 0, 0], [0, 0, 0]]) else { return };
    let classes = server.get("/api/v1/datasets/seen/classes");
    let id = |name: &str| {
        let list = classes["classes"].as_array().unwrap();
        list.iter().find(|class| class["name"] == name).unwrap()["class_id"].clone()
    };
    for image in [4, 5] {
        let path = format!("/api/v1/datasets/seen/images/{image}");
        let (revision, boxes) = {
            let seen = server.get(&path);
            (seen["revision"].clone(), seen["boxes"].clone())
        };
        let edits = json!([{ "op": "update", "box_id": boxes[0]["box_id"], "class_id": id("note") }]);
        let body = json!({ "base_revision": revision, "client_id": format!("c{image}"), "edits": edits });
        server.post(&format!("{path}/edits"), &body);
    }
    let question = json!({ "box": [70, 25, 60, 50] });
    let begun = std::time::Instant::now();
    let answer = loop {
        let asked = server.client().try_post("/api/v1/datasets/seen/images/6/classify", &question).unwrap();
        // The gallery is learnt in the background: until it is, it says so.
        if asked.0 == 200 && asked.1["neighbours"].as_i64() >= Some(6) {
            break asked.1;
        }
        assert!(begun.elapsed().as_secs() < 60, "{asked:?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(answer["class_id"], id("note"), "{answer}");
    assert_eq!(answer["runner_up"]["class_id"], id("coin"), "{answer}");
}
