//! What pages and commands say of one calibration, which must be the same everywhere and name what a person can change.

use serde_json::{Value, json};

use super::{AT, done, half_right, options, rows};
use crate::assist::{has_runtime, server_with, stand_ins};
use crate::harness::program::Server;
use crate::prelabel::{RECIPE, tator};

fn preview(server: &Server) -> Value {
    server.post(&format!("{AT}/r_c1/apply"), &json!({ "dry_run": true }))
}

fn sum(preview: &Value, key: &str) -> u64 {
    preview["classes"].as_array().unwrap().iter().map(|class| class[key].as_u64().unwrap()).sum()
}

/// Makes edits of one image as they come.
fn edit(server: &Server, image: i64, edits: &Value) {
    let at = format!("/api/v1/datasets/seen/images/{image}");
    let revision = server.get(&at)["image"]["revision"].clone();
    let body = json!({ "base_revision": revision, "client_id": format!("{image}-{revision}"), "edits": edits });
    server.post(&format!("{at}/edits"), &body);
}

#[test]
fn one_calibration_is_told_alike_by_pages_api_and_command() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, _) = half_right(folder.path(), 36, 30);
    let server = server_with(&workspace, &stand_ins());
    if !has_runtime(&server) {
        return;
    }
    // Small windows, of which parts of things stay as candidates of their own: there is something to leave out.
    let windows = "windows = { side = 120, overlap = 0.5, merge = \"nms\", metric = \"iou\", threshold = 0.95 }";
    let recipe = RECIPE.lines().map(|line| match line {
        line if line.starts_with("windows") => windows,
        "iou = 0.6" => "iou = 0.95",
        line => line,
    });
    let recipe = recipe.collect::<Vec<_>>().join("\n");
    done(&server, &server.post("/api/v1/datasets/seen/runs", &json!({ "recipe": recipe, "run": "r" })));
    // People are asked from where hardly anything is surer, so that lines lie below.
    let ask = json!({ "run": "r", "options": options(), "queue_from": 0.995 });
    done(&server, &server.post(AT, &ask));
    let command =
        |extra: &[&str]| tator(&workspace, &[&["apply", "--dataset", "seen", "--calibration", "r_c1"], extra].concat());
    the_bands_are_the_same(&server);
    reasons_are_told_beside_the_score(&server);
    only_open_candidates_are_judged(&server);

    let told = command(&["--dry-run"]).expect(0).stderr;
    let past = sum(&preview(&server), "past_people");
    assert!(past > 0 && told.contains(&format!("{past} of the accepted are less sure than 0.995")), "{told}");
    assert!(told.contains(&format!("{} duplicates are left out", sum(&preview(&server), "duplicates"))), "{told}");
    let (_, page) = server.page("/d/seen/calibrate/results/r_c1/thresholds");
    assert!(page.contains(&format!("data-past>{past}<")) && !page.contains("data-below hidden"), "{page}");

    refusals_name_what_to_change(&server, &command);
    changes_of_truth_are_told(&server, &command);
}

/// Without a threshold moved: thresholds, figures, apply, record and SQL.
fn the_bands_are_the_same(server: &Server) {
    let preview = preview(server);
    let of = |bands: &Value| ["accept", "queue", "drop", "duplicates"].map(|key| bands[key].as_u64().unwrap());
    let applied: Vec<[u64; 4]> = preview["classes"].as_array().unwrap().iter().map(of).collect();
    assert!(applied.iter().all(|[.., duplicates]| *duplicates > 0), "nothing is suppressed: {preview}");
    let record = server.get(&format!("{AT}/r_c1"))["record"].clone();
    let recorded: Vec<[u64; 4]> = record["open_bands"].as_object().unwrap().values().map(of).collect();
    assert_eq!(recorded, applied);
    let table = server.get(&format!("{AT}/r_c1/scores"));
    let scored = table["classes"].as_array().unwrap().iter().map(|class| {
        let open = |from: f64| {
            let bins = class["bins"].as_array().unwrap().iter();
            bins.filter(|bin| bin[0].as_f64().unwrap() >= from).map(|bin| bin[3].as_u64().unwrap()).sum::<u64>()
        };
        let tick = class["least"].as_f64().map_or(1001.0, |least| (least * 1000.0).floor());
        let (accept, seen) = (open(tick), open(tick.min(995.0)));
        [accept, seen - accept, open(f64::MIN) - seen, class["duplicates"].as_u64().unwrap()]
    });
    assert_eq!(scored.collect::<Vec<_>>(), applied);
    let (_, thresholds) = server.page("/d/seen/calibrate/results/r_c1/thresholds");
    let (_, figures) = server.page("/d/seen/calibrate/results/r_c1");
    for [accept, queue, drop, _] in applied {
        let cells = [("accept", accept), ("queue", queue), ("drop", drop)]
            .map(|(name, n)| format!("<td class=\"n\" data-cell=\"{name}\">{n}</td>"));
        assert!(thresholds.contains(&cells.concat()), "{cells:?}: {thresholds}");
        let cells = [accept, queue, drop].map(|n| format!("<td class=\"n\">{n}</td>"));
        assert!(figures.contains(&cells.concat()), "{cells:?}: {figures}");
    }
    let duplicates = sum(&preview, "duplicates");
    assert!(thresholds.contains(&format!("data-total-duplicates>{duplicates}</strong>")));
    let (_, apply) = server.page("/d/seen/calibrate/results/r_c1/apply");
    assert!(apply.contains(&format!("data-duplicates>{duplicates}<")), "{apply}");
}

