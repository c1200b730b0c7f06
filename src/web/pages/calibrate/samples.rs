//! Calibrating as its pages may meet it.

use serde_json::json;
use tator_domain::PixelBox;
use tator_pipeline::calibrate::{ApplyPreview, BandCounts, BandEstimate, ClassBands, ClassScores, ScoreTable, Sizes};
use tator_store::Judged;

use super::ceiling::CeilingPart;
use super::charts;
use super::crop::Crop;
use super::view::{
    CandidatePage, ClassLine, Curve, ErrorsPage, ExamplesPart, FiguresPage, ReasonLine, ReviewPage, Sides,
    ThresholdRow, ThresholdsPage,
};
use super::view_list::{ApplyPage, CalibrationLine, ComparePage, Form, ListPage};
use super::view_parts::{About, StandingLine, Tab};
use crate::page::{Sample, Section, Shell};

fn shell() -> Shell {
    Shell::sample(Section::Calibrate, Some("coins"))
}

fn about(tab: Tab, promoted: bool) -> About {
    About {
        dataset: "coins".parse().expect("a valid name"),
        name: "fast_1_c1".parse().expect("a valid name"),
        run: "fast_1".parse().expect("a valid name"),
        tab,
        promoted,
        why: "F1 0.61 is better than <all> others & more".into(),
    }
}

fn crop(known: &'static str) -> Crop {
    let rect = PixelBox { x: 10.0, y: 20.5, w: 30.0, h: 40.0 };
    let one = Judged {
        number: 7,
        image_id: 3,
        path: "a/<b> & \"c\".jpg".into(),
        width: 640,
        height: 480,
        class_id: 1,
        rect,
        score: Some(0.51),
        band: "accept".into(),
        part: "test".into(),
        is_right: None,
        finding: None,
        sources: "yolox_nano, <x>".into(),
        other: None,
    };
    let classes = [(1, ("a <class>".into(), "#ff8800".into()))].into();
    let href = "/d/coins/calibrate/results/fast_1_c1/candidates/7".to_owned();
    Crop { known, ..Crop::of(&"coins".parse().expect("a valid name"), &classes, &one, href) }
}

fn line(name: &str, own: bool) -> StandingLine {
    let figure = || ("61.2".to_owned(), "58.0–64.1".to_owned());
    StandingLine {
        name: name.into(),
        own,
        figures: [figure(), figure(), figure()],
        gain: (!own).then(|| ("+3.1".into(), "+1.2 to +5.0".into())),
        place: (61.2, 58.0, 6.1),
        counts: (1_204, 431, 877),
    }
}

fn estimate(judged: u64) -> BandEstimate {
    BandEstimate {
        band: "accept".into(),
        candidates: 41_200,
        expected: 0.87,
        judged,
        skipped: 1,
        right: judged / 2,
        share: (judged > 0).then_some([0.5, 0.4, 0.6]),
        advice: vec![(0.1, 44), (0.05, 174), (0.02, 1_062)],
    }
}

impl Sample for ListPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let entry = |name: &str, promoted| CalibrationLine {
            name: name.parse().expect("a valid name"),
            run: "fast_1".into(),
            promoted,
            why: "F1 0.61 lies <within> the interval".into(),
            f1: ("61.2".into(), "58.0–64.1".into()),
            best: ("yolox_nano".into(), "58.1".into()),
            truth: (257, 1_934),
            candidates: 98_117,
            data_version: 4,
        };
        let damaged = CalibrationLine::damaged(&"old".parse().expect("a valid name"), "written by another <version>");
        let form = Form { run: "fast_1".into(), iou: "0.5".into(), many: true, ..Form::default() };
        let page = |lines, runs, live, form| Self {
            shell: shell(),
            dataset: "coins".parse().expect("a valid name"),
            lines,
            runs,
            live,
            truth_images: 257,
            looks: vec![("head:head-3".into(), "head a <b> of x: 2 of the classes".into())],
            form,
        };
        let wrong = Form { wrong: Some("IoU: \"<half>\" is no such number".into()), ..form.clone() };
        let both = vec![entry("fast_1_c2", true), entry("fast_1_c1", false), damaged];
        vec![
            ("empty", page(vec![], vec![], vec![], Form::default())),
            ("usual", page(both, vec!["fast_1".into()], vec![(3, "Calibrate <fast_1>".into())], form)),
            ("wrong", page(vec![], vec!["fast_1".into()], vec![], wrong)),
        ]
    }
}

