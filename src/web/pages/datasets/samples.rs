//! Datasets as the list may meet them.

use tator_domain::{Class, ImageState, Split, class_colour};
use tator_store::{ClassCount, DatasetSummary, ImageHome};

use super::view::{Page, Row};
use crate::page::{Sample, Section, Shell};

/// Classes with these names and falling numbers.
pub fn classes(names: &[&str]) -> Vec<ClassCount> {
    names
        .iter()
        .enumerate()
        .map(|(at, name)| ClassCount {
            class: Class {
                class_id: i32::try_from(at).expect("few"),
                name: (*name).to_owned(),
                supercategory: None,
                colour: class_colour(at).to_owned(),
                source_id: None,
                retired: false,
                retired_into: None,
            },
            n_boxes: 26_000 / (at as u64 + 1) / (at as u64 + 1) + 3,
            n_images: 9_000 / (at as u64 + 1) + 2,
        })
        .collect()
}

/// Twelve names for classes, one of them unfriendly.
pub const NAMES: [&str; 12] = [
    "person",
    "dog",
    "bicycle",
    "windmill",
    "coin",
    "fish",
    "<b>bold</b> & \"quoted\"",
    "trumpet",
    "chair",
    "cow",
    "bottle",
    "a class with a name that is far longer than anybody would choose for a list",
];

/// A summary with images in every state.
pub fn summary(name: &str, images: u64, home: ImageHome) -> DatasetSummary {
    let part = |share: u64| images * share / 100;
    let states = [part(18), part(7), part(31), part(42), images - part(18) - part(7) - part(31) - part(42)];
    let splits = [part(70), part(20), images - part(70) - part(20), 0];
    DatasetSummary {
        name: name.parse().expect("a valid name"),
        home,
        task: "detect".into(),
        images,
        boxes: images * 7,
        classes: if images == 0 { 0 } else { 12 },
        states: ImageState::ALL.iter().copied().zip(states).collect(),
        splits: Split::ALL.iter().copied().zip(splits).collect(),
        created_at: 1_795_000_000_000_000,
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let linked =
            ImageHome::Linked { folder: "/data/photos <2024> & more/with a rather long folder name/windmills".into() };
        let some = classes(&NAMES);
        let usual = vec![
            Row::new(&summary("coins", 118_287, ImageHome::Managed), &some, (1..=5).collect()),
            Row::new(&summary("demo", 96, ImageHome::Managed), &some[..4], (6..=10).collect()),
            Row::new(&summary("windmills_2024", 4_812, linked), &some[3..9], (11..=15).collect()),
            Row::new(&summary("empty_one", 0, ImageHome::Managed), &[], vec![]),
        ];
        vec![
            ("empty", Self { shell: Shell::empty_sample(Section::Datasets), rows: vec![] }),
            ("usual", Self { shell: Shell::sample(Section::Datasets, None), rows: usual }),
        ]
    }
}
