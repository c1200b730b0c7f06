//! Datasets as the labeller may meet them.

use super::view::Page;
use crate::page::{Sample, Section, Shell};
use crate::pages::datasets::samples::{NAMES, classes};

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |filter, image, names: &[&str]| {
            let dataset = "coins".parse().expect("a valid name");
            Self::new(
                Shell::sample(Section::Label, Some("coins")),
                dataset,
                "/data/<w>",
                filter,
                image,
                &classes(names),
            )
        };
        vec![("empty", page("", None, &[])), ("usual", page("state=unlabelled&text=%3Cb%3E", Some(7), &NAMES))]
    }
}