impl Sample for FiguresPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let bins = vec![(0, 3, 100, 900), (500, 20, 20, 40), (990, 300, 4, 1_000)];
        let (name, colour) = ("a <class>".into(), "#ff8800".into());
        let class = ClassScores { class_id: 1, name, colour, least: Some(0.5), truths: 400, bins };
        let table = ScoreTable { queue_from: 0.1, iou: 0.5, classes: vec![class] };
        let curve = Curve {
            title: "Precision against recall",
            json: json!({ "x": { "label": "<recall>", "values": [0.1, 0.2] } }).to_string(),
            words: "words".into(),
            head: ["Recall %", "Precision %", "Probability from"],
            rows: vec![["1".into(), "2".into(), String::new()]],
        };
        let class = ClassLine {
            class_id: 1,
            name: "a <class>".into(),
            least: "accepts none".into(),
            figures: ["–".into(), "–".into(), "–".into()],
            counts: [0, 0, 4],
            bands: BandCounts::default(),
        };
        let page = |promoted, full: bool| Self {
            shell: shell(),
            about: about(Tab::Figures, promoted),
            standings: vec![line("fast_1_c1", true), line("union <all>", false)],
            warnings: if full { vec!["nobody said <which>".into()] } else { vec![] },
            protocol: "Few images.".into(),
            sizes: Sizes {
                images: 5_000,
                truth_images: 257,
                truths: 1_934,
                candidates: 98_117,
                truth_candidates: 4_000,
            },
            ceiling: "81.0".into(),
            f1: "61.2".into(),
            curves: if full { vec![curve.clone()] } else { vec![] },
            figures: vec![("Brier score", "0.081".into())],
            histogram: charts::histogram(&table),
            raw: if full { charts::raw(&[("a <b>".into(), 3, 9)]) } else { vec![] },
            importances: vec![("own of <x>".into(), 100.0, "31.0".into(), 77)],
            errors: vec![("background".into(), "nothing is there", 12)],
            classes: vec![class.clone()],
            estimates: if full { vec![estimate(20)] } else { vec![] },
            stricter: if full { vec![("0.75".into(), "41.0".into())] } else { vec![] },
            questions: vec![("The same <as> SQL".into(), "/sql?q=1".into())],
            audit: vec![("run", "fast_1 <b>".into())],
        };
        vec![("usual", page(true, true)), ("bare", page(false, false))]
    }
}

fn sides() -> Sides {
    Sides { class: "a <class>".into(), least: "0.500".into(), above: vec![crop("right"), crop("wrong")], below: vec![] }
}

impl Sample for ThresholdsPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let row = |class_id, tick| ThresholdRow {
            class_id,
            name: "a <class>".into(),
            colour: "#ff8800".into(),
            tick,
            truths: 400,
            counts: [300, 20, 100, 4_000],
        };
        let page = |rows, examples| Self {
            shell: shell(),
            about: about(Tab::Thresholds, true),
            queue_tick: 100,
            iou: 0.5,
            recall_floor: 0.6,
            rows,
            examples,
        };
        vec![("usual", page(vec![row(1, 500), row(2, 1001)], Some(sides()))), ("empty", page(vec![], None))]
    }
}

impl Sample for ExamplesPart {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("usual", Self { part: sides() })]
    }
}

impl Sample for ErrorsPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let at = "/d/coins/calibrate/results/fast_1_c1/errors";
        let page = |crops, kind: &str| Self {
            shell: shell(),
            about: about(Tab::Errors, true),
            kinds: vec![
                (format!("{at}?kind=missed"), "missed", 12_345, "missed"),
                (format!("{at}?kind=background"), "nothing is there", 7, "background"),
            ],
            kind: kind.into(),
            classes: vec![(1, "a <class>".into(), true), (2, "other".into(), false)],
            crops,
            previous: Some(format!("{at}?kind=missed")),
            next: Some(format!("{at}?kind=missed&from=96")),
            place: (49, 96, 12_345),
        };
        let why = Some("/d/coins/calibrate/results/fast_1_c1/candidates/7".to_owned());
        vec![
            (
                "usual",
                page(vec![(crop("nothing is there"), why, ""), (crop("missed"), None, "no candidate")], "background"),
            ),
            ("empty", page(vec![], "missed")),
        ]
    }
}

