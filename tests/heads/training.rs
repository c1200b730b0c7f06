//! Training, from the record to the class of a box: the same run gives the same bytes, the head in use survives a restart.

use std::fs;

use serde_json::{Value, json};

use super::{ENCODER, Shop, places};
use crate::harness::program::Server;

fn class_id(server: &Server, name: &str) -> Value {
    let classes = server.get("/api/v1/datasets/seen/classes");
    let list = classes["classes"].as_array().unwrap();
    list.iter().find(|class| class["name"] == name).unwrap()["class_id"].clone()
}

/// What Auto class says of the note on the last picture, which nobody has labelled.
fn classified(server: &Server, image: usize, rect: [usize; 4]) -> (u16, Value) {
    let body = json!({ "box": rect });
    server.client().try_post(&format!("/api/v1/datasets/seen/images/{image}/classify"), &body).unwrap()
}

#[test]
fn a_run_is_kept_told_by_the_contract_and_gives_the_same_bytes_again() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 30, 2);
    if !shop.embed() {
        return;
    }
    for kind in ["logistic", "mlp"] {
        let first = shop.train(&["--kind", kind, "--seed", "7"]);
        let again = shop.train(&["--kind", kind, "--seed", "7"]);
        assert_ne!(first["run"], again["run"]);
        assert_eq!(first["artefact"], again["artefact"], "{kind}: the same bytes");
        assert_eq!(first["test"], again["test"], "{kind}: the same figures");
        let test = &first["test"];
        assert!(test["accuracy"].as_f64().unwrap() > 0.9 && test["macro_f1"].as_f64().unwrap() > 0.9, "{first}");
        for class in ["coin", "note"] {
            assert!(test["per_class"][class]["f1"].as_f64().unwrap() > 0.9, "{first}");
            assert!(test["per_class"][class]["support"].as_u64().unwrap() >= 5, "{first}");
        }
        let bytes = |told: &Value, file: &str| {
            fs::read(shop.workspace.join("runs").join(told["run"].as_str().unwrap()).join(file)).unwrap()
        };
        for file in ["head.tator", "test.json", "log.json"] {
            assert_eq!(bytes(&first, file), bytes(&again, file), "{kind}: {file}");
        }
        let record: Value = serde_json::from_slice(&bytes(&first, "record.json")).unwrap();
        // What the record says is enough to do it again.
        let repeated = {
            let server = shop.serve();
            let job = server.post("/api/v1/datasets/seen/heads", &record["options"]);
            let done = server.job(job["job_id"].as_i64().unwrap());
            assert_eq!(done["state"], "done", "{done}");
            assert!(done["log"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains("train_loss=")));
            done["report"].clone()
        };
        assert_eq!(repeated["artefact"], first["artefact"], "{kind}: repeated from its record");
        let other = shop.train(&["--kind", kind, "--seed", "8"]);
        assert_ne!(other["artefact"], first["artefact"], "{kind}: another seed, another head");
    }
}

#[test]
fn test_images_are_none_that_were_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 30, 0);
    if !shop.embed() {
        return;
    }
    let told = shop.train(&[]);
    let run = shop.workspace.join("runs").join(told["run"].as_str().unwrap());
    let record: Value = serde_json::from_slice(&fs::read(run.join("record.json")).unwrap()).unwrap();
    let count = |part: &str, what: &str| record["parts"][part][what].as_u64().unwrap();
    assert_eq!(count("train", "images") + count("validation", "images") + count("test", "images"), 30);
    assert_eq!(count("train", "boxes") + count("validation", "boxes") + count("test", "boxes"), 60);
    let tested: Vec<Value> = serde_json::from_slice(&fs::read(run.join("test.json")).unwrap()).unwrap();
    let mut images: Vec<i64> = tested.iter().map(|one| one["image_id"].as_i64().unwrap()).collect();
    images.dedup();
    assert_eq!(images.len() as u64, count("test", "images"), "whole images are held out");
    assert_eq!(tested.len() as u64, told["test"]["boxes"].as_u64().unwrap());
    assert!(record["data"]["background"].as_u64().unwrap() > 10, "crops of nothing were learnt: {record}");
    assert_eq!(record["classes"].as_array().unwrap().len(), 4, "two classes, two hidden kinds of background");
}

