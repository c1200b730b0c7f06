//! Looking at the quality, deciding, taking back, looking again.

use serde_json::{Value, json};

use super::{done, embed, imported, waiting};
use crate::assist;
use crate::harness::program::{Server, tator_in};

const RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 200];
const GREY: [u8; 3] = [90, 90, 90];
/// A box in the middle, and nearly the same again.
const TWICE: &str = "0 0.5 0.5 0.3 0.5\n0 0.501 0.5 0.3 0.5\n";
const ONE: &str = "0 0.5 0.5 0.3 0.5\n";

fn findings(server: &Server, kind: &str) -> Vec<Value> {
    let page = server.get(&format!("/api/v1/datasets/seen/quality/findings?kind={kind}"));
    page["findings"].as_array().unwrap().clone()
}

fn count(server: &Server, kind: &str) -> u64 {
    waiting(server).into_iter().find(|(name, _)| name == kind).map_or(0, |(_, waiting)| waiting)
}

fn decide(server: &Server, key: &Value, decision: &str) -> Value {
    server.post("/api/v1/datasets/seen/quality/decisions", &json!({ "key": key, "decision": decision }))
}

#[test]
fn what_is_found_is_decided_taken_back_and_does_not_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = [
        ("train", RED, ONE),
        ("train", RED, ONE),
        ("val", GREEN, TWICE),
        ("train", GREEN, ONE),
        ("train", BLUE, "1 0.5 0.5 0.01 0.4\n"),
    ];
    let workspace = imported(folder.path(), &pictures);
    let server = Server::start(&workspace);
    let report = done(&server, "quality", &json!({}));
    assert_eq!((&report["measured"], &report["pairs"]), (&json!(5), &json!(2)), "{report}");
    assert!(report["left_out"].as_array().unwrap().len() >= 2, "{report}");
    for (kind, n) in [("exact_duplicate", 1), ("leak", 1), ("overlap", 1), ("tiny", 1), ("flat", 5)] {
        assert_eq!(count(&server, kind), n, "{kind}: {:?}", waiting(&server));
    }

    // A fix is an edit like any other: in the history, and the finding waits again when it is taken back there.
    let overlap = findings(&server, "overlap")[0].clone();
    let fixed = decide(&server, &overlap["key"], "fix");
    let (image, change) = (overlap["image_id"].as_i64().unwrap(), fixed["change_id"].as_i64().unwrap());
    assert_eq!(server.get(&format!("/api/v1/datasets/seen/images/{image}"))["boxes"].as_array().unwrap().len(), 1);
    assert_eq!(count(&server, "overlap"), 0);
    server.post(&format!("/api/v1/datasets/seen/history/{change}/undo"), &json!({}));
    assert_eq!(count(&server, "overlap"), 1);
    server.post(&format!("/api/v1/datasets/seen/history/{change}/redo"), &json!({}));
    assert_eq!(count(&server, "overlap"), 0);
    decide(&server, &overlap["key"], "open");
    assert_eq!(count(&server, "overlap"), 1);
    assert_eq!(server.get(&format!("/api/v1/datasets/seen/images/{image}"))["boxes"].as_array().unwrap().len(), 2);

    // Of a leak the image to learn from goes to the split that asks, and comes back with an undo.
    let split = |server: &Server| server.sql("SELECT split FROM seen.images WHERE path = '003.bmp'")[0][0].clone();
    let leak = findings(&server, "leak")[0].clone();
    assert_eq!((&leak["other_path"], split(&server)), (&json!("003.bmp"), json!("train")), "{leak}");
    let moved = decide(&server, &leak["key"], "fix");
    assert_eq!((split(&server), count(&server, "leak")), (json!("val"), 0));
    let change = moved["change_id"].as_i64().unwrap();
    server.post(&format!("/api/v1/datasets/seen/history/{change}/undo"), &json!({}));
    assert_eq!((split(&server), count(&server, "leak")), (json!("train"), 1));
    server.post(&format!("/api/v1/datasets/seen/history/{change}/redo"), &json!({}));
    decide(&server, &leak["key"], "open");
    assert_eq!((split(&server), count(&server, "leak")), (json!("train"), 1));
    decide(&server, &leak["key"], "fix");
    assert_eq!((split(&server), count(&server, "leak")), (json!("val"), 0));

    // What was decided is not asked again, neither by the next look nor after a restart.
    decide(&server, &findings(&server, "exact_duplicate")[0]["key"], "keep");
    decide(&server, &findings(&server, "tiny")[0]["key"], "skip");
    done(&server, "quality", &json!({}));
    drop(server);
    let server = Server::start(&workspace);
    // The two of the leak are in one split now: what is left of it is that they are the same.
    for (kind, n) in [("exact_duplicate", 1), ("leak", 0), ("tiny", 0), ("overlap", 1)] {
        assert_eq!(count(&server, kind), n, "{kind}");
    }
    let told = server.sql("SELECT kind, decision FROM seen.quality_decisions ORDER BY kind");
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn to_keep_what_was_fixed_takes_the_fix_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&imported(folder.path(), &[("train", RED, TWICE)]));
    done(&server, "quality", &json!({}));
    let boxes = || server.sql("SELECT count(*), min(state) FROM seen.boxes")[0].clone();
    let key = findings(&server, "overlap")[0]["key"].clone();
    decide(&server, &key, "fix");
    assert_eq!(boxes()[0], 1);
    let skip = json!({ "key": key, "decision": "skip" });
    let (status, refused) = server.client().try_post("/api/v1/datasets/seen/quality/decisions", &skip).unwrap();
    assert!(status == 409 && refused["error"]["message"].as_str().unwrap().contains("take it back"), "{refused}");
    decide(&server, &key, "keep");
    assert_eq!((boxes(), count(&server, "overlap")), (vec![json!(2), json!("trusted")], 0));
    assert_eq!(server.sql("SELECT decision FROM seen.quality_decisions"), [[json!("keep")]]);
}