impl Sample for CandidatePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let reason =
            |raises, width| ReasonLine { words: "<x> scores it 0.8".into(), adds: "+0.81".into(), raises, width };
        let page = |reasons, band: &str, part: &str| Self {
            shell: shell(),
            about: about(Tab::Errors, false),
            crops: [crop(""), crop("")],
            band: band.into(),
            part: part.into(),
            least: "0.5".into(),
            summary: "Every <candidate> starts from 4 in a hundred.".into(),
            reasons,
            label: "/d/coins/label?image=3".into(),
            on_image: "/d/coins/prelabel/runs/fast_1/images/3".into(),
        };
        vec![
            ("usual", page(vec![reason(true, 100.0), reason(false, 12.5)], "accept", "test")),
            ("bare", page(vec![], "drop", "open")),
        ]
    }
}

impl Sample for ReviewPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |crop: Option<Crop>, estimates| Self {
            shell: shell(),
            about: about(Tab::Review, true),
            context: crop.clone(),
            upcoming: crop.as_ref().map(|crop| crop.picture.clone()),
            crop,
            asked: 100,
            done: 12,
            iou: 0.5,
            band: "accept",
            size: 100,
            classes: vec![(1, "a <class>".into()), (2, "other".into())],
            estimates,
        };
        vec![
            ("usual", page(Some(crop("")), vec![estimate(12)])),
            ("done", page(None, vec![estimate(0)])),
            ("nothing", page(None, vec![])),
        ]
    }
}

impl Sample for ApplyPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let preview = |drafts| ApplyPreview {
            calibration: "fast_1_c1".parse().expect("a valid name"),
            promoted: false,
            why: "because".into(),
            free_images: 4_000,
            images: 900,
            drafts,
            classes: if drafts == 0 {
                vec![]
            } else {
                vec![ClassBands { class_id: 1, name: "a <class>".into(), accept: drafts, queue: 7, drop: 90_000 }]
            },
        };
        let page = |promoted, preview, wrong, done| Self {
            shell: shell(),
            about: about(Tab::Apply, promoted),
            condition: "width > 100".into(),
            queue: true,
            queue_tick: Some(100),
            anyway: false,
            ticks: [(1, 512)].into(),
            preview,
            pictures: vec![],
            wrong,
            done,
        };
        vec![
            ("usual", page(true, Ok(preview(1_200)), None, None)),
            ("nothing", page(false, Ok(preview(0)), Some("it is <not> promoted".into()), None)),
            ("wrong", page(true, Err("the condition cannot be read: <here>".into()), None, None)),
            ("done", page(true, Ok(preview(0)), None, Some((12, 1_200, 900)))),
        ]
    }
}

impl Sample for ComparePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let cell = |n: u64, here| {
            let href = "/d/coins/calibrate/compare?a=x&b=y&first=accept&second=drop#differ".to_owned();
            (href, n, n / 2, n / 3, here)
        };
        let row = |band| (band, [cell(10, false), cell(0, false), cell(7, band == "accept")]);
        let page = |same_run, crops, chosen| Self {
            shell: shell(),
            dataset: "coins".parse().expect("a valid name"),
            lines: [line("fast_1_c1", false), line("fast_1_c2", false)],
            promoted: [true, false],
            same_run,
            differences: vec![("options.iou".into(), "0.5".into(), "<0.75>".into())],
            table: [row("accept"), row("queue"), row("drop")],
            cell: chosen,
            crops,
            questions: vec![("What both <do>".into(), "/sql?q=1".into())],
        };
        vec![
            ("usual", page(true, vec![(crop("right"), "0.112".into())], Some(("accept", "drop")))),
            ("apart", page(false, vec![], None)),
        ]
    }
}

impl Sample for CeilingPart {
    fn samples() -> Vec<(&'static str, Self)> {
        let part = |most: Result<&str, &str>, above: Option<&str>| Self {
            run: "fast_1".into(),
            most: most.map(str::to_owned).map_err(str::to_owned),
            iou: 0.5,
            above: above.map(str::to_owned),
        };
        vec![
            ("reached", part(Ok("71.0"), None)),
            ("out of reach", part(Ok("17.8"), Some("60.0"))),
            ("unlabelled", part(Err("no image of <fast_1> is labelled"), None)),
        ]
    }
}
