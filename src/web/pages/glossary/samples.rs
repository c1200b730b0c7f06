//! Words as the page may meet them.

use tator_domain::Class;
use tator_pipeline::glossary::BUDGET;
use tator_pipeline::{Glossary, LanguageSettings, Shelved};

use super::view::Page;
use crate::page::{Sample, Section, Shell};

fn class(class_id: i32, name: &str) -> Class {
    let (supercategory, source_id) = (None, None);
    Class {
        class_id,
        name: name.into(),
        supercategory,
        colour: "#336699".into(),
        source_id,
        retired: false,
        retired_into: None,
    }
}

impl Sample for Page {
    fn samples() -> Vec<(&'static str, Self)> {
        let shelf = |name: &str, built_in| Shelved { name: name.into(), classes: 92, terms: 210, built_in };
        let page = |classes: &[Class], words: &str, url: Option<&str>| Self {
            shell: Shell::sample(Section::Prelabel, Some("coins")),
            dataset: "coins".parse().expect("a valid name"),
            words: Glossary::read(words).expect("words").for_classes(classes, Some(BUDGET)),
            library: vec![shelf("common", true), shelf("street-2026.v1", false)],
            language: LanguageSettings { url: url.map(str::to_owned), model: None },
            told: None,
            wrong: None,
            pasted: String::new(),
        };
        let classes = [class(1, "car"), class(2, "<b>bold</b> & \"quoted\""), class(7, "light_vehicle")];
        let words = "[[class]]\nname = \"car\"\nterms = [\"automobile\", \"sedan\"]\nexpanded = [\"hatchback\"]\n[[class]]\nname = \"zebra\"\nterms = [\"horse\"]\n";
        let usual = || page(&classes, words, Some("http://127.0.0.1:8080/v1"));
        let wrong = Page { wrong: Some("glossary: <nothing>".into()), pasted: "<b>car</b>".into(), ..usual() };
        vec![
            ("empty", page(&[], "", None)),
            ("usual", usual()),
            ("told", Page { told: Some("3 new words from <common>".into()), ..page(&classes, "", None) }),
            ("wrong", wrong),
        ]
    }
}