#[test]
fn a_box_that_changed_since_is_not_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&imported(folder.path(), &[("train", RED, TWICE)]));
    done(&server, "quality", &json!({}));
    let found = findings(&server, "overlap")[0].clone();
    let (image, box_id) = (found["image_id"].clone(), found["box_id"].clone());
    let revision = server.get(&format!("/api/v1/datasets/seen/images/{image}"))["revision"].clone();
    let edit = json!({ "base_revision": revision, "client_id": "me", "edits": [{ "op": "update", "box_id": box_id, "x": 1.0 }] });
    server.post(&format!("/api/v1/datasets/seen/images/{image}/edits"), &edit);
    assert_eq!(count(&server, "overlap"), 0, "a box that moved is not asked about");
    let body = json!({ "key": found["key"], "decision": "fix" });
    let (status, answer) = server.client().try_post("/api/v1/datasets/seen/quality/decisions", &body).unwrap();
    assert_eq!(status, 409, "{answer}");
    let nobody = json!({ "key": "overlap:0:0", "decision": "keep" });
    assert_eq!(server.client().try_post("/api/v1/datasets/seen/quality/decisions", &nobody).unwrap().0, 404);
}

#[test]
fn embeddings_tell_whose_class_is_doubtful() {
    let folder = tempfile::tempdir().unwrap();
    // Red is coin, green is note; one red picture is labelled a note.
    let pictures: Vec<_> = (0..24u8)
        .map(|n| {
            let (colour, class) = if n % 2 == 0 { ([180 + n, 40, 40], 0) } else { ([40, 180 + n, 40], 1) };
            let class = if n == 6 { 1 } else { class };
            ("train", colour, ["0 0.5 0.5 0.3 0.5\n", "1 0.5 0.5 0.3 0.5\n"][class])
        })
        .collect();
    let workspace = imported(folder.path(), &pictures);
    let server = assist::server(&workspace);
    if !assist::has_runtime(&server) {
        return;
    }
    embed(&server);
    let report = done(&server, "quality", &json!({}));
    assert!(!report["left_out"].to_string().contains("embeddings"), "{report}");
    let wrong = findings(&server, "wrong_class");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0]["path"], "006.bmp");
    decide(&server, &wrong[0]["key"], "fix");
    let classes = server.sql("SELECT c.name FROM seen.boxes b JOIN seen.classes c USING (class_id) JOIN seen.images i USING (image_id) WHERE i.path = '006.bmp'");
    assert_eq!(classes, [[json!("coin")]]);
    let scores =
        server.sql("SELECT count(*) FROM seen.quality_boxes WHERE suspicion IS NOT NULL AND outlier IS NOT NULL");
    assert_eq!(scores, [[json!(24)]]);
}

#[test]
fn the_command_looks_too() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = imported(folder.path(), &[("train", GREY, ONE), ("val", GREY, ONE)]);
    let answer = tator_in(&workspace, &["quality", "--dataset", "seen", "--json"]).expect(0).json();
    assert_eq!((&answer["measured"], &answer["found"]["leak"]), (&json!(2), &json!(1)), "{answer}");
    tator_in(&workspace, &["quality", "--dataset", "seen", "--run", "none_such"]).expect(1);
}
