//! Trash as the page may meet it.

use tator_store::Trashed;

use super::view::Page;
use crate::page::{Sample, Section, Shell};

const NOW: i64 = 1_795_331_000_000_000;

fn thing(name: &str, days: i64) -> Trashed {
    Trashed {
        entry: format!("{name}-<{days}> & \"x\"/1"),
        name: name.parse().expect("a valid name"),
        deleted_at: NOW - days * 86_400_000_000,
        images: 118_287,
        boxes: 860_001,
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let things = vec![thing("coins", 40), thing("old_windmills", 2), thing("first_try", 29)];
        vec![
            ("empty", Self::new(Shell::empty_sample(Section::Trash), vec![], NOW, None)),
            (
                "usual",
                Self::new(
                    Shell::sample(Section::Trash, None),
                    things,
                    NOW,
                    Some("coins: a dataset of that <name> exists".into()),
                ),
            ),
        ]
    }
}

#[test]
fn what_was_deleted_long_ago_has_no_days_left() {
    let page = Page::new(Shell::sample(Section::Trash, None), vec![thing("coins", 40), thing("demo", 0)], NOW, None);
    assert_eq!(page.entries.iter().map(|e| (e.days_left, e.taken)).collect::<Vec<_>>(), [(30, true), (0, true)]);
}
