//! One dataset as its page may meet it.

use tator_store::ImageHome;

use super::view::{Page, Wrong};
use crate::page::{Sample, Section, Shell};
use crate::pages::datasets::samples::{NAMES, classes, summary};

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let shell = |name| Shell::sample(Section::Datasets, Some(name));
        let linked =
            ImageHome::Linked { folder: "/data/<photos>/with a rather long folder name/that goes on/windmills".into() };
        vec![
            ("empty", Self::new(shell("demo"), &summary("demo", 0, ImageHome::Managed), &[], Some(3), None)),
            (
                "usual",
                Self::new(shell("coins"), &summary("coins", 118_287, ImageHome::Managed), &classes(&NAMES), None, None),
            ),
            (
                "nasty",
                Self::new(
                    shell("windmills_2024"),
                    &summary("windmills_2024", 10_000_000, linked),
                    &classes(&NAMES[6..]),
                    None,
                    Some(Wrong::Export("where: Parser Error at \"<script>\"".into())),
                ),
            ),
            (
                "class",
                Self::new(
                    shell("coins"),
                    &summary("coins", 118_287, ImageHome::Managed),
                    &classes(&NAMES),
                    Some(6),
                    Some(Wrong::Class("class \"<person>\" exists already".into())),
                ),
            ),
        ]
    }
}