#[test]
fn changed_copies_are_learnt_and_never_tested_and_other_losses_train_too() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 24, 0);
    if !shop.embed() {
        return;
    }
    let plain = shop.train(&[]);
    let more = shop.train(&["--augment", "2"]);
    assert_eq!((&plain["test"]["boxes"], &plain["train"]), (&more["test"]["boxes"], &more["train"]));
    assert_eq!(
        (&plain["augmented"], more["augmented"].as_u64()),
        (&json!(0), more["train"]["boxes"].as_u64().map(|n| 2 * n))
    );
    assert_ne!(plain["artefact"], more["artefact"]);
    let again = shop.train(&["--augment", "2"]);
    assert_eq!(again["artefact"], more["artefact"], "kept copies give the same head");
    fs::remove_dir_all(shop.workspace.join("cache/augmented")).unwrap();
    assert_eq!(shop.train(&["--augment", "2"])["artefact"], more["artefact"], "and so do new ones");
    let mlp = [
        "--kind",
        "mlp",
        "--arcface",
        "--contrastive",
        "--logit-adjustment",
        "both",
        "--hidden",
        "8",
        "--epochs",
        "30",
    ];
    let told = shop.train(&mlp);
    assert!(told["test"]["accuracy"].as_f64() >= Some(0.9), "{told}");
}

#[test]
fn auto_class_asks_the_active_head_over_a_restart_and_the_neighbours_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 20, 1);
    if !shop.embed() {
        return;
    }
    let told = shop.train(&["--name", "coins & notes"]);
    let run = told["run"].as_str().unwrap();
    let server = shop.serve();
    let [coin, note] = places(20);
    let before = loop {
        let (status, answer) = classified(&server, 21, note);
        if status == 200 {
            break answer;
        }
        assert_eq!(answer["error"]["code"], "still_learning", "{answer}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(before["method"], "neighbours", "{before}");
    server.post("/api/v1/datasets/seen/heads/active", &json!({ "run": run }));
    for (rect, class) in [(coin, "coin"), (note, "note")] {
        let answer = classified(&server, 21, rect).1;
        assert_eq!((&answer["method"], &answer["head"]), (&json!("head"), &json!("coins & notes")), "{answer}");
        assert_eq!(answer["class_id"], class_id(&server, class), "{answer}");
        assert_eq!(answer["guard"], "passed", "{answer}");
    }
    let nothing = classified(&server, 21, [100, 5, 40, 40]).1;
    assert_eq!(nothing["guard"], "refused", "grey is background: {nothing}");
    assert_eq!(server.stop(), 0);
    let server = shop.serve();
    assert_eq!(server.get("/api/v1/datasets/seen/heads")["active"], run);
    assert_eq!(classified(&server, 21, note).1["method"], "head", "remembered over a restart");
    assert_eq!(server.delete(&format!("/api/v1/datasets/seen/heads/{run}")), Some(200));
    let heads = server.get("/api/v1/datasets/seen/heads");
    assert_eq!((&heads["active"], heads["deleted"][0]["id"].as_str()), (&Value::Null, Some(run)));
    server.post(&format!("/api/v1/datasets/seen/heads/{run}/restore"), &json!({}));
    let renamed = server.patch(&format!("/api/v1/datasets/seen/heads/{run}"), &json!({ "name": "again" }));
    assert_eq!(renamed["run"]["name"], "again");
    assert_eq!(server.get("/api/v1/datasets/seen/heads")["heads"][0]["name"], "again");
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::open(folder.path(), 3, 0);
    let refused = shop.run(&["train", "head", "--dataset", "seen"]).expect(1);
    assert!(refused.stderr.contains("tator embed --dataset seen --of boxes"), "{refused:?}");
    let refused = shop.run(&["train", "head", "--dataset", "nobody"]).expect(1);
    assert!(refused.stderr.contains("nobody"), "{refused:?}");
    let refused = shop.run(&["select", "--dataset", "seen", "--strategy", "k-centre"]).expect(1);
    assert!(refused.stderr.contains("tator embed --dataset seen --of images"), "{refused:?}");
    shop.run(&["select", "--dataset", "seen", "--strategy", "k-center"]).expect(2);
    if !shop.embed() {
        return;
    }
    let refused = shop.run(&["train", "head", "--dataset", "seen", "--encoder", "another"]).expect(1);
    assert!(refused.stderr.contains("another"), "{refused:?}");
    let server = shop.serve();
    let (status, answer) = server.client().try_post("/api/v1/datasets/seen/heads", &json!({ "sede": 1 })).unwrap();
    assert!((400..500).contains(&status), "{status} {answer}");
    assert_eq!(server.ask("/api/v1/datasets/seen/heads/head-99").0, 404);
    assert_eq!(server.ask("/api/v1/datasets/seen/heads/..%2F..%2Flive").0, 404);
    let page = server.page("/d/seen/train").1;
    assert!(page.contains(ENCODER) && page.contains("3 images are labelled"), "{page}");
}
