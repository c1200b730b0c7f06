//! Histories as the page may meet them.

use tator_store::Change;

use super::view::Page;
use crate::page::{Sample, Section, Shell};

fn change(at: i64) -> Change {
    let kinds = [
        ("edit", "2 boxes added, 1 moved"),
        ("import", "Import from /data/<photos> & \"more\""),
        ("undo", "1 box deleted"),
        ("bulk", "Class “dog” merged into “<b>cat</b>”"),
    ];
    let (kind, title) = kinds[at as usize % 4];
    let one = at % 2 == 0;
    Change {
        change_id: 5_000 - at,
        kind: kind.into(),
        title: title.into(),
        author: ["human", "Zoë <b>", "Ann"][at as usize % 3].into(),
        image_id: one.then_some(at + 1),
        at: 1_795_331_000_000_000 - at * 90_000_000,
        n_images: if one { 1 } else { 118_287 },
        n_boxes: if one { 3 } else { 860_001 },
        status: ["done", "done", "undone", "final"][at as usize % 4].into(),
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |n: i64, older| Self {
            shell: Shell::sample(Section::History, Some("coins")),
            dataset: "coins".parse().expect("a valid name"),
            changes: (0..n).map(change).collect(),
            older,
        };
        vec![("empty", page(0, false)), ("usual", page(100, false)), ("end", page(3, true))]
    }
}
