//! Prelabelling as its pages may meet it.

use std::collections::BTreeMap;

use serde_json::json;
use tator_pipeline::evaluate::{ClassRecall, Cut, RecallReport, RecallRow, Scale};
use tator_pipeline::prepass::{DraftPreview, Recipe, UnfinishedRun};

use super::compare::ComparePage;
use super::drawn;
use super::form::{Choice, Fields};
use super::pace::Pace;
use super::recall::RecallPart;
use super::view::{
    Compose, DraftsPage, EstimatePart, FieldsPart, FoundPage, Page, PictureView, RecipePart, RunLine, RunPage,
    ShownClass, SourceLine,
};
use crate::page::{Sample, Section, Shell};

fn shell() -> Shell {
    Shell::sample(Section::Prelabel, Some("coins"))
}

fn compose(wrong: Option<&str>) -> Compose {
    let text = Recipe::preset("thorough").unwrap_or_default();
    let choice = |name: &str, problem: Option<&str>| Choice {
        name: name.into(),
        title: format!("{name} <b>"),
        chosen: problem.is_none(),
        problem: problem.map(str::to_owned),
    };
    let fields = Recipe::parse(text).ok().map(|recipe| Fields::of(&recipe, &[])).map(|fields| Fields {
        models: vec![choice("yolox_nano", None), choice("broken", Some("yolox.onnx is missing"))],
        differ: true,
        ..fields
    });
    Compose {
        fields: fields.filter(|_| wrong.is_none()),
        text: text.into(),
        wrong: wrong.map(str::to_owned),
        condition: "path LIKE '%<a>%'".into(),
        run: String::new(),
        images: 118_287,
    }
}

fn line(name: &str) -> RunLine {
    RunLine {
        name: name.parse().expect("a valid name"),
        recipe: "fast".into(),
        images: 5000,
        atoms: 312_004,
        candidates: 98_117,
        failed: 3,
        models: "yolox_nano, picodet_s_416, nanodet_m_416, fastestdet".into(),
        seconds: 812.0,
        finished_at: 1_795_331_000_000_000,
    }
}

fn pace() -> Option<Pace> {
    Pace::read(&json!({ "bottleneck": "yolox_nano:windows", "stages": [
        { "name": "decode", "done": 5000, "images_per_s": 210.4, "busy": 0.2 },
        { "name": "yolox_nano:windows", "done": 5000, "images_per_s": 8.31, "busy": 0.97 },
        { "name": "write", "done": 0, "images_per_s": 0.0, "busy": 0.0 }] }))
}

fn recall() -> RecallReport {
    let row = |kind, name: &str, coverage| RecallRow {
        kind,
        name: name.into(),
        scale: if kind == "source" { Scale::Raw } else { Scale::Common },
        score: (kind != "calibrated").then_some(0.5),
        promoted: kind == "calibrated",
        detections: 31_204,
        coverage: Some(coverage),
        coverage75: Some(coverage / 2.0),
        recall_any_score: Some(coverage),
        precision: Some(0.71),
        recall: Some(0.3),
        f1: None,
        ap: Some(0.241),
        ap50: Some(0.4),
    };
    let class = ClassRecall {
        class_id: 3,
        name: "a <class>".into(),
        truths: 900,
        coverage: 0.8,
        best_source: "yolox_nano:full".into(),
        best_coverage: 0.6,
        precision: Some(0.5),
        recall: Some(0.5),
        f1: Some(0.5),
    };
    RecallReport {
        run: "fast_1".parse().expect("a valid name"),
        cut: Cut::default(),
        pool_scale: Scale::Common,
        images: 500,
        truths: 3637,
        rows: vec![
            row("source", "yolox_nano:full", 0.5),
            row("stage", "detector", 0.7),
            row("union", "all together", 0.7),
            row("calibrated", "fast_1_a", 0.6),
        ],
        classes: vec![class],
    }
}

fn picture() -> PictureView {
    let d = "coins".parse().expect("a valid name");
    let shown = ShownClass { name: "a <class>".into(), colour: "#ff8800".into(), boxes: 2 };
    let outlines = drawn(&[(1, [1.0, 2.0, 30.0, 40.0], 0.7)], |_| "#ff8800".into());
    PictureView::new(
        &d,
        (7, "a/<b>.jpg"),
        (640, 480),
        outlines,
        vec![shown],
        "/d/coins/prelabel/runs/fast_1/images/7".into(),
    )
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |runs, unfinished, live, compose| Self {
            shell: shell(),
            dataset: "coins".parse().expect("a valid name"),
            runs,
            unfinished,
            live,
            compose,
        };
        let cut = UnfinishedRun { run: "night".parse().expect("a valid name"), begun_at: 0, images: 900 };
        vec![
            ("empty", page(vec![], vec![], vec![], compose(None))),
            (
                "usual",
                page(
                    vec![line("fast_2"), line("fast_1")],
                    vec![cut],
                    vec![(7, "Prelabel <coins>".into())],
                    compose(None),
                ),
            ),
            ("wrong", page(vec![line("fast_1")], vec![], vec![], compose(Some("unknown field `scroe` <here>")))),
        ]
    }
}

