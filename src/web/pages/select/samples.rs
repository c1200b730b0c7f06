//! The next images as the page may meet them.

use serde_json::json;
use tator_pipeline::JobRecord;
use tator_pipeline::select::{Selection, Simulation};

use super::view::{Outcome, Page};
use crate::page::{Sample, Section, Shell};
use crate::pages::jobs::view::JobView;

fn selection(n: i64) -> Selection {
    let picks: Vec<_> = (0..n).map(|at| json!({ "image_id": at + 1, "path": format!("a/<b>{at}</b>.jpg"), "doubt": if at % 2 == 0 { json!(0.4) } else { json!(null) } })).collect();
    let told = json!({ "dataset": "coins", "strategy": "hybrid", "seed": 42, "encoder": "efficientnet-lite0",
        "doubt_from": "the head <b>x</b> on whole pictures", "picks": picks, "free": 1234, "without_vector": 3, "note": "a < b" });
    serde_json::from_value(told).expect("a selection of this form")
}

fn simulation(few: bool) -> Simulation {
    let values = if few { json!([0.4, 0.6]) } else { json!([0.4, 0.5, 0.6]) };
    let spread = json!({ "mean": 0.5, "low": if few { json!(null) } else { json!(0.4) }, "high": if few { json!(null) } else { json!(0.6) }, "values": values });
    let points = json!([{ "images": 10, "boxes": 30.5, "accuracy": spread, "macro_f1": spread }]);
    let curve = |strategy: &str, gain| json!({ "strategy": strategy, "points": points, "gain": gain });
    let told = json!({ "id": "simulation-1", "dataset": "coins", "dataset_made_at": 1, "created_at": 1_795_331_766_000_000_i64,
        "seconds": 61.0, "encoder": "efficientnet-lite0", "fingerprint": "f", "options": { "start": 10, "step": 10, "seeds": if few { 2 } else { 3 } }, "data": "d",
        "pool_images": 255, "test_images": 109, "test_boxes": 1400, "classes": 3,
        "curves": [curve("k-centre", json!({ "accuracy": spread, "macro_f1": spread })), curve("random", json!(null))] });
    serde_json::from_value(told).expect("a simulation of this form")
}

fn job() -> JobView {
    let record = json!({ "job_id": 8, "kind": "simulate", "title": "Replay", "dataset": "coins", "state": "running",
        "progress": { "done": 3, "total": 210, "stage": "replaying k-centre", "rate_per_s": 2.0, "eta_s": 90.0 }, "message": "", "log": [],
        "report": null, "created_at": 1, "started_at": 2, "finished_at": null, "resumable": false });
    let record: JobRecord = serde_json::from_value(record).expect("a job of this form");
    JobView::new(&record, 9)
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |outcome, rest, wrong: Option<&str>| {
            let shell = Shell::sample(Section::Explore, Some("coins"));
            let dataset = "coins".parse().expect("a valid name");
            let runs = vec!["fast_2".to_owned(), "fast_1".to_owned()];
            Self::new(shell, dataset, Default::default(), outcome, rest, runs, wrong.map(str::to_owned))
        };
        vec![
            ("empty", page(None, (None, None, false), None)),
            ("usual", page(Some(Outcome::Found(selection(12))), (Some(simulation(false)), None, true), None)),
            ("few beginnings", page(None, (Some(simulation(true)), None, true), None)),
            ("nothing left", page(Some(Outcome::Found(selection(0))), (None, Some(job()), true), Some("n: <1>"))),
            ("missing", page(Some(Outcome::Missing("no vectors <yet>".into())), (None, None, false), None)),
        ]
    }
}
