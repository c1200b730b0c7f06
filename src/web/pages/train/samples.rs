//! Class heads as the pages may meet them.

use std::collections::HashMap;

use serde_json::{Value, json};
use tator_domain::PixelBox;
use tator_pipeline::JobRecord;
use tator_pipeline::heads::{HeadRun, HeadSummary, Heads, Readiness, TestBox, difference};
use tator_store::{BoxPlace, TruthCount};

use super::cell::BoxesPage;
use super::form::Form;
use super::pair::ComparePage;
use super::view::{Page, RunPage};
use crate::page::{Sample, Section, Shell};
use crate::pages::jobs::view::JobView;

fn figures(f1: f64, support: u64, interval: bool) -> Value {
    let range = if interval { json!({ "low": f1 - 0.05, "high": f1 + 0.04 }) } else { Value::Null };
    json!({ "precision": f1, "recall": f1, "f1": f1, "support": support,
            "precision_interval": range, "recall_interval": range, "f1_interval": range })
}

/// A run over so many classes and two kinds of background.
pub(super) fn run(id: &str, name: &str, classes: usize, nasty: bool) -> HeadRun {
    let names = (0..classes).map(|at| if nasty { format!("<b>class</b> & \"{at}\"") } else { format!("class {at}") });
    let mut told: Vec<Value> = names
        .enumerate()
        .map(|(at, name)| json!({ "class_id": at + 1, "name": name, "train": 100 * at, "test": 9 }))
        .collect();
    told.extend(
        (1..=2).map(|kind| json!({ "class_id": null, "name": format!("background {kind}"), "train": 5, "test": 2 })),
    );
    let n = classes + 2;
    let confusion: Vec<usize> =
        (0..n * n).map(|at| if at / n == at % n { 7 } else { usize::from(at % 5 == 0) }).collect();
    let value = json!({
        "id": id, "name": name, "dataset": "coins", "dataset_made_at": 1, "created_at": 1_795_331_766_000_000_i64,
        "seconds": 12.3, "encoder": "efficientnet-lite0", "fingerprint": "0123456789abcdef", "crop": "square, padding 0.15",
        "options": { "recipe": { "kind": if nasty { "mlp" } else { "logistic" } } },
        "data": { "hash": "ab".repeat(32), "boxes": 900, "images": 120, "background": 300, "missing": usize::from(nasty) * 4 },
        "parts": { "train": { "images": 80, "boxes": 700 }, "validation": { "images": 12, "boxes": 70 },
                   "test": { "images": 24, "boxes": 9 * classes }, "stratified": nasty,
                   "untested": if nasty { json!(["<i>rare</i>"]) } else { json!([]) } },
        "classes": told,
        "left_out": if nasty { json!([["<one>", 1]]) } else { json!([]) },
        "iterations": 31, "converged": true, "hard": usize::from(nasty) * 17, "temperature": 1.3,
        "metrics": { "accuracy": 0.91, "accuracy_interval": { "low": 0.88, "high": 0.94 }, "macro_f1": 0.87,
                     "macro_f1_interval": { "low": 0.8, "high": 0.9 }, "weighted_f1": 0.9,
                     "per_class": (0..classes).map(|at| figures(0.9 - 0.01 * at as f64 % 0.9, 9, at % 3 > 0)).collect::<Vec<_>>(),
                     "confusion": confusion },
        "guard": if nasty { Value::Null } else { json!({ "refused": 9, "flagged": 2, "passed": 1, "objects_kept": 80, "objects_flagged": 3, "objects_refused": 1 }) },
        "artefact": "cd".repeat(32)
    });
    serde_json::from_value(value).expect("a run of this form")
}

fn summary(id: &str, name: &str, active: bool, problem: Option<&str>) -> HeadSummary {
    HeadSummary {
        id: id.into(),
        name: name.into(),
        created_at: 1_795_331_766_000_000,
        seconds: 4.0,
        encoder: "efficientnet-lite0".into(),
        kind: "logistic",
        seed: 42,
        classes: 3,
        train_boxes: 700,
        test_boxes: 100,
        accuracy: 0.91,
        accuracy_interval: None,
        macro_f1: 0.87,
        macro_f1_interval: None,
        weighted_f1: 0.9,
        active,
        problem: problem.map(str::to_owned),
    }
}

