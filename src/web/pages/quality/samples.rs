//! Findings as the page may meet them.

use tator_domain::{Class, PixelBox};
use tator_pipeline::quality::{KINDS, Subject, kind};
use tator_store::{Decided, Finding, FindingCount, OpenFinding};

use super::view::{Page, Queue};
use crate::page::{Sample, Section, Shell};
use crate::pages::datasets::samples::{NAMES, classes};

fn open(kind: &str, at: i64) -> OpenFinding {
    let rect = Some(PixelBox { x: 12.0 * at as f64, y: 30.5, w: 64.0, h: 48.25 });
    let subject = super::quality::kind(kind).map(|kind| kind.subject);
    let boxed = matches!(subject, Some(Subject::Box | Subject::Place));
    let finding = Finding {
        key: format!("{kind}:{at}:<3>"),
        kind: kind.into(),
        image_id: at + 1,
        box_id: (subject == Some(Subject::Box)).then_some(at * 10),
        other_id: Some(at + 2),
        class_id: boxed.then_some(1),
        suggested_class_id: (kind == "wrong_class").then_some(2),
        rect: rect.filter(|_| boxed),
        suggested_rect: rect.filter(|_| kind == "misplaced"),
        run: None,
        score: 0.9,
        why: "a head gives the other class 97 %, and <100> % of its neighbours contradict".into(),
    };
    OpenFinding {
        finding,
        path: format!("train/<b>a & \"b\"</b>/{at:06}.jpg"),
        size: (1024, 683),
        other_path: (subject == Some(Subject::Pair)).then(|| "val/<i>copy</i>.jpg".into()),
        other_rect: rect.filter(|_| kind == "conflict"),
        other_class_id: (kind == "conflict").then_some(3),
    }
}

fn decided(decision: &str, taken_back: bool) -> Decided {
    Decided {
        key: format!("{decision}:{taken_back}:<1>"),
        kind: "wrong_class".into(),
        decision: decision.into(),
        image_id: 4,
        box_id: (decision == "fix").then_some(9),
        change_id: Some(12),
        author: "<Ann>".into(),
        decided_at: 1_795_331_000_000_000,
        taken_back,
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let dataset = || "coins".parse().expect("a valid name");
        let shell = || Shell::sample(Section::Explore, Some("coins"));
        let counts: Vec<FindingCount> = KINDS
            .iter()
            .zip(0u64..)
            .map(|(kind, at)| FindingCount { kind: kind.name.into(), found: 40 * at, waiting: 30 * at })
            .collect();
        let page = |name: &'static str, n: i64, waiting: u64| {
            let kind = kind(name).expect("a kind");
            let found: Vec<OpenFinding> = (0..n).map(|at| open(name, at)).collect();
            let known: Vec<Class> = classes(&NAMES).into_iter().map(|count| count.class).collect();
            let said = [decided("fix", true), decided("fix", false), decided("keep", false), decided("skip", false)];
            let queue = Queue::new(&dataset(), kind, &found, &said, &known, (36, 36, waiting));
            Self::new(shell(), dataset(), &counts, Some(queue), vec!["detectors_1".into()], None)
        };
        let wrong = Some("box 7 was changed since the look: <run> it again".to_owned());
        vec![
            ("before the first look", Self::new(shell(), dataset(), &[], None, vec![], wrong)),
            ("wrong class", page("wrong_class", 5, 200)),
            ("leaks", page("leak", 3, 3)),
            ("conflicts", page("conflict", 2, 2)),
            ("misplaced", page("misplaced", 2, 2)),
            ("blurry, all decided", page("blurry", 0, 0)),
        ]
    }
}
