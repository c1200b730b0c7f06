//! Named versions as the page may meet them.

use tator_store::NamedVersion;

use super::view::Page;
use crate::page::{Sample, Section, Shell};

fn version(name: &str, days: i64) -> NamedVersion {
    NamedVersion {
        name: name.into(),
        named_at: (days > 0).then_some(1_795_331_000_000_000 - days * 86_400_000_000),
        version: 40 - days.unsigned_abs(),
        images: 118_287,
        boxes: 860_001,
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |versions: Vec<NamedVersion>, wished: &str, wrong: Option<&str>| Self {
            shell: Shell::sample(Section::History, Some("coins")),
            dataset: "coins".parse().expect("a valid name"),
            versions,
            folder: "/data/<photos> & \"more\"/workspace/tables/coins".into(),
            wished: wished.into(),
            wrong: wrong.map(str::to_owned),
        };
        let usual = vec![
            version("paper-2", 2),
            version("before-the-merge.of-2026_with-a-name-of-sixty-characters-1", 9),
            version("v1", 0),
        ];
        vec![
            ("empty", page(vec![], "", None)),
            ("usual", page(usual.clone(), "", None)),
            ("wrong", page(usual, "<v 1>", Some("version <v 1> of coins exists already"))),
        ]
    }
}
