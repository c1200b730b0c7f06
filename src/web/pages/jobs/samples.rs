//! Jobs as their pages may meet them.

use serde_json::json;

use super::report::Report;
use super::view::{Badge, JobPage, JobView, List, Page, Progress};
use crate::page::{Sample, Section, Shell};
use crate::pages::prelabel::pace::Pace;

fn job(id: i64, state: &str) -> JobView {
    JobView {
        id,
        kind: if id % 3 == 1 { "export" } else { "import" }.into(),
        title: ["Import coins from /data/<photos> & \"more\"", "Export demo as COCO", "Import windmills_2024"]
            [id as usize % 3]
            .into(),
        dataset: Some(["coins", "demo", "windmills_2024"][id as usize % 3].parse().expect("a valid name")),
        state: state.into(),
        done: 41_233,
        total: if state == "queued" { 0 } else { 118_287 },
        stage: if state == "running" { "reading labels" } else { "" }.into(),
        rate_per_s: Some(9_800.4),
        eta_s: Some(7.9),
        message: String::new(),
        log: vec![],
        report: None,
        pace: (state == "running").then(pace).flatten(),
        result: None,
        created_at: 1_795_331_000_000_000,
        seconds: (state != "queued").then_some(4.2),
        resumable: state == "interrupted",
        archive: state == "done",
        dry_run: false,
    }
}

fn pace() -> Option<Pace> {
    Pace::read(&json!({ "bottleneck": "infer", "stages": [
        { "name": "decode", "done": 41_300, "images_per_s": 610.2, "busy": 0.34 },
        { "name": "infer", "done": 41_233, "images_per_s": 182.0, "busy": 0.98 }] }))
}

fn report() -> Report {
    let item = |item: &str, reason: &str| json!({"item": item, "reason": reason});
    Report::read(&json!({
        "images": 118_287, "boxes": 860_001, "classes": 80, "files": {"seen": 236_574, "matched": 236_560}, "seconds": 14.2,
        "diff": {"images_added": 12, "boxes_added": 3_401, "boxes_changed": 208, "boxes_removed": 9, "kept_because_people_made_them": 77},
        "skipped": [item("labels/train/000001.txt", "row 3: class 81 is not among the 80 names <here>"), item("images/<b>.jpg", "the file is cut short"),
            item("labels/val/a/very/long/path/that/goes/on/and/on/until/it/does/not/fit/000002.txt", "no image has this path"), item("labels/val/000003.txt", "no image has this path")],
        "class_map": ["0 → person", "1 → <b>dog</b>"]
    }))
}

fn all() -> Vec<JobView> {
    ["running", "queued", "done", "failed", "interrupted", "cancelled", "partly"]
        .iter()
        .enumerate()
        .map(|(at, state)| JobView {
            message: if *state == "failed" {
                "no image of the folder has a label: <check> the layout".into()
            } else {
                String::new()
            },
            ..job(90 - at as i64, state)
        })
        .collect()
}

fn ended(state: &str) -> JobView {
    let log = (0..40).map(|n| format!("12:00:{n:02} read {} label files <ok>", n * 1000)).collect();
    JobView {
        done: 118_287,
        report: Some(report()),
        log,
        message: "4 things were left out; they are named below".into(),
        ..job(87, state)
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("empty", Self { shell: Shell::empty_sample(Section::Jobs), jobs: vec![] }),
            ("usual", Self { shell: Shell::sample(Section::Jobs, None), jobs: all() }),
        ]
    }
}

impl Sample for List {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self { jobs: all() })]
    }
}

impl Sample for JobPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |job| Self { shell: Shell::sample(Section::Jobs, Some("coins")), job };
        let failed = JobView {
            message: "/data/<photos>: no image was found here. Check the path, or name the folder of the images".into(),
            ..job(87, "failed")
        };
        vec![
            ("running", page(job(87, "running"))),
            ("partly", page(ended("partly"))),
            ("failed", page(failed)),
            ("interrupted", page(job(87, "interrupted"))),
        ]
    }
}

impl Sample for Progress {
    fn samples() -> Vec<(&'static str, Self)> {
        let checked = JobView { dataset: None, dry_run: true, ..ended("done") };
        vec![
            ("queued", Self { job: job(88, "queued") }),
            ("done", Self { job: ended("done") }),
            ("checked", Self { job: checked }),
        ]
    }
}

impl Sample for Badge {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("busy", Self { shell: Shell::sample(Section::Jobs, None) }),
            ("idle", Self { shell: Shell::empty_sample(Section::Jobs) }),
        ]
    }
}