/// The score of a tested image is that of trees that had not seen it; the reasons are those of the trees in use.
fn reasons_are_told_beside_the_score(server: &Server) {
    let all = rows(server, "SELECT candidate_id, score, part, kept FROM seen.scores_r_c1 ORDER BY 1");
    let all = all.as_array().unwrap();
    let wanted: Vec<&Value> = all.iter().map(|row| &row[0]).collect();
    let told = server.post(&format!("{AT}/r_c1/explain"), &json!({ "candidates": wanted }))["candidates"].clone();
    let (mut tested, mut apart) = (0, 0);
    for (row, one) in all.iter().zip(told.as_array().unwrap()) {
        assert_eq!((&one["candidate_id"], &one["score"], &one["kept"]), (&row[0], &row[1], &row[3]), "{one}");
        assert_eq!(one["tested"], row[2] == "test", "{one}");
        let away = (one["score"].as_f64().unwrap() - one["probability"].as_f64().unwrap()).abs();
        match row[2].as_str() {
            Some("open") => assert!(away < 1e-12, "the trees in use scored it: {one}"),
            _ => (tested, apart) = (tested + 1, apart + usize::from(away > 1e-6)),
        }
    }
    assert!(apart * 2 > tested && tested > 0, "{apart} of {tested} differ");
    let page = |part: &str| {
        let sql = format!("SELECT min(candidate_id) FROM seen.scores_r_c1 WHERE part = '{part}'");
        let one = rows(server, &sql)[0][0].clone();
        server.page(&format!("/d/seen/calibrate/results/r_c1/candidates/{one}")).1
    };
    assert!(page("test").contains("is what trees said that had not seen this image"), "{}", page("test"));
    assert!(!page("open").contains("seen this image"), "{}", page("open"));
    let sql = "SELECT min(candidate_id) FROM seen.scores_r_c1 WHERE NOT kept";
    let left = rows(server, sql)[0][0].clone();
    let (_, page) = server.page(&format!("/d/seen/calibrate/results/r_c1/candidates/{left}"));
    assert!(page.contains("a duplicate, left out"), "{page}");
}

/// Where truth is known nobody is asked: a verdict there would count in an estimate of all others.
fn only_open_candidates_are_judged(server: &Server) {
    let one = |part: &str| {
        let sql = format!("SELECT min(candidate_id) FROM seen.scores_r_c1 WHERE part = '{part}' AND band <> 'drop'");
        rows(server, &sql)[0][0].clone()
    };
    let say = |candidate: &Value| {
        let said = json!({ "candidate_id": candidate, "answer": "no" });
        server.client().try_post(&format!("{AT}/r_c1/verdicts"), &said).unwrap()
    };
    let (status, refused) = say(&one("test"));
    assert!(status == 422 && refused.to_string().contains("only those are judged"), "{refused}");
    let (status, told) = say(&one("open"));
    let judged: u64 = told["bands"].as_array().unwrap().iter().map(|band| band["judged"].as_u64().unwrap()).sum();
    assert_eq!((status, judged), (200, 1), "{told}");
}

fn refusals_name_what_to_change(server: &Server, command: &dyn Fn(&[&str]) -> crate::harness::program::Answer) {
    let refuse = |wish: Value| server.client().try_post(&format!("{AT}/r_c1/apply"), &wish).unwrap();
    let (status, told) = refuse(json!({ "thresholds": { "1": 1.5 } }));
    let error = &told["error"];
    assert_eq!((status, &error["details"]["field"]), (422, &json!("thresholds")), "{told}");
    assert_eq!(error["message"], "1.5 for class 1 is not between 0 and 1");
    assert_eq!(refuse(json!({ "queue_from": 2 })).1["error"]["details"]["field"], "queue_from");
    let (status, told) = refuse(json!({}));
    assert_eq!((status, &told["error"]["code"]), (409, &json!("not_promoted")), "{told}");
    let told = command(&[]);
    assert!(told.code == 1 && told.stderr.contains("--anyway applies it all the same"), "{told:?}");
}

fn changes_of_truth_are_told(server: &Server, command: &dyn Fn(&[&str]) -> crate::harness::program::Answer) {
    let changed = || preview(server)["changed_since"].clone();
    let (_, page) = server.page("/d/seen/calibrate/results/r_c1");
    assert!(changed() == 0 && !page.contains("labelled or changed since"), "{page}");
    let put = server.post(&format!("{AT}/r_c1/apply"), &json!({ "anyway": true }));
    assert_eq!(changed(), 0, "drafts are no truth");
    let change = put["change"]["change_id"].clone();
    server.post(&format!("/api/v1/datasets/seen/history/{change}/undo"), &json!({}));
    let free = rows(server, "SELECT min(image_id) FROM seen.images WHERE state = 'unlabelled'")[0][0].as_i64().unwrap();
    edit(server, free, &json!([{ "op": "state", "value": "labelled" }]));
    let first = server.get("/api/v1/datasets/seen/images/1")["boxes"][0]["box_id"].clone();
    edit(server, 1, &json!([{ "op": "update", "box_id": first, "x": 3.5 }]));
    assert_eq!(changed(), 2);
    for page in ["", "/thresholds", "/errors", "/review", "/apply", "/candidates/1"] {
        let (_, page) = server.page(&format!("/d/seen/calibrate/results/r_c1{page}"));
        assert!(page.contains("2 images were labelled or changed since"), "{page}");
    }
    let told = command(&["--dry-run"]).expect(0).stderr;
    assert!(told.contains("2 images were labelled or changed since: calibrate again"), "{told}");
}