impl Sample for FieldsPart {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self { dataset: "coins".parse().expect("a valid name"), compose: compose(None) })]
    }
}

impl Sample for RecipePart {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("wrong", Self { dataset: "coins".parse().expect("a valid name"), compose: compose(Some("no <model>")) })]
    }
}

impl Sample for EstimatePart {
    fn samples() -> Vec<(&'static str, Self)> {
        let part = |live, words: &str, pace, failed| Self {
            dataset: "coins".parse().expect("a valid name"),
            job: 9,
            live,
            words: words.into(),
            pace,
            warnings: vec!["2 classes of <m> are left out".into()],
            failed,
        };
        vec![
            ("measuring", part(true, "looking at images", None, false)),
            ("measured", part(false, "about 14 min for 5000 images; yolox_nano:windows decides", pace(), false)),
            ("failed", part(false, "model <x> was not found", None, true)),
        ]
    }
}

impl Sample for RunPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let source = SourceLine::of(
            &json!({ "source_run": "yolox_nano:full", "stage": "detector", "ms_per_image": 31.25,
            "found": { "atoms": 9000, "failed": 2, "unmapped": { "dog": 12 } }, "scores": { "fitted": true },
            "classes": [{ "model_class": "car", "class": "auto <x>", "class_id": 3, "how": "table" }, { "model_class": "dog", "class": null, "class_id": null, "how": "unmapped" }] }),
        );
        let page = |pictures| Self {
            shell: shell(),
            dataset: "coins".parse().expect("a valid name"),
            line: line("fast_1"),
            sources: vec![source.clone()],
            pace: pace(),
            warnings: vec!["12 classes of <m> are none of the dataset".into()],
            failures: vec![("a/<b>.jpg".into(), 7, "the picture cannot be read".into())],
            point: Cut::default(),
            pictures,
            questions: vec![("What each source finds".into(), "/sql?q=1".into()); 3],
            recipe: "name = \"fast\"\n# <b>".into(),
            free_images: 4000,
        };
        vec![("usual", page(vec![picture()])), ("unlabelled", page(vec![]))]
    }
}

impl Sample for RecallPart {
    fn samples() -> Vec<(&'static str, Self)> {
        let wrong = Err("no image of run <fast_1> is labelled".into());
        vec![("usual", Self { recall: Ok(recall()) }), ("unlabelled", Self { recall: wrong })]
    }
}

impl Sample for ComparePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |recall, differences| Self {
            shell: shell(),
            dataset: "coins".parse().expect("a valid name"),
            lines: [line("fast_1"), line("thorough_1")],
            recall,
            point: Cut { score: 0.25, ..Cut::default() },
            differences,
        };
        let differ = vec![("detectors.yolox.score".into(), "0.1".into(), "<0.2>".into())];
        vec![
            ("usual", page(Ok([recall(), recall()]), differ)),
            ("unlabelled", page(Err("no image is labelled".into()), vec![])),
        ]
    }
}

impl Sample for FoundPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![(
            "usual",
            Self {
                shell: shell(),
                dataset: "coins".parse().expect("a valid name"),
                run: "fast_1".parse().expect("a valid name"),
                image_id: 7,
                path: "a/<b> & \"c\".jpg".into(),
                size: (640, 480),
                classes: json!({ "1": ["a \"<class>\"", "#ff8800"] }).to_string(),
                previous: Some(6),
                next: None,
                place: (7, 7),
            },
        )]
    }
}

impl Sample for DraftsPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let preview =
            DraftPreview { free_images: 4000, images: 900, boxes: 1200, classes: BTreeMap::new(), samples: vec![] };
        let page = |preview, pictures, done| Self {
            shell: shell(),
            dataset: "coins".parse().expect("a valid name"),
            run: "fast_1".parse().expect("a valid name"),
            classes: vec![
                (1, "a <class>".into(), "#ff8800".into(), true, 12),
                (2, "other".into(), "#0088ff".into(), false, 0),
            ],
            score: 0.5,
            calibration: "first".into(),
            calibrations: vec!["first".into()],
            condition: "width > 100".into(),
            preview,
            pictures,
            done,
        };
        vec![
            ("usual", page(Ok(preview), vec![picture()], None)),
            ("wrong", page(Err("the condition cannot be read: <here>".into()), vec![], None)),
            ("done", page(Err("no image is left".into()), vec![], Some((12, 1200, 900)))),
        ]
    }
}
