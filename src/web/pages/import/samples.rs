//! Forms as the import page may meet them.

use super::view::{Form, Page};
use crate::page::{Sample, Section, Shell};

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let nasty = Form {
            dataset: "Coins \"<2024>\"".into(),
            source: "/data/<photos> & \"more\"".into(),
            images_dir: "/data/'images'".into(),
            folder: "/data/<empty> & 'more'".into(),
            format: "coco".into(),
            mode: "link".into(),
            split: "val".into(),
            existing: "replace".into(),
            one_based: Some("true".into()),
            ..Form::default()
        };
        let wrong = Some(("dataset".to_owned(), "dataset name \"Coins <2024>\" is not valid".to_owned()));
        vec![
            ("empty", Self::new(Shell::empty_sample(Section::Datasets), Form::default(), None)),
            (
                "usual",
                Self::new(
                    Shell::sample(Section::Datasets, Some("coins")),
                    Form { dataset: "coins".into(), ..Form::default() },
                    None,
                ),
            ),
            ("nasty", Self::new(Shell::sample(Section::Datasets, None), nasty, wrong)),
        ]
    }
}