fn ready(usual: bool) -> Readiness {
    let class = |name: &str, boxes| TruthCount { class_id: 1, name: name.into(), boxes, images: boxes / 2 };
    let advice = json!([{ "level": "stop", "text": "No box has a vector yet" }, { "level": "warn", "text": "<b>few</b> (3)" }, { "level": "hint", "text": "An MLP" }]);
    let classes = if usual { vec![class("coin", 4155), class("<b>note</b>", 3)] } else { vec![] };
    let mut ready =
        Readiness { classes, boxes: 4158, images: 364, ready: usual, kind: "logistic", ..Readiness::default() };
    for one in advice.as_array().into_iter().flatten() {
        let level = if one["level"] == "stop" {
            "stop"
        } else if one["level"] == "warn" {
            "warn"
        } else {
            "hint"
        };
        ready
            .advice
            .push(tator_pipeline::heads::Advice { level, text: one["text"].as_str().unwrap_or_default().into() });
    }
    if usual {
        ready.encoders.push(tator_pipeline::heads::EncoderReady {
            name: "efficientnet-lite0".into(),
            rows: 4158,
            missing: 2,
            dims: 1280,
            chosen: true,
        });
    }
    ready
}

fn job() -> JobView {
    let record = json!({ "job_id": 7, "kind": "train_head", "title": "Train a logistic head", "dataset": "coins", "state": "running",
        "progress": { "done": 12, "total": 1000, "stage": "training", "rate_per_s": 9.0, "eta_s": 4.0 }, "message": "", "log": [],
        "report": null, "created_at": 1, "started_at": 2, "finished_at": null, "resumable": false });
    let record: JobRecord = serde_json::from_value(record).expect("a job of this form");
    JobView::new(&record, 9)
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |usual: bool, heads: Heads, job: Option<JobView>, wrong: Option<&str>| {
            let ready = ready(usual);
            Self {
                shell: Shell::sample(Section::Train, Some("coins")),
                dataset: "coins".parse().expect("a valid name"),
                form: Form::usual(&ready, false),
                ready,
                heads,
                job,
                wrong: wrong.map(str::to_owned),
            }
        };
        let heads = Heads {
            heads: vec![
                summary("head-3", "<b>third</b>", false, Some("its encoder is gone")),
                summary("head-2", "second", true, None),
            ],
            active: Some("head-2".into()),
            deleted: vec![summary("head-1", "a & b", false, None)],
        };
        vec![
            ("empty", page(false, Heads::default(), None, None)),
            ("usual", page(true, heads.clone(), Some(job()), None)),
            ("wrong", page(true, heads, None, Some("C: \"<x>\" is not a number"))),
        ]
    }
}

fn run_page(run: HeadRun, listed: bool, wrong: Option<String>) -> RunPage {
    let heads = vec![summary(&run.id, &run.name, listed, None), summary("head-1", "<other>", false, None)];
    let heads = Heads { heads: if listed { heads } else { vec![] }, ..Heads::default() };
    let log =
        r#"[{"iteration":1,"train":{"loss":1.0,"accuracy":0.5},"validation":null,"coef_delta":1.0,"loss_delta":0.1}]"#;
    let colours = HashMap::from([(1, "#ff8800".to_owned())]);
    let shell = Shell::sample(Section::Train, Some("coins"));
    RunPage::new(shell, "coins".parse().expect("a valid name"), run, (log.into(), colours), heads, wrong)
}

impl Sample for RunPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("usual", run_page(run("head-2", "efficientnet-lite0 logistic 2", 3, false), true, None)),
            ("many classes", run_page(run("head-3", "<b>third</b>", 80, true), true, Some("name: <wrong>".into()))),
            ("deleted", run_page(run("head-4", "gone", 2, false), false, None)),
        ]
    }
}

fn told(box_id: i64, right: bool) -> TestBox {
    TestBox { box_id, image_id: box_id / 2, truth: 0, predicted: usize::from(!right), probability: 0.5 }
}

impl Sample for ComparePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |common: bool| {
            let (a, b) = (run("head-2", "second", 3, false), run("head-3", "<b>third</b>", 4, true));
            let told: Vec<TestBox> = (0..40).map(|id| told(id, id % 3 != 0)).collect();
            let difference = difference(&told, &told, 1).filter(|_| common);
            let shell = Shell::sample(Section::Train, Some("coins"));
            Self::new(shell, "coins".parse().expect("a valid name"), (a, b), difference, &Heads::default())
        };
        vec![("usual", page(true)), ("nothing in common", page(false))]
    }
}

impl Sample for BoxesPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let run = run("head-3", "<b>third</b>", 3, true);
        let page = |found: &[TestBox]| {
            let rect = PixelBox { x: 5.0, y: 6.0, w: 70.0, h: 20.0 };
            let places = HashMap::from([(1, BoxPlace { box_id: 1, image_id: 1, rect, width: 640, height: 480 })]);
            let shell = Shell::sample(Section::Train, Some("coins"));
            Self::new(shell, "coins".parse().expect("a valid name"), &run, (Some(0), Some(1)), found, &places)
        };
        vec![("empty", page(&[])), ("usual", page(&[told(1, false), told(2, true)]))]
    }
}
